"""``PUT /jobs/{jobId}/note``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.exceptions import NotFoundError, PermissionDeniedError
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobNoteOperator
from tests.use_cases.base import Expected, UseCaseTests
from tests.use_cases.refusals import BadInput, Refusal, setting, with_oauth

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant

LONGEST = 20_000


def size(text: str) -> str:
    return f"{len(text)} characters" if text else "(not set)"


class TestUpdateJobNote(UseCaseTests):
    operator = UpdateJobNoteOperator
    use_case = "put_update_job_note"
    ids = ("job_id",)
    private = ("content",)
    operation = "jobs.notes.update"
    path = "/jobs/{job_id}/note"
    status = 200
    reads = ("jobs.notes.get",)
    missing = (401, None)
    scope = "jobs_manage"
    read_scope = "jobs_read"
    refusals = (
        # The API answers 401 where others answer 403.
        Refusal(
            "job that may be read only",
            401,
            PermissionDeniedError,
            ("administrator", "jobs_manage"),
            lambda state: {"job_id": state.read_only_job_id},
        ),
        Refusal(
            "job that may be read only, written without reading",
            401,
            PermissionDeniedError,
            ("administrator", "credential"),
            lambda state: {"job_id": state.read_only_job_id, "read_first": False},
        ),
        Refusal(
            "job that may be read only, with a token and without reading",
            401,
            PermissionDeniedError,
            ("administrator", "jobs_manage"),
            lambda state: {"job_id": state.read_only_job_id, "read_first": False},
            with_oauth,
        ),
        Refusal(
            "job out of reach",
            401,
            PermissionDeniedError,
            ("administrator", "credential"),
            lambda state: {"job_id": state.restricted_job_id},
            operation="jobs.notes.get",
        ),
        Refusal(
            "unknown job",
            401,
            PermissionDeniedError,
            ("job_id", "does not exist"),
            lambda _: {"job_id": "unknown"},
            operation="jobs.notes.get",
        ),
        Refusal(
            "unknown job, written without reading",
            401,
            PermissionDeniedError,
            ("job_id", "does not exist"),
            lambda _: {"job_id": "unknown", "read_first": False},
        ),
        Refusal(
            "unknown job, answered with 404",
            404,
            NotFoundError,
            ("job_id",),
            lambda _: {"job_id": "unknown"},
            setting(missing_is_denied=False),
            # A 404 for the note may also mean a job without a note, so the operator reads the job as well.
            operation="jobs.get",
        ),
        Refusal(
            "unknown job, answered with 404, written without reading",
            404,
            NotFoundError,
            ("job_id",),
            lambda _: {"job_id": "unknown", "read_first": False},
            setting(missing_is_denied=False),
        ),
    )
    bad_inputs = (
        BadInput("note that is too long", {"content": "x" * (LONGEST + 1)}, ("content",), ("20,001", "20,000")),
        BadInput("empty note", {"content": " \n"}, ("content",), ("delete",)),
        BadInput("unrendered note", {"content": "None"}, ("content",), ("template",)),
    )

    def arguments(self) -> dict[str, Any]:
        return {"job_id": self.state.job_ids[0], "content": "Interim lead: Zofia Ćwik,\nfrom Monday."}

    def other_arguments(self) -> dict[str, Any]:
        without = next(one for one in self.state.job_ids if not self.stored({"job_id": one}))
        return {"job_id": without, "content": "First note of this job."}

    def expected(self, arguments: dict[str, Any]) -> Expected:
        before, after = self.stored(arguments), arguments["content"]
        return Expected(
            body={"content": after},
            stored=after,
            diff=[{"field": "content", "before_length": len(before) or None, "after_length": len(after)}],
            lines=[f"content: {size(before) if before else '(not set)'} -> {size(after)}"],
            answer={"content": after},
            free_text=[text for text in (before, "Zofia", "from Monday") if text],
        )

    def stored(self, arguments: dict[str, Any]) -> Any:
        return self.state.job(arguments["job_id"]).note

    def delete(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        del tenant.jobs[arguments["job_id"]]

    def meddle(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        tenant.jobs[arguments["job_id"]].note = "Another note."

    @pytest.mark.parametrize("text", ["x" * LONGEST, "ż" * LONGEST, "🌀" * LONGEST], ids=["ascii", "letters", "emoji"])
    def test_the_longest_note(self, text: str) -> None:
        arguments = {**self.arguments(), "content": text}
        self.run(**arguments)
        assert self.stored(arguments) == text

    def test_a_note_is_stored_as_it_was_written(self) -> None:
        arguments = {**self.arguments(), "content": '  two spaces, "quotes", { no template }\t\n'}
        self.run(**arguments)
        assert self.stored(arguments) == arguments["content"]
        assert self.run(**arguments)["changed"] is False
