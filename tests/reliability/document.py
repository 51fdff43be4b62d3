"""`docs/reliability.md`, made from a run of the matrix."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_smartrecruiters.api.http.retry import RetryPolicy
from airflow_provider_smartrecruiters.api.http.transport import DEFAULT_TIMEOUT
from airflow_provider_smartrecruiters.emulator.faults.kinds import FAULTS
from tests.reliability.matrix import GOOD, OTHER_CREDENTIAL, Cell, Place, rows
from tests.support import catalogue

if TYPE_CHECKING:
    from tests.reliability.matrix import Matrix, Verdict

PATH = Path(__file__).parent.parent.parent / "docs" / "reliability.md"

NOTHING = "-"
_SIZE = re.compile(r"\b\d+ use cases in|[\d,]+ calls")
_VERDICT = re.compile(rf"\b(?:{'|'.join(GOOD)})\b(?: \d+)?(?:, (?:{'|'.join(GOOD)}) \d+)*")

_TEXT = """\
# What happens on a bad day

<!-- Written by `make reliability`. To change it, edit tests/reliability/document.py. -->

A task that rejects a candidate must not reject twice, must not lose the rejection, and must not say that it is done
when it is not. This page shows what every operator does when the network, a proxy, the credential or SmartRecruiters
fails. It is written by the run that proved it: {faults} kinds of fault met {use_cases} use cases in {cells} calls to
the package's local SmartRecruiters, whose journal of applied writes is the judge.

| found in {cells} calls | |
|---|---|
| lost: a write that was reported and did not happen as it should, or removed what nobody mentioned | {lost} |
| doubled: a write that was applied twice | {doubled} |
| falsely reported: a success that was none, or "nothing was changed" where something was | {false} |

## How to read the tables

| word | the task | the record |
|---|---|---|
| once | succeeds | was written once |
| confirmed | succeeds; the answer was lost, and the record was read and shows the write | was written once |
| refused | fails; the error's `may_have_been_applied` is false | was not written |
| unsure | fails; the error's `may_have_been_applied` is true | was written once or not at all |
| {nothing} | cannot happen: the use case sends no such request | |

An application's source and a user's avatar cannot be read back from the API. When the answer to such a write is lost
it is not sent again by the call itself, and the error says that it may have been applied. Both writes set a value, so
doing it again does no harm: the task's own `retries` may.

Where a record can be read, `unsure` means that it could not be read either, or that it showed no change when it was
looked at and the time for sending again was over (a timeout): the request may still be under way. A retry of the task
begins with reading, and sends nothing if the write arrived after all.

## The write fails

The fault meets the write itself, with an API key; `connection_refused` and the faults of the rate limit headers meet
the whole call. It strikes once unless it says else: what is sent again meets a server that has recovered. Operators
whose record the API does not give back are those whose `changed` is always null in the README's
[table](../README.md#the-operators).

{write}

## Another request fails

What becomes of the write when the fault meets another request of the same call: the read that comes first, the read
that asks what became of a write whose answer was lost (the write was reset *after* it was applied), the read that
verifies a write that replaces a record, or the token request of an OAuth client.

{others}

A 401 is settled by one question that only the credential decides (`GET /jobs?limit=1`). If the credential is bad, an
OAuth client fetches one new token and tries once more:

{with_token}

## How long a call takes

One call is patient for seconds, the task's `retries` for minutes and hours: no worker sleeps through an outage.

- An exchange that takes longer than `timeout` ({timeout:g} seconds; a field of the connection) is cut off, all in all:
  also one whose answer trickles in byte by byte.
- Nothing is sent again later than {budget:g} seconds after a request's beginning, its budget. So it is over after
  {budget:g} seconds and one exchange at the latest, however the server behaves; with OAuth there may be a token request
  on top.
- Within the budget, what fails for a passing reason is tried up to {attempts} times, after a random wait of at most
  {first:g} seconds that doubles each time, up to {longest:g}. A 429 is waited for as often as the budget allows, at
  least a second each time. A `Retry-After` is kept to, where the budget allows it.
- A wait that the budget does not allow, such as a `Retry-After` of an hour, is not begun: the call fails at once with
  the error's `retry_after` set.
- A change is a read, a write and, where its answer is lost, another read; each has its own budget. After a lost answer
  the record is read once even when the budget is used up.

In the matrix these times are shorter, and in the same order: an exchange that times out takes longer than the budget.

## What Airflow's retries do

Errors that a retry cannot cure (400, 401, 403, 404, 422, a refused secret, wrong arguments) are also
`AirflowFailException`: the task fails at once, whatever its `retries`. All others leave it its retries. Every try
begins with reading, so a try after `unsure` sends nothing if the write had been carried out.

Give tasks `retries=3` or more with `retry_delay` of some minutes and `retry_exponential_backoff=True`. From Airflow 3.3
on a policy waits as long as SmartRecruiters asked for instead:

```python
from airflow_provider_smartrecruiters.retry_policy import SmartRecruitersRetryPolicy

RejectApplicationOperator(task_id="reject", ..., retries=5, retry_policy=SmartRecruitersRetryPolicy())
```

`longest_delay` bounds the wait, a day by default. A pool as large as the number of requests that may be under way at
once keeps mapped tasks from waiting for each other's turn.

## Two writers

The API has no ETag and no version: nothing refuses a write because somebody else was faster. What is done about it:

- **The window is narrow.** Read, comparison and write follow each other at once; what is overwritten unseen is what
  somebody saves within that one request.
- **Tags that are only added** (`add`, no `remove`) are sent in a way that adds: whoever adds at the same time, nothing
  is lost.
- **What replaces a record is looked at again** (`UpdateJobAndJobAd`, `UpdateJobAd`, `UpdateJobPosition`, tags that
  replace or remove): fields that are not as the API answered them are named under `changed_concurrently` in the
  result's `details`, with a warning in the log, because somebody wrote in between; fields that the API did not take
  are named under `ignored`.
- **A write that is sent again is made anew** from what is there then, so it keeps what somebody saved meanwhile in
  fields that the task does not mention.
- **`expect`** takes the `fingerprint` of a plan. If the record is no longer what the plan saw, the call fails with
  `StalePlanError` and sends nothing.

What remains is a request that the API holds for longer than `timeout` and carries out afterwards: it may come after a
second try, or after somebody else's change. It then sets the same values once more, and of a record that it replaces
whole also those that somebody changed meanwhile. No client can rule that out without a version to write against.

## The worker dies

`make kill-bulk` kills the worker of a batch of 500 items with SIGKILL at 20 random moments, in a real Airflow 3.3: the
process that runs the task, the one that watches over it, or both; and once more when all is done and Airflow does not
know it yet. The retry goes on where the last try was. Every item ends applied, none twice where it can be read, and at
most 8 requests about items are repeated after a kill: as many as may be under way. A source or an avatar that was under
way is written again with the same values. Items that were written but not yet noted when the process died are reported
as `unchanged`. Airflow itself takes `[scheduler] task_instance_heartbeat_timeout`, 300 seconds, to see that a whole
worker is gone.

## Doing it again

`make reliability` runs the matrix and writes this page; `make test` runs it as well and prints its size. A fault or a
use case that is added is in the matrix by itself. To have your own DAG meet a fault, use the fixture
`smartrecruiters_emulator`: `smartrecruiters_emulator.fail_next("put job status", "reset_after")`.
"""


def render(matrix: Matrix) -> str:
    """Return the page for a run of all cells."""
    verdicts = {cell: outcome.verdict for cell, outcome in matrix.outcomes.items()}
    found = Counter(verdicts.values())
    policy = RetryPolicy()
    cases = catalogue.cases()
    return _TEXT.format(
        faults=len(FAULTS),
        use_cases=len(cases),
        cells=f"{len(verdicts):,}",
        lost=found["LOST"],
        doubled=found["DOUBLED"],
        false=found["FALSE"],
        nothing=NOTHING,
        write=_write_table(verdicts),
        others=_other_table(verdicts),
        with_token=_token_table(verdicts),
        timeout=DEFAULT_TIMEOUT,
        budget=policy.budget,
        attempts=policy.max_attempts,
        first=policy.first_wait,
        longest=policy.longest_wait,
    )


def masked(page: str) -> str:
    """Return a page without the size of the run and what became of each cell."""
    page = _SIZE.sub("…", page)
    return "\n".join(_VERDICT.sub("…", line) if line.startswith("| `") else line for line in page.splitlines())


def _write_table(verdicts: dict[Cell, Verdict]) -> str:
    kinds = [{cell: it for cell, it in verdicts.items() if bool(cell.case.reads) is read} for read in (True, False)]
    return _table(
        ["fault", "what happens", "the record can be read", "it cannot be read"],
        [
            [
                f"`{name}`",
                fault.description,
                *(_summed(of_kind, Place.WRITE, name) for of_kind in kinds),
            ]
            for name, fault in FAULTS.items()
        ],
    )


def _other_table(verdicts: dict[Cell, Verdict]) -> str:
    places = (Place.READ, Place.READ_AFTER_LOSS, Place.READ_AFTER_WRITE, Place.TOKEN)
    meet = set(rows())
    return _table(
        ["fault", *(f"the {place}" if place is not Place.TOKEN else "the token request" for place in places)],
        [
            [
                f"`{fault}`",
                *(_summed(verdicts, place, fault) if (place, fault) in meet else NOTHING for place in places),
            ]
            for fault in FAULTS
            if any((place, fault) in meet for place in places)
        ],
    )


def _token_table(verdicts: dict[Cell, Verdict]) -> str:
    return _table(
        ["fault", "the write"],
        [[f"`{fault}`", _summed(verdicts, Place.WRITE_WITH_TOKEN, fault)] for fault in OTHER_CREDENTIAL],
    )


def _summed(verdicts: dict[Cell, Verdict], place: Place, fault: str) -> str:
    count = Counter(str(verdict) for cell, verdict in verdicts.items() if (cell.place, cell.fault) == (place, fault))
    if len(count) > 1:
        return ", ".join(f"{word} {times}" for word, times in sorted(count.items()))
    return next(iter(count), NOTHING)


def _table(head: list[str], lines: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *lines])
