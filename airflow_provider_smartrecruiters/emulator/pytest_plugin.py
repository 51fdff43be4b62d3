"""The fixture ``smartrecruiters_emulator``: test a DAG against a local SmartRecruiters.

.. code-block:: python

    def test_my_dag(smartrecruiters_emulator, monkeypatch):
        monkeypatch.setenv("AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT", smartrecruiters_emulator.connection_json)
        job_id = smartrecruiters_emulator.state.job_ids[0]
        ...  # run the DAG
        assert [entry.body for entry in smartrecruiters_emulator.journal.writes()] == [{"status": "FILLED"}]

To test how a DAG handles a failure, add one line: ``smartrecruiters_emulator.fail_next("put job status", status=429)``.

The server starts once a session (with pytest-xdist: once in each worker) on a free port, and is reset before each test.
The limits of the real API apply, 10 requests a second and 8 at once, unless a test overrides them:
``@pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)``. The marker takes the parameters of
:meth:`~airflow_provider_smartrecruiters.emulator.handle.SmartRecruitersEmulator.configure`.

Pytest loads this module wherever the package is installed, so it imports nothing else before the fixture is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from airflow_provider_smartrecruiters.emulator.server import EmulatorServer

MARKER = "smartrecruiters_emulator"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(rate=0, concurrent=0, ...): how the emulator behaves in this test; takes the fields of "
        "emulator.config.Config and of emulator.tenant.settings.Settings",
    )


@pytest.fixture(scope="session")
def smartrecruiters_emulator_middleware() -> Callable[[Any], Any] | None:
    """Override this to put an ASGI middleware around the emulator: return a function that wraps an application."""
    return None


@pytest.fixture(scope="session")
def _smartrecruiters_emulator_server(
    smartrecruiters_emulator_middleware: Callable[[Any], Any] | None,
) -> Iterator[EmulatorServer]:
    try:
        from airflow_provider_smartrecruiters.emulator.server import EmulatorServer
    except ModuleNotFoundError as missing:
        from airflow_provider_smartrecruiters.emulator.config import extra_missing

        raise pytest.UsageError(extra_missing(f"The fixture {MARKER}", missing)) from None
    with EmulatorServer(wrap=smartrecruiters_emulator_middleware) as server:
        yield server


@pytest.fixture
def smartrecruiters_emulator(
    request: pytest.FixtureRequest, _smartrecruiters_emulator_server: EmulatorServer
) -> SmartRecruitersEmulator:
    """A local SmartRecruiters in its initial state; see :class:`.handle.SmartRecruitersEmulator`."""
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

    emulator = SmartRecruitersEmulator(_smartrecruiters_emulator_server)
    emulator.reset()
    emulator.expire_tokens()
    marker = request.node.get_closest_marker(MARKER)
    if marker is not None and marker.args:
        raise pytest.UsageError(f"The marker {MARKER} takes keyword arguments only")
    try:
        emulator.configure(**(marker.kwargs if marker is not None else {}))
    except (TypeError, ValueError) as invalid:
        raise pytest.UsageError(f"The marker {MARKER} has an invalid argument: {invalid}") from None
    return emulator
