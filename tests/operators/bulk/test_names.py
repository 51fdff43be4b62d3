"""A batch whose items name their records: the ids are found first, and everything that is kept has ids alone."""

from __future__ import annotations

import json

import pytest

from airflow_provider_smartrecruiters.exceptions import BulkFailedError, InvalidInputError
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobNoteOperator, UpdateJobStatusOperator
from airflow_provider_smartrecruiters.operators.users import UpdateUserAvatarOperator
from tests.operators.bulk.batches import context, counts, rows

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)


@pytest.fixture
def jobs(emulator):
    """Three jobs as id and reference number."""
    with emulator.state.editing() as tenant:
        found = [(job.id, job.ref_number) for job in tenant.jobs.values() if job.access == "full"][:3]
        for job_id, _ in found:
            tenant.jobs[job_id].status = "SOURCING"
    return found


def hold(items, **options):
    return UpdateJobStatusOperator.bulk(task_id="hold", items=items, status="ON_HOLD", **options)


def listings(emulator):
    return [request for request in emulator.requests if request.operation_id == "jobs.all"]


def test_the_list_is_read_once_and_rows_have_ids(emulator, jobs, tmp_path):
    path = tmp_path / "results.jsonl"
    result = hold([{"job_ref_number": ref} for _, ref in jobs], results_path=str(path)).execute(context())
    assert counts(result, "total", "changed") == (3, 3)
    assert [row["target"] for row in rows(path)] == [{"job_id": job_id} for job_id, _ in jobs]
    assert [row["details"]["labels"] for row in rows(path)] == [{job_id: ref} for job_id, ref in jobs]
    assert len({request.query for request in listings(emulator)}) == len(listings(emulator))


def test_one_record_by_name_and_by_id_is_refused(emulator, jobs):
    (first, ref), *_ = jobs
    with pytest.raises(InvalidInputError, match="item 2: targets the same record as item 1"):
        hold([{"job_id": first}, {"job_ref_number": ref.lower()}]).execute(context())
    assert emulator.journal.writes() == []


def test_an_item_takes_precedence_over_what_is_shared(emulator, jobs, tmp_path):
    (first, _), (second, ref), *_ = jobs
    path = tmp_path / "results.jsonl"
    UpdateJobStatusOperator.bulk(
        task_id="hold", items=[{}, {"job_ref_number": ref}], job_id=first, status="ON_HOLD", results_path=str(path)
    ).execute(context())
    assert [row["target"]["job_id"] for row in rows(path)] == [first, second]


def test_items_with_unknown_names_are_all_named(jobs):
    items = [{"job_ref_number": "nope-1"}, {"job_ref_number": jobs[0][1]}, {"job_ref_number": ""}]
    with pytest.raises(InvalidInputError, match="2 of 3 items") as caught:
        hold(items).execute(context())
    assert "item 1: No job of the company has this reference number" in str(caught.value)
    assert "item 3: UpdateJobStatus has invalid arguments: job_ref_number is empty" in str(caught.value)


@pytest.mark.parametrize("with_items", [False, True])
def test_a_plan_by_names_is_applied_to_the_ids_that_it_found(emulator, jobs, with_items):
    items = [{"job_ref_number": ref} for _, ref in jobs]
    plan = hold(items, plan_only=True).execute(context())
    result = hold(items if with_items else None, plan=plan).execute(context())
    assert counts(result, "total", "applied") == (3, 3)


def test_a_plan_whose_name_has_moved_to_another_job_is_refused(emulator, jobs):
    items = [{"job_ref_number": jobs[0][1]}]
    plan = hold(items, plan_only=True).execute(context())
    with emulator.state.editing() as tenant:
        tenant.jobs[jobs[0][0]].ref_number, tenant.jobs[jobs[1][0]].ref_number = jobs[1][1], jobs[0][1]
    with pytest.raises(InvalidInputError, match="has another target than in the results file"):
        hold(items, plan=plan).execute(context())
    assert emulator.journal.writes() == []


def test_a_shared_name(emulator, jobs):
    plan = UpdateJobStatusOperator.bulk(
        task_id="hold", items=[{}], job_ref_number=jobs[0][1], status="ON_HOLD", plan_only=True
    ).execute(context())
    with pytest.raises(InvalidInputError, match="was planned with another job_ref_number"):
        UpdateJobStatusOperator.bulk(task_id="hold", plan=plan, job_ref_number=jobs[1][1], status="ON_HOLD").execute(
            context()
        )
    same = UpdateJobStatusOperator.bulk(task_id="hold", plan=plan, job_ref_number=jobs[0][1], status="ON_HOLD")
    assert counts(same.execute(context()), "applied") == (1,)


def test_what_failed_is_retried_by_id_and_no_address_is_kept(emulator, impatient, tmp_path, caplog):
    caplog.set_level("DEBUG")
    picture, path = tmp_path / "a.png", tmp_path / "results.jsonl"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    users = emulator.state.user_ids[:2]
    addresses = [emulator.state.user(user).email for user in users]
    items = [{"user_email": address.upper(), "avatar_path": str(picture)} for address in addresses]
    emulator.fail_next("users.avatar.update", status=503, times=20)
    with pytest.raises(BulkFailedError):
        UpdateUserAvatarOperator.bulk(task_id="avatars", items=items, results_path=str(path)).execute(context())
    kept = rows(path)
    assert [row["target"] for row in kept] == [{"user_id": user} for user in users]
    assert [row["item"]["user_id"] for row in kept] == users
    said = (json.dumps(kept) + caplog.text).lower()
    assert not [address for address in addresses if address in said]


def test_text_about_people_is_withheld_as_before(emulator, jobs, tmp_path):
    path = tmp_path / "plan.jsonl"
    items = [{"job_ref_number": ref, "content": "a note"} for _, ref in jobs]
    UpdateJobNoteOperator.bulk(task_id="notes", items=items, plan_only=True, results_path=str(path)).execute(context())
    assert [(row["item"], row["withheld"]) for row in rows(path)] == [({"job_id": one}, ["content"]) for one, _ in jobs]
