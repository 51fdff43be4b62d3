"""Broken on purpose, to see that the judge sees it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from hypothesis import Phase, settings
from pydantic import BeforeValidator, ValidationError

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.jobs import UpdateJobNote
from airflow_provider_smartrecruiters.exceptions import InvalidInputError, NotFoundError
from tests.properties import arguments, subjects, trial
from tests.properties.arguments import Arguments

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from tests.properties.judge import Judge

pytestmark = [
    pytest.mark.slow,
    pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0),
    pytest.mark.off_contract("request", "response"),
]

NOTE = "Ada Lovelace is on leave."


class Naive(UpdateJobNote):
    """Takes an id as it comes, and builds the path as one does who has never seen a strange one."""

    job_id: Annotated[str, BeforeValidator(str)]

    def send(self, client: SmartRecruitersClient, body: dict[str, Any]) -> Any:
        answer = client._session.put(f"{client.base_url}/jobs/{self.job_id}/note", json=body, auth=client._auth)
        if not answer.ok:
            raise NotFoundError("There is no such job.", status=answer.status_code)


class Elsewhere(UpdateJobNote):
    """Reads a job that is not its own."""

    def read(self, client: SmartRecruitersClient) -> dict[str, Any]:
        client.request("GET", "/jobs/{jobId}", path_params={"jobId": "another"})
        return {}


class Chatty(UpdateJobNote):
    """Says in its error what it was given."""

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        raise InvalidInputError(f"The note {self.content} is not wanted.", fields=("content",))


class Vague(UpdateJobNote):
    """Does not say what has to be mended."""

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        raise InvalidInputError("Something is wrong.")


class Foreign(UpdateJobNote):
    """Names what is no argument of it."""

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        raise InvalidInputError("Something is wrong.", fields=("note.content",))


class Unhandled(UpdateJobNote):
    """Lets an error of a library out."""

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        raise ValidationError.from_exception_data("note", [])


class Chained(UpdateJobNote):
    """Shows an error of a library below its own."""

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return {"content": {}[self.content]}
        except KeyError as error:
            raise InvalidInputError("Something is wrong.", fields=("content",)) from error


class Doubled(UpdateJobNote):
    """Writes twice."""

    def send(self, client: SmartRecruitersClient, body: dict[str, Any]) -> Any:
        super().send(client, body)
        return super().send(client, body)


class Verbose(UpdateJobNote):
    """Logs the note, line by line."""

    def details(self, *_: Any) -> dict[str, Any]:
        logging.getLogger(f"{Change.__module__}.x").info("new note:\n%s", self.content)
        return {}


BROKEN: dict[type[UpdateJobNote], str] = {
    Elsewhere: "outside",
    Chatty: "leak",
    Vague: "fields",
    Foreign: "fields",
    Unhandled: "unhandled",
    Chained: "unhandled",
    Doubled: "result",
    Verbose: "log",
}


@pytest.mark.parametrize(("change", "kind"), BROKEN.items(), ids=[change.__name__ for change in BROKEN])
def test_a_broken_change(change: type[UpdateJobNote], kind: str, judge: Judge, client: SmartRecruitersClient) -> None:
    subject = subjects.change_subject(change, client)
    given = Arguments(job_id="a", content=NOTE)
    problems = judge.problems(subject, given, {"read_first": change is Elsewhere}, exists=True)
    assert {problem.kind for problem in problems} == {kind}
    assert judge.tally.count(kind) == len(problems)
    sound = subjects.change_subject(UpdateJobNote, client)
    assert judge.problems(sound, given, {}, exists=True) == []


@pytest.mark.parametrize("job_id", ["a/b", "..", "../users", "a?b", "a#b", "%61", "a%2fb", "./a"])
def test_a_path_from_an_f_string(job_id: str, judge: Judge, client: SmartRecruitersClient) -> None:
    subject = subjects.change_subject(Naive, client)
    found = judge.problems(subject, Arguments(job_id=job_id, content=NOTE), {"read_first": False}, exists=True)
    assert "outside" in {problem.kind for problem in found}


def test_generated_inputs_find_it(judge: Judge, client: SmartRecruitersClient, tried: settings) -> None:
    """The inputs of `test_changes.py` come upon a path from an f-string by themselves."""
    subject = subjects.change_subject(Naive, client)
    # To find one is enough: shrinking it would take minutes of requests.
    found = settings(tried, phases=(Phase.explicit, Phase.generate))
    # Either it leaves its endpoint, or an id that looks like a placeholder is taken for one.
    with pytest.raises(AssertionError, match=r"(outside|fields): "):
        trial.run(judge, subject, arguments.for_change(Naive), found, raising=True)


def test_an_answer_of_500_is_seen(
    judge: Judge, client: SmartRecruitersClient, smartrecruiters_emulator: SmartRecruitersEmulator
) -> None:
    smartrecruiters_emulator.fail_next("put job note", status=500)
    subject = subjects.change_subject(UpdateJobNote, client)
    found = judge.problems(subject, Arguments(job_id="a", content=NOTE), {}, exists=True)
    assert {problem.kind for problem in found} == {"server"}
