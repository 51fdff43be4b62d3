"""The guards of a batch: a blank one is refused, ``any`` switches it off, and none is looked at too late."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_smartrecruiters.exceptions import BulkFailedError, InvalidInputError
from airflow_provider_smartrecruiters.operators.bulk.operator import BulkOperator
from airflow_provider_smartrecruiters.operators.candidates import RejectApplicationOperator
from airflow_provider_smartrecruiters.operators.jobs import UpdateJobNoteOperator
from airflow_provider_smartrecruiters.operators.users import UpdateUserAvatarOperator
from tests.operators.bulk.batches import applications, context, counts, reject
from tests.use_cases.dag_runs import TASK_ID, new_dag, run

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)

GUARDS = ("max_items", "expected_count", "only_if_status_in")


@pytest.mark.parametrize("blank", ["", "  \n"])
@pytest.mark.parametrize("guard", GUARDS)
def test_a_blank_guard_is_refused(emulator, guard, blank):
    with pytest.raises(InvalidInputError, match=f"guard {guard} is blank.*Leave {guard} out or write 'any'") as caught:
        reject(applications(emulator), **{guard: blank}).execute(context())
    assert caught.value.fields == (guard,)
    assert emulator.requests == []


@pytest.mark.parametrize("guard", GUARDS)
def test_a_guard_whose_template_rendered_none_is_refused(emulator, guard):
    task = reject(applications(emulator), **{guard: "{{ params.nothing }}"})
    # What render_template_as_native_obj=True leaves there.
    setattr(task, guard, None)
    with pytest.raises(InvalidInputError, match=f"guard {guard} is blank"):
        task.execute(context())
    assert emulator.requests == []


@pytest.mark.parametrize("word", ["any", " ANY "])
@pytest.mark.parametrize("guard", GUARDS)
def test_any_switches_a_guard_off(emulator, guard, word):
    items = applications(emulator, 4, "NEW") + applications(emulator, 3, "INTERVIEW")
    assert counts(reject(items, **{guard: word}).execute(context()), "changed") == (7,)


def test_no_limit_is_none_or_any(emulator):
    items = [{"candidate_id": str(number), "job_id": "1"} for number in range(1001)]
    for limit in (None, "any"):
        with pytest.raises(BulkFailedError, match="not started, because on_item_error is stop"):
            reject(items, max_items=limit, on_item_error="stop", max_threads=1).execute(context())


@pytest.mark.parametrize("expect", ["", " ", None])
def test_a_blank_expect_of_an_item_is_refused(emulator, expect):
    items = [{"job_id": job_id, "expect": expect} for job_id in emulator.state.job_ids[:2]]
    with pytest.raises(InvalidInputError, match="guard expect is blank") as caught:
        UpdateJobNoteOperator.bulk(task_id="note", items=items, content="x").execute(context())
    assert "expect" in caught.value.fields
    assert emulator.journal == []


def test_a_blank_expect_of_a_csv_is_refused_and_any_is_none(emulator, file):
    first, second = emulator.state.job_ids[:2]
    path = file("i.csv", f"job_id,content,expect\n{first},x,any\n{second},y,\n")
    with pytest.raises(InvalidInputError, match="line 3: The guard expect is blank"):
        UpdateJobNoteOperator.bulk(task_id="note", items=str(path)).execute(context())
    assert emulator.journal == []
    file("i.csv", f"job_id,content,expect\n{first},x,any\n{second},y,Any\n")
    result = UpdateJobNoteOperator.bulk(task_id="note", items=str(path)).execute(context())
    assert counts(result, "changed") == (2,)


@pytest.mark.parametrize(("expect", "refused"), [("", True), (" ", True), ("any", False), (None, False)])
def test_expect_of_one_record(emulator, expect, refused):
    task = UpdateJobNoteOperator(task_id="note", job_id=emulator.state.job_ids[0], content="x", expect=expect)
    if not refused:
        assert task.execute({})["changed"] is True
        return
    with pytest.raises(InvalidInputError, match="guard expect is blank"):
        task.execute({})
    assert emulator.journal == []


def test_expect_whose_template_rendered_none_is_refused(emulator):
    task = UpdateJobNoteOperator(task_id="n", job_id=emulator.state.job_ids[0], content="x", expect="{{ nothing }}")
    task.expect = None
    with pytest.raises(InvalidInputError, match="guard expect is blank"):
        task.execute({})
    assert emulator.journal == []


@pytest.mark.parametrize("guard", ["max_items", "expected_count"])
def test_items_beyond_the_limit_are_not_read(emulator, tmp_path, guard):
    path = tmp_path / "i.jsonl"
    item = json.dumps({"candidate_id": "c", "job_id": "j"})
    # Reading on would find the line that is no item.
    path.write_text("".join(f'{{"candidate_id": "c{n}", "job_id": "j"}}\n' for n in range(6)) + "no item\n" + item)
    with pytest.raises(InvalidInputError, match=f"more than 5 items, the number in {guard}") as caught:
        reject(str(path), **{guard: 5}).execute(context())
    assert caught.value.fields == (guard,)
    assert emulator.requests == []


@pytest.mark.parametrize("threads", ["4", 4, " 2 "])
def test_max_threads_as_text(emulator, threads):
    task = reject(applications(emulator), max_threads=threads, pool="smartrecruiters")
    assert task.pool_slots == int(threads)
    assert counts(task.execute(context()), "changed") == (10,)


@pytest.mark.parametrize("threads", ["", "0", "four", None, 1.5])
def test_max_threads_that_is_no_number_is_refused_when_the_task_runs(emulator, threads):
    with pytest.raises(InvalidInputError, match="max_threads must be a whole number of at least 1"):
        reject(applications(emulator), max_threads=threads).execute(context())
    assert emulator.requests == []


@pytest.mark.slow
@pytest.mark.parametrize(("fail_above", "failing", "fails"), [(0.29, 29, False), ("0.29", 29, False), (0.29, 30, True)])
def test_fail_above_counts_exactly(emulator, fail_above, failing, fails):
    statuses = {"LEAD": 20, "NEW": 20, "IN_REVIEW": 20, "INTERVIEW": 20}
    items = [item for status, count in statuses.items() for item in applications(emulator, count, status)]
    items = items[: 100 - failing] + [{"candidate_id": f"nobody-{n}", "job_id": "x"} for n in range(failing)]
    assert len(items) == 100
    task = reject(items, fail_above=fail_above)
    if fails:
        with pytest.raises(BulkFailedError, match=r"30 of 100 items failed \(30.0%\), more than fail_above=0.29"):
            task.execute(context())
    else:
        assert counts(task.execute(context()), "failed") == (29,)


def test_a_class_with_its_own_execute_has_no_bulk():
    class Own(RejectApplicationOperator):
        def execute(self, context: Any) -> dict[str, Any]:
            return {}

    with pytest.raises(TypeError, match=r"a batch does not call Own.execute\(\)\. Override change_of\(\)"):
        Own.bulk(task_id="reject", items=[])
    with pytest.raises(TypeError, match=r"Own.execute\(\)"):
        BulkOperator.partial(task_id="reject", item_operator=Own, shared={})


def test_a_class_with_its_own_parameters_has_one(emulator):
    class Shouting(UpdateJobNoteOperator):
        @classmethod
        def read_parameters(cls, parameters):
            return {**super().read_parameters(parameters), "content": parameters["content"].upper()}

    items = [{"job_id": emulator.state.job_ids[0]}]
    Shouting.bulk(task_id="note", items=items, content="x").execute(context())
    assert [entry.body["content"] for entry in emulator.journal.writes()] == ["X"]


def test_a_mapped_batch_takes_its_slots():
    arguments = {"item_operator": RejectApplicationOperator, "shared": {}}
    with new_dag("mapped_slots", default_args={"owner": "x"}):
        mapped = BulkOperator.partial(task_id="a", pool="sr", **arguments).expand(items=[[], []])
        fewer = BulkOperator.partial(task_id="b", pool="sr", max_threads="3", **arguments).expand(items=[[], []])
        given = BulkOperator.partial(task_id="c", pool="sr", pool_slots=1, **arguments).expand(items=[[], []])
        without = BulkOperator.partial(task_id="d", **arguments).expand(items=[[], []])
    assert [task.pool_slots for task in (mapped, fewer, given, without)] == [8, 3, 1, 1]


def test_an_image_is_read_once(emulator, tmp_path, monkeypatch):
    """The bytes that the process reads from the image, as the system counts them."""
    from fsspec.implementations.local import LocalFileOpener

    read: list[int] = []
    plain = LocalFileOpener.read
    monkeypatch.setattr(LocalFileOpener, "read", lambda self, *size: (read.append(size[0]), plain(self, *size))[1])
    image = tmp_path / "a.png"
    image.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100_000))
    items = [{"user_id": emulator.state.user_ids[0], "avatar_path": str(image)}]
    result = UpdateUserAvatarOperator.bulk(task_id="avatar", items=items).execute(context())
    assert counts(result, "applied") == (1,)
    assert sum(size > 64 for size in read) == 1


@pytest.mark.parametrize(("content", "said"), [(b"no image", "is not a PNG"), (b"", "is empty"), (None, "not exist")])
def test_an_image_that_cannot_be_sent_is_found_before_anything_is(emulator, tmp_path, content, said):
    image = tmp_path / "a.png"
    if content is not None:
        image.write_bytes(content)
    good = tmp_path / "b.png"
    good.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    paths = zip(emulator.state.user_ids, (good, image), strict=False)
    items = [{"user_id": user_id, "avatar_path": str(path)} for user_id, path in paths]
    with pytest.raises(InvalidInputError, match=said):
        UpdateUserAvatarOperator.bulk(task_id="avatar", items=items).execute(context())
    assert emulator.journal == []


@pytest.mark.airflow_run
def test_a_guard_in_a_real_run(emulator, airflow_db):
    items = applications(emulator, 2)
    with new_dag("blank_guard", params={"limit": None}, render_template_as_native_obj=True) as dag:
        RejectApplicationOperator.bulk(task_id=TASK_ID, items=items, max_items="{{ params.limit }}")
    (found,) = run(dag)
    assert found.state == "failed"
    assert emulator.journal == []
