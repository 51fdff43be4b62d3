"""What the log says of one change: the last line for each way in which it can end, labels, pages, width."""

from __future__ import annotations

import logging
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.api.candidates import RejectApplication, UpdateCandidateTags
from airflow_provider_smartrecruiters.api.converge.apply import apply, plan
from airflow_provider_smartrecruiters.api.converge.guards import Terms
from airflow_provider_smartrecruiters.api.converge.view import View
from airflow_provider_smartrecruiters.api.http.retry import RetryPolicy
from airflow_provider_smartrecruiters.api.jobs import UpdateJobNote, UpdateJobStatus
from airflow_provider_smartrecruiters.exceptions import fitted
from tests.support.scripted_server import ScriptedServer, forward, reply, reset

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator as Emulator

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What this package has logged since the last call, line by line."""
    caplog.set_level(logging.INFO, "airflow_provider_smartrecruiters")

    def lines() -> list[str]:
        found = [line for record in caplog.records for line in record.getMessage().splitlines()]
        caplog.clear()
        return found

    return lines


def status_of(emulator: Emulator, status: str = "FILLED") -> UpdateJobStatus:
    return UpdateJobStatus(job_id=emulator.state.job_ids[0], status=status)


def test_a_reason_is_shown_by_its_label_and_its_id(smartrecruiters_emulator: Emulator, client: Any, said: Any) -> None:
    found = smartrecruiters_emulator.state.an_application()
    with smartrecruiters_emulator.state.editing() as tenant:
        reason_id, label = next(iter(tenant.rejection_reasons.items()))
    change = RejectApplication(candidate_id=found.candidate_id, job_id=found.job_id, reason=label.upper())
    apply(client, change)
    assert f"  reason: (not set) -> {reason_id} ({label})" in said()
    apply(client, change)
    assert " ".join(line.strip() for line in said()[-2:]).endswith(
        f"Nothing to do: already REJECTED, with reason {reason_id} ({label})."
    )


def test_a_plan_says_why_nothing_was_sent(smartrecruiters_emulator: Emulator, client: Any, said: Any) -> None:
    change = status_of(smartrecruiters_emulator)
    plan(client, change)
    assert said()[-1] == "Nothing was sent: this is a plan."
    plan(client, change, view=View(why_planned="plan_only is on"))
    assert said()[-1] == "Nothing was sent: plan_only is on."


def test_a_guard_says_what_it_found(smartrecruiters_emulator: Emulator, client: Any, said: Any) -> None:
    found = smartrecruiters_emulator.state.an_application()
    change = RejectApplication(candidate_id=found.candidate_id, job_id=found.job_id)
    terms = Terms(only_if_status_in=["NEW"])
    why = "the application is IN_REVIEW, and only_if_status_in allows NEW"
    plan(client, change, terms=terms)
    said_by_plan = f"Nothing was sent: this is a plan. The change would be skipped: {why}."
    assert " ".join(line.strip() for line in said()).endswith(said_by_plan)
    apply(client, change, terms=terms)
    assert " ".join(line.strip() for line in said()).endswith(f"Skipped: {why}. Nothing was sent.")


def test_a_forced_write_says_that_nothing_differed(smartrecruiters_emulator: Emulator, client: Any, said: Any) -> None:
    change = status_of(smartrecruiters_emulator)
    apply(client, change)
    apply(client, change, force=True)
    assert said()[-1] == "Done: written, although nothing differed."


def test_a_replacing_write_says_that_it_was_read_back(
    smartrecruiters_emulator: Emulator, client: Any, said: Any
) -> None:
    change = UpdateCandidateTags(candidate_id=smartrecruiters_emulator.state.candidate_ids[0], tags=["one"])
    apply(client, change)
    assert said()[-1] == "Done: changed, read back."


def test_a_write_that_is_not_read_first_says_so(smartrecruiters_emulator: Emulator, client: Any, said: Any) -> None:
    apply(client, status_of(smartrecruiters_emulator), read_first=False)
    lines = said()
    assert "the current state is not known, so each run writes it" in " ".join(line.strip() for line in lines)
    assert lines[-1] == "Done: written. What it was before is not known."


def test_the_address_stands_there_once(smartrecruiters_emulator: Emulator, client: Any, said: Any) -> None:
    change, page = status_of(smartrecruiters_emulator), "https://www.smartrecruiters.com/app/jobs/1"
    for again in (False, True):
        apply(client, change, view=View(page=page))
        lines = said()
        assert [line for line in lines if "http" in line] == [f"  {page}"], again


@pytest.mark.parametrize(("answer", "lost"), [(reset(), True), (reply(503), False)])
def test_a_lost_answer_and_an_error_are_told_apart(
    answer: Any, lost: bool, smartrecruiters_emulator: Emulator, connect: Any, said: Any
) -> None:
    through = forward(smartrecruiters_emulator.url)
    with ScriptedServer(through, answer, always=through) as server:
        apply(
            connect(server.url, password=smartrecruiters_emulator.api_key, retry=RetryPolicy(first_wait=0)),
            status_of(smartrecruiters_emulator),
        )
    text = " ".join(said())
    assert "before sending again" in text
    assert ("no complete response" in text, "(503)" in text) == (lost, not lost)
    assert text.endswith("Done: changed.")


def test_each_retry_is_logged_with_its_cause(smartrecruiters_emulator: Emulator, connect: Any, said: Any) -> None:
    limited = reply(429, headers={"Retry-After": "0"})
    through = forward(smartrecruiters_emulator.url)
    with ScriptedServer(reply(503), limited, always=through) as server:
        apply(
            connect(server.url, password=smartrecruiters_emulator.api_key, retry=RetryPolicy(first_wait=0)),
            status_of(smartrecruiters_emulator),
        )
    text = " ".join(line.strip() for line in said())
    assert "(503)" in text
    assert "2 of 4." in text
    assert "SmartRecruiters asks for fewer requests (429). Next attempt" in text


def test_lines_are_wrapped_and_ids_are_not_cut() -> None:
    long = " ".join(["word"] * 60)
    lines = fitted(f"  {long} {'x' * 130}").splitlines()
    assert all(line.startswith("    ") for line in lines[1:])
    assert [len(line) for line in lines if len(line) > 100] == [134]
    assert textwrap.dedent(" ".join(line.strip() for line in lines)) == f"{long} {'x' * 130}"


def test_free_text_is_in_no_line(smartrecruiters_emulator: Emulator, client: Any, said: Any) -> None:
    change = UpdateJobNote(job_id=smartrecruiters_emulator.state.job_ids[0], content="Ask Jane Doe about the salary")
    for _ in range(2):
        apply(client, change, view=View())
        assert not [line for line in said() if "Jane" in line or "salary" in line]
