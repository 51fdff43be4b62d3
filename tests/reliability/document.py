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
# Failure behavior

<!-- Written by `make reliability`. To change it, edit tests/reliability/document.py. -->

A task that rejects a candidate must not reject twice, must not lose the rejection, and must not report success before
the rejection is done. This page shows what each operator does when the network, a proxy, the credential or
SmartRecruiters fails. The run that tests this writes the page: it injects {faults} kinds of fault into
{use_cases} use cases in {cells} calls to the local SmartRecruiters of this package, and compares every result with the
journal of applied writes.

| found in {cells} calls | |
|---|---|
| lost: a write was reported and did not happen as reported, or removed fields that the task did not mention | {lost} |
| doubled: a write was applied twice | {doubled} |
| falsely reported: a success that did not happen, or "nothing was changed" although something was | {false} |

## How to read the tables

| word | the task | the record |
|---|---|---|
| once | succeeds | was written once |
| confirmed | succeeds; the response was lost, and a read shows that the write was applied | was written once |
| refused | fails; the error's `may_have_been_applied` is false | was not written |
| unsure | fails; the error's `may_have_been_applied` is true | was written once or not at all |
| {nothing} | does not apply: the use case sends no such request | |

The API offers no way to read a user's avatar. An application's source can be read if the application has a link to it
that names its ids; older tenants may have none. If the response to a write that cannot be read is lost, the call does
not send the write again, and the error states that it may have been applied. Both writes set a value, so repeating them
is safe: the task's own `retries` may do so.

For a record that can be read, `unsure` means one of two things: the read failed too, or the read showed no change and
the retry budget was used up (a timeout), so the write may still be in flight. A retry of the task reads first, and
sends nothing if the write was applied after all.

## The write fails

The fault hits the write itself, sent with an API key. `connection_refused` and the rate limit header faults hit the
whole call. A fault strikes once unless its description states otherwise: the next attempt meets a server that has
recovered. The last column is for operators whose record the API does not return: those whose `changed` is always null
in the [table of results](operators.md#the-result). A source without a link ends the same way.

{write}

## The write fails, and somebody else writes

The same for records that can be read, with a second writer: after the write was received, and before anything else is,
somebody else changes the record. The write has `expect`, the fingerprint of a plan, as a guard. Before it is sent
again, for whatever reason, the record is read and the guards are checked again (all [guards](guards.md) on its state),
so nothing is written over what the second writer wrote: the task fails with `StalePlanError`, and
`may_have_been_applied` states whether its own write may have come first.

{write_of_two}

## Another request fails

What happens to the write when the fault hits another request of the same call: the first read, the read that checks a
write whose response was lost (the write was reset *after* it was applied), the read that verifies a write that
replaces a record, or the token request of an OAuth client.

{others}

A 401 is settled by one request that only the credential decides (`GET /jobs?limit=1`). If the credential is bad, an
OAuth client fetches one new token and tries once more:

{with_token}

## How long a call takes

One call bridges seconds; the task's `retries` bridge minutes and hours. No worker sleeps through an outage.

- An exchange (request and response) that takes longer than `timeout` ({timeout:g} seconds; a field of the connection)
  is cut off, even if the response is still arriving byte by byte.
- Each request has a retry budget of {budget:g} seconds. No retry starts after that, so a request ends after
  {budget:g} seconds plus one exchange at the latest, whatever the server does. With OAuth, a token request may come on
  top.
- Within the budget, a request that fails with a transient error is tried up to {attempts} times. The wait before each
  retry is random. Its upper bound is {first:g} seconds at first and doubles with each retry, up to {longest:g}
  (exponential backoff with full jitter). A 429 is retried as often as the budget allows, after at least a second each
  time. A `Retry-After` within the budget is honored.
- A wait that exceeds the budget, such as a `Retry-After` of an hour, does not start: the call fails at once, and the
  error's `retry_after` is set.
- A change consists of a read, a write and, if the response is lost, another read. Each has its own budget. After a lost
  response the record is read once even if the budget is used up.

The tests use shorter times in the same order: an exchange that times out takes longer than the budget.

## What Airflow's retries do

Errors that a retry cannot fix (400, 401, 403, 404, 422, a rejected client secret, invalid arguments, a 409 that is not
about another request in the way) are also `AirflowFailException`: the task fails at once, whatever its `retries`. All
other errors leave the task its retries.
Every try reads first, so a try after `unsure` sends nothing if the write was applied.

Give tasks `retries=3` or more, a `retry_delay` of some minutes, and `retry_exponential_backoff=True`. On Airflow 3.3
and later, use the retry policy instead. It waits as long as SmartRecruiters asks:

```python
from airflow.sdk import DAG
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobStatusOperator
from airflow_provider_smartrecruiters.retry_policy import SmartRecruitersRetryPolicy

with DAG("patient", schedule=None) as dag:
    UpdateJobStatusOperator(
        task_id="pause",
        job_id="afadcca8-a951-4f10-8c75-f70b5685053c",
        status="ON_HOLD",
        retries=5,
        retry_policy=SmartRecruitersRetryPolicy(),
    )
```

`longest_delay` limits the wait; the default is a day. Put mapped tasks into a pool as large as the concurrency limit,
so that they do not wait for each other's turn.

## Two writers

The API has no ETag and no version, so it does not reject a write because somebody else wrote first. The operators
reduce that risk:

- **The window is narrow.** Read, comparison and write follow each other immediately. Only what somebody saves within
  that one request is overwritten unnoticed.
- **Tags that are only added** (`add` without `remove`) are sent with an endpoint that adds them. Nothing is lost if
  somebody else adds tags at the same time.
- **Writes that replace a record are read back** (`UpdateJobAndJobAd`, `UpdateJobAd`, `UpdateJobPosition`, tags that
  replace or remove). `changed_concurrently` in the result's `details` names fields that differ from the API's response,
  because somebody else wrote in between; the log has a warning. `ignored` names fields that the API did not accept.
- **A repeated write is built again** from the state that was read last, whatever the first one failed with. It keeps
  what somebody else saved in the meantime in fields that the task does not mention.
- **`expect`** takes the `fingerprint` of a plan. If the record has changed since, the call raises `StalePlanError` and
  sends nothing. It is checked before every send, also before one that is repeated.

One risk remains: the API may hold a request for longer than `timeout` and apply it afterwards, after a second attempt
or after somebody else's change. That write sets the same values again. If it replaces the record, it also resets the
fields that somebody else changed in the meantime. A client cannot prevent this, because the API has no version to
write against.

## The worker dies

`make kill-bulk` runs batches of 200 items in a real Airflow 3.3 and kills the worker of each with SIGKILL at 20 random
moments: the process that runs the task, its supervisor, or both; and once more after the last item, before Airflow
records the success. The batches reject applications, set their source, take rejections back, publish and unpublish job
ads, edit and republish them, create positions, and request headcount. The retry resumes where the previous try
stopped. Every item ends up applied, and none whose record can be read is applied twice: no position is created twice.
Run once more, the same batch sends no write. After a kill the requests of at most 8 items are repeated: as many as the
concurrency limit allows in flight. An avatar that was in flight, or a source without a link, is written again with the
same values. So is the publication of an ad that SmartRecruiters has accepted and not carried out when the retry reads
it. Items that were written but not recorded before the kill are reported as `unchanged`. If a whole worker dies,
Airflow needs `[scheduler] task_instance_heartbeat_timeout` (300 seconds) to detect it.

## Run it yourself

`make reliability` runs the matrix and writes this page. `make test` runs the matrix too and prints its size. New faults
and use cases are included automatically. To inject a fault into your own DAG's test, use the fixture
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
        write_of_two=_table(
            ["fault", "the write beside a second writer"],
            [[f"`{name}`", _summed(verdicts, Place.WRITE_OF_TWO, name)] for name in FAULTS],
        ),
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
    kinds = [{cell: it for cell, it in verdicts.items() if cell.case.converges() is read} for read in (True, False)]
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
