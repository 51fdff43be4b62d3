"""What a use case declares about itself, and how its tests work with it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from tests.use_cases.refusals import BadInput, Refusal, common_refusals

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from airflow_provider_smartrecruiters.emulator.tenant.known_records import KnownRecords
    from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant
    from airflow_provider_smartrecruiters.exceptions import SmartRecruitersError
    from airflow_provider_smartrecruiters.operators.base import SmartRecruitersBaseOperator

    Arguments = dict[str, Any]
    Result = dict[str, Any]

KEYS = {"use_case", "target", "changed", "applied", "fields", "diff", "details", "fingerprint", "skipped", "response"}


@dataclass(frozen=True)
class Expected:
    """
    The expected outcome of a run with certain arguments, computed before the run.

    :param body: body of the write, as the journal keeps it.
    :param stored: what `UseCase.stored` gives after the write.
    :param diff: the result's ``diff``.
    :param lines: the lines of the log that show the difference.
    :param answer: the result's ``response``; of a mapping, the members that matter.
    :param free_text: free text, before and after. It must never be in a log or a result.
    """

    body: Any
    stored: Any
    diff: list[dict[str, Any]]
    lines: list[str]
    answer: Any = None
    free_text: list[str] = field(default_factory=list)


class UseCase:
    """One use case: its operator as a DAG author uses it, with hook and client, against the emulator."""

    operator: ClassVar[type[SmartRecruitersBaseOperator]]
    use_case: ClassVar[str]
    ids: ClassVar[tuple[str, ...]]
    """Arguments that identify the record."""
    private: ClassVar[tuple[str, ...]] = ()
    """Arguments that Airflow must not store as rendered templates."""
    operation: ClassVar[str]
    """The contract's id of the write."""
    path: ClassVar[str]
    """Path of the write, with the operator's arguments as placeholders."""
    status: ClassVar[int]
    """HTTP status of a success."""
    method: ClassVar[str] = "PUT"
    reads: ClassVar[tuple[str, ...]] = ()
    """Read operations before the write; none if the API cannot return the record."""
    told: ClassVar[bool] = True
    """Whether the reads tell what the use case writes; see :meth:`converges`."""
    reads_unchanged: ClassVar[tuple[str, ...] | None] = None
    """Read operations of a run that finds nothing to change; None if they are `reads`."""
    reads_after: ClassVar[tuple[str, ...]] = ()
    sends_also: ClassVar[tuple[str, ...]] = ()
    """Operations that some arguments lead to, beside the write and the reads of the record or of one that holds it."""
    follows: ClassVar[tuple[str, ...]] = ()
    """Writes that some arguments lead to after the write, each at most once. They carry no text of the arguments."""
    struck: ClassVar[str | None] = None
    """The write that a fault meets; None for `operation`."""
    asks_after: ClassVar[tuple[str, ...]] = ("jobs.all",)
    """Operations that an error leads to: after a 401, is it the credential or the record?"""
    example_operation: ClassVar[str | None] = None
    """The operation that its example DAG writes with, where that is another than `operation`."""
    known: ClassVar[dict[str, tuple[Any, ...]]] = {}
    """Values that the seeded company knows, by arguments or members of the body that take no others; the first ones go
    together. Property tests give them, so that more than refusals is seen."""
    known_body: ClassVar[dict[str, Any]] = {}
    """Members of the body in place of :attr:`known`, where they are nested."""
    moves: ClassVar[bool] = False
    """Whether `arguments` move an application to a status other than ``HIRED``."""
    needs_read: ClassVar[bool] = False
    """Whether ``read_first=False`` is refused for `arguments`."""
    creates: ClassVar[bool] = False
    """Whether the write adds a record, so that it is never repeated, not even with ``force``."""
    company: ClassVar[dict[str, Any]] = {}
    """Settings of the company that the use case is tested in."""
    scope: ClassVar[str]
    read_scope: ClassVar[str | None] = None
    details: ClassVar[dict[str, Any]] = {}
    """``details`` of a result that changed something."""
    details_unchanged: ClassVar[dict[str, Any] | None] = None
    """``details`` of a result that changed nothing; None if they are the same."""
    details_planned: ClassVar[dict[str, Any] | None] = None
    """``details`` of a plan of something that changes; None if they are the same."""
    looks_up: ClassVar[dict[str, frozenset[str]]] = {}
    """Reads of anything but the record: operation id to the names of the query parameters that may be sent."""
    apply_looks_up: ClassVar[tuple[str, ...]] = ()
    """Operations of a run that changes something, between :attr:`reads` and the write."""
    plan_looks_up: ClassVar[tuple[str, ...]] = ()
    """Operations of such a plan after :attr:`reads`."""
    details_unread: ClassVar[dict[str, Any]] = {}
    """``details`` of a result without a read."""
    missing: ClassVar[tuple[int, str | None]] = (404, None)
    """Status and code of the write's answer about a record that is not there."""
    refusals: ClassVar[tuple[Refusal, ...]] = ()
    bad_inputs: ClassVar[tuple[BadInput, ...]] = ()

    emulator: SmartRecruitersEmulator
    state: KnownRecords
    folder: Path

    def arguments(self) -> Arguments:
        """Return arguments that change a record, JSON-ready as a trigger form passes them."""
        raise NotImplementedError

    def other_arguments(self) -> Arguments:
        """Return arguments that change another record."""
        raise NotImplementedError

    def reversible_arguments(self) -> Arguments:
        """Return arguments of a change that can be undone, if any can."""
        return self.arguments()

    def expected(self, arguments: Arguments) -> Expected:
        """Return the expected outcome of a run; called before the run."""
        raise NotImplementedError

    def stored(self, arguments: Arguments) -> Any:
        """Return the part of the emulator's record that the use case may change."""
        raise NotImplementedError

    def delete(self, tenant: Tenant, arguments: Arguments) -> None:
        """Delete the record. Needed for use cases that read, like :meth:`meddle`."""
        raise NotImplementedError

    def meddle(self, tenant: Tenant, arguments: Arguments) -> None:
        """Change the record in the place that the use case changes, as another program might."""
        raise NotImplementedError

    def place(self, tenant: Tenant, ids: dict[str, str]) -> None:
        """Put a copy of the record under other ids; needed where `tests/properties/records.py` knows no such record."""
        raise NotImplementedError

    # How a test works with it

    @classmethod
    def converges(cls) -> bool:
        """Return whether a second run finds out that nothing differs. Otherwise `changed` is None, and it writes."""
        return bool(cls.reads) and cls.told

    @pytest.fixture(autouse=True)
    def _given(
        self, smartrecruiters_emulator: SmartRecruitersEmulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        self.look_at(smartrecruiters_emulator, tmp_path, monkeypatch)

    def look_at(self, emulator: SmartRecruitersEmulator, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Use an emulator, and set the connection to it. ``folder`` is for files that the use case needs."""
        self.use(emulator, folder)
        self._monkeypatch = monkeypatch
        self.connect()

    def use(self, emulator: SmartRecruitersEmulator, folder: Path) -> None:
        """Use an emulator without a connection to it."""
        self.emulator, self.state, self.folder = emulator, emulator.state, folder
        if self.company:
            with self.state.editing() as tenant:
                tenant.settings = tenant.settings.changed(self.company)

    def connect(self, *, oauth: bool = False, **changes: str) -> None:
        """Set the default connection, without pacing: the emulator has no limits here."""
        connection = self.emulator.oauth_connection if oauth else self.emulator.connection
        connection = {name: value for name, value in {**connection, **changes}.items() if value}
        connection["extra"] = {"requests_per_second": 0, "max_concurrent": 0}
        self._monkeypatch.setenv("AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT", json.dumps(connection))

    def run(self, **arguments: Any) -> Result:
        """Execute the operator with an empty context, which the operators do not use."""
        return self.operator(task_id="change", **arguments).execute({})

    def refused(self, refusal: Refusal, arguments: Arguments) -> SmartRecruitersError:
        """Execute the operator under what provokes a refusal, and return the error that leaves it."""
        with refusal.provoke(self, arguments), pytest.raises(refusal.error) as caught:
            self.run(**arguments)
        return caught.value

    def operations(self) -> list[str | None]:
        """Return the ids of the operations requested so far."""
        return [request.operation_id for request in self.emulator.requests]

    def check_result(self, result: Result, arguments: Arguments, expected: Expected, **differently: Any) -> None:
        """Check the result of a run that changed something. ``differently`` overrides expected members."""
        wanted = {
            "use_case": self.use_case,
            "target": {name: arguments[name] for name in self.ids},
            "changed": True if self.converges() else None,
            "applied": True,
            "fields": [item["field"] for item in expected.diff],
            "diff": expected.diff,
            "details": self.details,
            "skipped": None,
            **differently,
        }
        assert set(result) == KEYS
        assert {name: result[name] for name in wanted} == wanted
        assert json.loads(json.dumps(result)) == result
        if "response" not in differently:
            answer = result["response"]
            assert ({name: answer[name] for name in expected.answer} if expected.answer else answer) == expected.answer
        shown = json.dumps({**result, "response": None}, ensure_ascii=False)
        assert not [text for text in expected.free_text if text in shown]

    def check_writes(self, arguments: Arguments, expected: Expected, *, times: int = 1) -> None:
        """Check that the journal holds exactly this write, ``times`` times, and nothing else."""
        written = [
            (entry.method, entry.operation_id, entry.path, entry.status, entry.applied, entry.body)
            for entry in self.emulator.journal
        ]
        write = (self.method, self.operation, self.path.format_map(arguments), self.status, True, expected.body)
        assert written == [write] * times

    def check_unchanged(self, result: Result, arguments: Arguments, expected: Expected, **differently: Any) -> None:
        """Check the result of a run that found nothing to change."""
        details = self.details if self.details_unchanged is None else self.details_unchanged
        nothing = {"changed": False, "applied": False, "fields": [], "diff": [], "details": details, "response": None}
        self.check_result(result, arguments, expected, **{**nothing, **differently})

    def keep_message(self, error_messages: dict[str, list[str]], name: str, error: SmartRecruitersError) -> None:
        """Collect an error's message, for a person who reads all of them."""
        facts = ", ".join(str(fact) for fact in (type(error).__name__, error.status, error.code) if fact)
        error_messages.setdefault(self.use_case, []).append(f"{name} ({facts})\n  {error}")

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Generate a test for each refusal and each bad input."""
        if "refusal" in metafunc.fixturenames:
            metafunc.parametrize("refusal", self.all_refusals(), ids=lambda refusal: refusal.name)
        if "bad_input" in metafunc.fixturenames:
            metafunc.parametrize("bad_input", self.all_bad_inputs(), ids=lambda bad_input: bad_input.name)

    def all_refusals(self) -> list[Refusal]:
        """Return the shared refusals and those of this use case."""
        return [*common_refusals(self), *self.refusals]

    def all_bad_inputs(self) -> list[BadInput]:
        """Return the shared bad inputs and those of this use case."""
        shared = [BadInput(f"empty {name}", {name: ""}, (name,), ("empty",)) for name in self.ids]
        shared += [BadInput(f"unrendered {name}", {name: "None"}, (name,), ("template",)) for name in self.ids]
        shared += [
            BadInput(f"{name} that is neither", {name: "maybe"}, (name,), ("true or false",))
            for name in ("plan_only", "force", "read_first", "return_response")
        ]
        return [*shared, *self.bad_inputs]
