from __future__ import annotations

import json

import pytest

# Without this, a failed assertion of a helper would only show "AssertionError".
pytest.register_assert_rewrite("tests.operators.bulk.sources.reading", "tests.operators.bulk.batches")


@pytest.fixture
def file(tmp_path):
    """Write a file with text or bytes, and return its path."""

    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def emulator(smartrecruiters_emulator, monkeypatch):
    connection = {**smartrecruiters_emulator.connection, "extra": {"requests_per_second": 0, "max_concurrent": 0}}
    monkeypatch.setenv("AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT", json.dumps(connection))
    return smartrecruiters_emulator


@pytest.fixture
def impatient(monkeypatch):
    """Let a call with a transient error give up after two attempts instead of a minute."""
    from airflow_provider_smartrecruiters.api.http import client
    from airflow_provider_smartrecruiters.api.http.retry import RetryPolicy

    monkeypatch.setattr(
        client, "RetryPolicy", lambda: RetryPolicy(budget=2.0, max_attempts=2, first_wait=0.01, longest_wait=0.02)
    )
