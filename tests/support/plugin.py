"""
Checks the traffic of every test that uses the emulator against the contract, without the test asking for it.

For ``pytest_plugins`` of ``tests/conftest.py``, whose emulator must serve ``contract_monitor``'s middleware:
``ContractMiddleware(app, contract_monitor)``.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.contract_monitor import ContractMonitor


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker that excuses a test."""
    config.addinivalue_line(
        "markers",
        "off_contract(*sides): breaks the contract on purpose; 'request' (the default), 'response' or both",
    )


@pytest.fixture(scope="session")
def contract_monitor() -> ContractMonitor:
    """The session's record of checked exchanges; ``excuse`` lets a part of a test break the contract."""
    from tests.support.contract_monitor import ContractMonitor

    return ContractMonitor()


@pytest.fixture(autouse=True)
def contract_checked(request: pytest.FixtureRequest, contract_monitor: ContractMonitor) -> Iterator[None]:
    """Fail a test whose requests, or the answers to them, departed from the contract."""
    marker = request.node.get_closest_marker("off_contract")
    contract_monitor.take()
    with ExitStack() as stack:
        if marker is not None:
            stack.enter_context(contract_monitor.excuse(*(marker.args or ("request",))))
        yield
    if violations := contract_monitor.take():
        pytest.fail("off the contract:\n  " + "\n  ".join(map(str, dict.fromkeys(violations))), pytrace=False)
