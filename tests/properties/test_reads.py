"""
What only reads, with generated arguments: searches, waits and watches, as they are found in the package.

What has to come out is read from the emulator's records, or from the documentation.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_smartrecruiters.api.reads.events import Position, poll
from airflow_provider_smartrecruiters.api.reads.search import RecordSearch, search
from airflow_provider_smartrecruiters.api.reads.waiting import StatusWait, identified, look
from airflow_provider_smartrecruiters.api.values.fields import same_instant
from airflow_provider_smartrecruiters.emulator.tenant.state import StatusChange
from airflow_provider_smartrecruiters.exceptions import InvalidInputError, UnreachableStatusError
from tests.properties import readings
from tests.properties.arguments import Arguments, plain_of, strange_of
from tests.properties.subjects import Subject
from tests.properties.trial import UNHURRIED
from tests.sensors.test_statuses import CASES
from tests.support import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hypothesis.strategies import DataObject, SearchStrategy

    from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
    from airflow_provider_smartrecruiters.api.record import AboutRecord
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant
    from tests.properties.judge import Judge
    from tests.sensors.test_statuses import Case

pytestmark = [
    pytest.mark.slow,
    pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0),
    # What is asked for may be anything that a caller insists on; what is answered may not.
    pytest.mark.off_contract("request"),
]

SEARCHES = [kind for kind in catalogue.reads() if issubclass(kind, RecordSearch)]
WAITS = [kind for kind in catalogue.reads() if issubclass(kind, StatusWait)]
WATCHES = [kind for kind in catalogue.reads() if kind not in SEARCHES and kind not in WAITS]
named = {"ids": lambda kind: kind.use_case}


@pytest.fixture
def emulator(smartrecruiters_emulator: SmartRecruitersEmulator) -> Iterator[SmartRecruitersEmulator]:
    with smartrecruiters_emulator.state.editing() as tenant:
        readings.small(tenant)
    yield smartrecruiters_emulator
    smartrecruiters_emulator.reset()


def few(tried: settings) -> settings:
    """Return how much is tried here: what only reads has fewer arguments, and nothing to break."""
    return settings(tried, max_examples=tried.max_examples // 2, suppress_health_check=UNHURRIED, deadline=None)


def tenant_of(emulator: SmartRecruitersEmulator) -> Tenant:
    with emulator.state.editing() as tenant:
        return tenant


def carried_out(client: SmartRecruitersClient, made: Any) -> Any:
    """Send the reads of a search, of one look or of one poll."""
    if isinstance(made, RecordSearch):
        return list(search(client, made))
    if isinstance(made, StatusWait):
        return look(client, identified(client, made))
    return poll(client, made, Position.starting(datetime.now(UTC)), overlap=300)


def tried_out(call: Callable[[], Any]) -> tuple[Any, Any]:
    """Return what a call returns, and what it raises instead."""
    try:
        return call(), None
    except Exception as error:
        return None, error


# Refusals, for all of them


def accepted(kind: type[AboutRecord], tenant: Tenant) -> SearchStrategy[dict[str, Any]]:
    """Return arguments that are taken: few, so that whatever is strange beside them decides."""
    fields = kind.model_fields
    filters = readings.FILTERS.get(kind.use_case, {})
    statuses = getattr(kind, "statuses_of", ())
    known: dict[str, SearchStrategy[Any]] = {}
    if statuses:
        known["statuses"] = st.lists(st.sampled_from(statuses), min_size=1, max_size=1)
    rows = list(readings.ROWS[kind.use_case](tenant)) if filters else []
    known |= {name: one.asked(rows) for name, one in filters.items()}
    needed = {name for name, field in fields.items() if field.is_required()} | set(kind.names)
    return st.fixed_dictionaries(
        {
            name: known.get(name, plain_of(name, field.annotation, field, kind.ids))
            for name, field in fields.items()
            if name in needed
        }
    )


@pytest.mark.parametrize("kind", catalogue.reads(), **named)
def test_what_is_refused_says_why_and_sends_nothing(
    kind: type[AboutRecord],
    emulator: SmartRecruitersEmulator,
    judge: Judge,
    client: SmartRecruitersClient,
    tried: settings,
) -> None:
    subject = Subject(kind.__name__, kind, frozenset(kind.model_fields), lambda *_: {})  # type: ignore[arg-type]
    outcomes = []

    @few(tried)
    @given(st.data())
    def try_one(data: DataObject) -> None:
        emulator.emulator.journal.clear()
        arguments = Arguments(data.draw(accepted(kind, tenant_of(emulator))))
        name = data.draw(st.sampled_from(sorted(kind.model_fields)))
        field = kind.model_fields[name]
        arguments[name] = data.draw(strange_of(name, field.annotation, field, kind.ids))
        made, error = tried_out(lambda: kind(**arguments))
        if error is not None:
            assert judge.refusal(subject, arguments, error) == []
            given_ids = {one for one in kind.ids if arguments.get(one) is not None}
            assert (error.target or {}).keys() == given_ids - set(error.fields)
            assert "is not valid" not in str(error)
            assert emulator.requests == []
            outcomes.append("refused")
            return
        _, error = tried_out(lambda: carried_out(client, made))
        if error is not None and not isinstance(error, UnreachableStatusError):
            # A job that does not exist is the record that the error is about.
            arguments.pop("job_ids", None)
            assert judge.refusal(subject, arguments, error) == []
        assert {request.method for request in emulator.requests} <= {"GET"}
        outcomes.append("sent" if emulator.requests else "nothing sent")

    try_one()
    assert outcomes.count("refused") > tried.max_examples / 10
    assert "sent" in outcomes


# Searches


@pytest.mark.parametrize("kind", SEARCHES, **named)
def test_there_is_a_reading_for_every_filter(kind: type[RecordSearch]) -> None:
    read = readings.FILTERS.get(kind.use_case, {}).keys() | readings.NOT_IN_THE_STATE | readings.FORMS
    missing = kind.model_fields.keys() - read
    assert not missing, f"tests/properties/readings.py: Add to FILTERS[{kind.use_case!r}] how to read {missing}"


@pytest.mark.parametrize("kind", SEARCHES, **named)
def test_a_search_finds_what_a_plain_reading_finds(
    kind: type[RecordSearch], emulator: SmartRecruitersEmulator, client: SmartRecruitersClient, tried: settings
) -> None:
    filters = readings.FILTERS[kind.use_case]
    rows = list(readings.ROWS[kind.use_case](tenant_of(emulator)))
    needed = {name: filters[name].asked(rows) for name, field in kind.model_fields.items() if field.is_required()}
    counts = []

    @few(tried)
    @given(st.data())
    def try_one(data: DataObject) -> None:
        emulator.emulator.journal.clear()
        others = sorted(filters.keys() - needed.keys())
        chosen = data.draw(st.lists(st.sampled_from(others), max_size=3, unique=True))
        arguments = {name: data.draw(strategy) for name, strategy in needed.items()}
        arguments |= {name: data.draw(filters[name].asked(rows)) for name in chosen}
        if "one_per" in kind.model_fields and data.draw(st.booleans()):
            arguments["one_per"] = data.draw(st.sampled_from(["application", "candidate"]))
        made, refused = tried_out(lambda: kind(**arguments))
        if refused is not None:
            assert set(refused.fields) & arguments.keys()
            return
        found = [tuple(item.values()) for item in search(client, made)]
        assert len(found) == len(set(found))
        assert set(found) == readings.expected(kind.use_case, tenant_of(emulator), arguments)
        assert {request.method for request in emulator.requests} == {"GET"}
        counts.append(len(found))

    try_one()
    assert sum(count > 0 for count in counts) > tried.max_examples / 12
    assert len(set(counts)) > 2


# Waits


def documented_dead_ends() -> dict[str, set[str]]:
    """Return the statuses that end a wait with an error, by sensor, as the documentation lists them."""
    rows = re.findall(r"^\| `(\w+Sensor)` \|[^|]+\|([^|]+)\|$", (catalogue.ROOT / "docs/sensors.md").read_text(), re.M)
    return {sensor: set(re.findall(r"`(\w+)`", listed)) for sensor, listed in rows}


STEPS = {"IN_REVIEW": "Recruiter screen", "INTERVIEW": "On-site", "OFFERED": "Medical check"}
"""A step of some hiring process of the company for each status that has steps."""


@dataclass
class WaitInput:
    """
    One input of a wait.

    :param statuses: that are awaited.
    :param fail_on: that end it with an error; None for the documented ones.
    :param actual: status of the record.
    :param step: sub-status that is awaited; None for any.
    :param actual_step: sub-status of the record.
    """

    statuses: list[str]
    fail_on: list[str] | None
    actual: str
    step: str | None = None
    actual_step: str | None = None

    def outcome(self, dead_ends: set[str]) -> str:
        """Return what has to become of the wait."""
        gives_up = dead_ends - set(self.statuses) if self.fail_on is None else set(self.fail_on)
        if gives_up & set(self.statuses) or (self.step and len(set(self.statuses)) > 1):
            return "refused"
        if self.step and self.step != STEPS.get(self.statuses[0], self.step):
            return "refused"
        if self.actual in gives_up:
            return "given up"
        at_step = self.step in (None, self.actual_step)
        return "reached" if self.actual in self.statuses and at_step else "goes on"


def inputs(kind: Any) -> SearchStrategy[WaitInput]:
    status = st.sampled_from(kind.statuses_of)
    steps = st.sampled_from([None, *STEPS.values()]) if "sub_status" in kind.model_fields else st.none()
    some = st.lists(status, min_size=1, max_size=2, unique=True)
    return st.builds(WaitInput, some, st.none() | st.lists(status, max_size=2, unique=True), status, steps, steps)


def put(emulator: SmartRecruitersEmulator, case: Case, ids: dict[str, str], given_input: WaitInput) -> None:
    case.move(emulator.state, ids, given_input.actual)
    if "candidate_id" in ids:
        with emulator.state.editing() as tenant:
            tenant.application(ids["candidate_id"], ids["job_id"]).sub_status = given_input.actual_step


@pytest.mark.parametrize("kind", WAITS, **named)
def test_a_wait_ends_exactly_at_what_was_asked_for(
    kind: Any, smartrecruiters_emulator: SmartRecruitersEmulator, client: SmartRecruitersClient, tried: settings
) -> None:
    (case,) = (case for case in CASES if case.kind.wait_name == kind.__name__)
    emulator, ids = smartrecruiters_emulator, case.ids(smartrecruiters_emulator)
    outcomes, dead_ends = set(), documented_dead_ends()[case.kind.__name__]

    @settings(tried, suppress_health_check=UNHURRIED, deadline=None)
    @given(given_input=inputs(kind), by_name=st.booleans())
    def try_one(given_input: WaitInput, by_name: bool) -> None:
        put(emulator, case, ids, given_input)
        arguments: dict[str, Any] = {**ids, "statuses": given_input.statuses}
        if given_input.fail_on is not None:
            arguments["fail_on"] = given_input.fail_on
        if "sub_status" in kind.model_fields:
            arguments["sub_status"] = given_input.step
        if by_name and kind.names:
            arguments["job_ref_number"] = emulator.state.job(arguments.pop("job_id")).ref_number
        seen, error = tried_out(lambda: look(client, identified(client, kind(**arguments))))
        if error is None:
            outcome = "reached" if seen.reached else "goes on"
            assert seen.status == given_input.actual
        else:
            outcome = "refused" if isinstance(error, InvalidInputError) else "given up"
            # The record is known by its name as long as only the sub-status was checked.
            assert (error.target or {}).items() <= {**arguments, **ids}.items()
            assert isinstance(error, InvalidInputError | UnreachableStatusError)
        assert outcome == given_input.outcome(dead_ends)
        outcomes.add(outcome)

    try_one()
    assert outcomes == {"reached", "goes on", "refused", "given up"}


# Watches


@dataclass
class Move:
    """
    A change of a status.

    :param record: number of the record.
    :param status: the new one; the same again is an entry of the history, but no change.
    :param after: seconds since the move before.
    :param polled: whether the list is polled after it.
    :param restarted: whether the watcher is started again after that poll, with the position that it stored.
    """

    record: int
    status: str
    after: int
    polled: bool
    restarted: bool


def followed(tenant: Tenant, kind: Any) -> list[tuple[dict[str, str], Any, Any]]:
    """Return three records of a watch: the ids of an event, what has the history, and what says when it was updated."""
    if kind.event == "job_status":
        return [({"job_id": job.id}, job, job) for job in list(tenant.jobs.values())[:3]]
    rows = list(readings.ROWS["search_applications"](tenant))
    # Two of them are of one candidate.
    several = next(row for row in rows if len(row["candidate"].application_ids) > 1)
    of_one = [row for row in rows if row["candidate"] is several["candidate"]][:2]
    chosen = [*of_one, next(row for row in rows if row["candidate"] is not several["candidate"])]
    return [(row["item"], row["application"], row["candidate"]) for row in chosen]


def happened(tenant: Tenant, kind: Any, move: Move, at: str) -> tuple[dict[str, str], str | None]:
    """Let a move happen; return the ids of the record, and the status before."""
    ids, record, updated = followed(tenant, kind)[move.record]
    before = record.history[-1].status if record.history else None
    record.history.append(StatusChange(changed_on=at, status=move.status))
    record.status, updated.updated_on = move.status, at
    return ids, before


@pytest.mark.parametrize("kind", [kind for kind in WATCHES if hasattr(kind, "statuses_of")], **named)
def test_each_change_of_a_status_is_reported_once(
    kind: Any, emulator: SmartRecruitersEmulator, client: SmartRecruitersClient, tried: settings
) -> None:
    status, switch = st.sampled_from(kind.statuses_of[:3]), st.booleans()
    moves = st.builds(Move, st.integers(0, 2), status, st.integers(1, 400), switch, switch)
    begins = itertools.count(1)
    reported = []

    @few(tried)
    @given(
        st.lists(moves, min_size=1, max_size=5),
        st.lists(status, max_size=2, unique=True),
        st.lists(st.integers(0, 2), max_size=2, unique=True),
    )
    def try_one(moved: list[Move], statuses: list[str], jobs: list[int]) -> None:
        now = datetime.now(UTC) + timedelta(days=next(begins))
        job_ids = [ids["job_id"] for ids, *_ in followed(tenant_of(emulator), kind)]
        watch = kind(statuses=statuses, job_ids=[job_ids[number] for number in jobs])
        position = Position.starting(now)
        found, wanted = [], []
        for number, move in enumerate(moved):
            now += timedelta(seconds=move.after)
            with emulator.state.editing() as tenant:
                ids, before = happened(tenant, kind, move, same_instant(now))
            asked = move.status in (statuses or kind.statuses_of) and ids["job_id"] in (watch.job_ids or job_ids)
            if asked and move.status != before:
                wanted.append({**ids, "status": move.status, "previous_status": before})
            if move.polled or number == len(moved) - 1:
                polled = poll(client, watch, position, overlap=300)
                found += [event.as_dict() for event in polled.events]
                position = Position.restored(polled.after.stored()) if move.restarted else polled.after
        assert [{name: event[name] for name in wanted[0]} for event in found] == wanted if wanted else found == []
        reported.append(len(found))

    try_one()
    assert {0, 1} < set(reported)
