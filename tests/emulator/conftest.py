"""A session of requests with the API key, and one note that faults are tried on, over raw sockets."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from airflow_provider_smartrecruiters.emulator.faults.kinds import FAULTS
from airflow_provider_smartrecruiters.emulator.faults.rules import Rule
from tests.emulator.raw import Raw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from airflow_provider_smartrecruiters.emulator.journal import JournalEntry
    from tests.emulator.raw import Seen


class Api(requests.Session):
    """Sends to the emulator, paths instead of addresses."""

    def __init__(self, url: str, **headers: str) -> None:
        super().__init__()
        self.trust_env = False
        self.url = url
        self.headers.update(headers)

    def request(self, method: str, path: str, **options: Any) -> requests.Response:  # type: ignore[override]
        """Send a request; the path goes out as it is given."""
        return super().request(method, self.url + path, timeout=20, **options)


@pytest.fixture
def api(smartrecruiters_emulator: SmartRecruitersEmulator) -> Iterator[Api]:
    """Requests with the API key."""
    key = smartrecruiters_emulator.api_key
    with Api(smartrecruiters_emulator.url, **{"X-SmartToken": key}) as session:
        yield session


class Bench:
    """One job whose note is written and read, over raw sockets."""

    def __init__(self, emulator: SmartRecruitersEmulator) -> None:
        self.emulator = emulator
        self.job_id = emulator.state.job_ids[0]
        self.path = f"/jobs/{self.job_id}/note"
        self.written = 0
        self.connection = Raw(emulator.url, **{"X-SmartToken": emulator.api_key})

    def put(self, **options: Any) -> Seen:
        """Write a note that was never there before."""
        self.written += 1
        return self.connection.exchange("PUT", self.path, {"content": self.text}, **options)

    def get(self) -> Seen:
        """Read the note."""
        return self.connection.exchange("GET", self.path)

    def hit(self, fault: str, **options: Any) -> Seen:
        """Write the note while a fault waits for it, and check state and journal against what the fault declares."""
        wait = {"wait": options.pop("wait")} if "wait" in options else {}
        armed = self.emulator.fail(Rule.ready(fault, "put job note", **options))
        seen = self.put(**wait)
        assert armed.fired == 1
        assert (self.entry.fault, self.entry.applied) == (fault, FAULTS[fault].applied)
        assert self.changed == FAULTS[fault].applied
        return seen

    @property
    def entry(self) -> JournalEntry:
        """The journal's last entry."""
        return self.emulator.journal[-1]

    @property
    def changed(self) -> bool:
        """Whether the note in the records is the last one that was sent."""
        return self.emulator.state.job(self.job_id).note == self.text

    @property
    def text(self) -> str:
        """The last note that was sent."""
        return f"note {self.written}"


@pytest.fixture
def bench(smartrecruiters_emulator: SmartRecruitersEmulator) -> Iterator[Bench]:
    """A note to write."""
    made = Bench(smartrecruiters_emulator)
    yield made
    made.connection.leave()


def wait_for(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something holds; the limit is far above any load."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
