"""Eight threads that write while their token expires every second: what `test_token_life` and the script both run."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from airflow_provider_smartrecruiters.api.converge.apply import apply
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.jobs import UpdateJobNote
from airflow_provider_smartrecruiters.emulator.config import Config
from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
from airflow_provider_smartrecruiters.emulator.server import EmulatorServer

THREADS = 8
LIFETIME = 1.0
PACES = (60.0, 10.0)
"""Requests a second: less than the machine can do, so that the threads wait for their turn and not for the processor;
and the API's own limit, with which a thread waits for its turn almost as long as a token lives."""


@dataclass(frozen=True)
class TokenRun:
    """
    What a run came to.

    :param pace: requests a second.
    :param seconds: how long it took.
    :param writes: calls that reported a write.
    :param once: writes that the journal shows to have been applied exactly once.
    :param applied: applied writes in the journal, all in all.
    :param refused: requests that came with a token that had expired on the way.
    :param token_requests: tokens that were asked for.
    """

    pace: float
    seconds: float
    writes: int
    once: int
    applied: int
    refused: int
    token_requests: int

    @property
    def expiries(self) -> int:
        """How often a token's time ran out."""
        return int(self.seconds / LIFETIME)

    @property
    def good(self) -> bool:
        """Whether every write was applied once, with no more tokens than there had to be."""
        every_one_once = self.writes == self.once == self.applied > 0
        return every_one_once and self.token_requests <= self.expiries + 1

    def __str__(self) -> str:
        return (
            f"token life: {THREADS} threads, tokens of {LIFETIME:g} second, {self.pace:g} requests a second, "
            f"{self.seconds:.1f} seconds: "
            f"{self.writes} writes, {self.once} applied once, {self.applied} applied in all, "
            f"{self.refused} requests refused for an expired token, "
            f"{self.token_requests} token requests for {self.expiries} expiries"
        )


def run(seconds: float, pace: float) -> TokenRun:
    """Write for so many seconds with tokens that live one, at a pace in requests a second."""
    with EmulatorServer(Config(rate=0, concurrent=0, token_lifetime=LIFETIME)) as server:
        emulator = SmartRecruitersEmulator(server)
        client = SmartRecruitersClient.from_credentials(
            base_url=emulator.url,
            login=emulator.client_id,
            password=emulator.client_secret,
            requests_per_second=pace,
        )
        job_ids = emulator.state.job_ids
        together = threading.Barrier(THREADS)

        def write(number: int) -> list[str]:
            together.wait()
            sent = []
            for count in itertools.count():
                if time.monotonic() > ends:
                    return sent
                text = f"note {count} of thread {number}"
                assert apply(client, UpdateJobNote(job_id=job_ids[number], content=text)).applied
                sent.append(text)
            raise AssertionError

        began = time.monotonic()
        ends = began + seconds
        with client, ThreadPoolExecutor(THREADS) as pool:
            written = [text for texts in pool.map(write, range(THREADS)) for text in texts]
        took = time.monotonic() - began
        applied = Counter(entry.body["content"] for entry in emulator.journal.writes())
        return TokenRun(
            pace=pace,
            seconds=took,
            writes=len(written),
            once=len([text for text in written if applied[text] == 1]),
            applied=applied.total(),
            refused=emulator.stats["statuses"].get("401", 0),
            token_requests=emulator.stats["token_requests"],
        )
