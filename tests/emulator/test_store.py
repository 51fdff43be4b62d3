"""The records of a company, which are made of the seed when somebody asks for them."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from airflow_provider_smartrecruiters.emulator.tenant.seed import seeded_tenant
from airflow_provider_smartrecruiters.emulator.tenant.state import Application, Store, Tenant

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def busy_threads() -> Iterator[None]:
    """Let threads take turns so often that one is never done before the next begins."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def test_a_reset_puts_all_records_back_and_leaves_those_in_use_alone() -> None:
    store = Store(seeded_tenant())
    user = next(iter(store.tenant.users.values()))
    user.city = "Elsewhere"
    store.tenant.jobs.clear()
    store.reset()
    assert store.whole() == seeded_tenant()
    assert user.city == "Elsewhere"


def test_a_company_that_nobody_has_asked_for_seeds_another_store() -> None:
    store = Store(seeded_tenant())
    store.reset()
    other = Store(store.tenant)
    other.reset()
    assert other.whole() == seeded_tenant()


def test_threads_that_ask_at_once_get_the_same_records(busy_threads: None) -> None:
    store = Store(seeded_tenant())
    together = Barrier(8)

    def ask(tenant: Tenant) -> dict[str, Application]:
        together.wait()
        return tenant.applications

    with ThreadPoolExecutor(8) as threads:
        for _ in range(20):
            store.reset()
            asked = list(threads.map(ask, [store.tenant] * 8))
            assert all(one is asked[0] for one in asked)
