"""``PUT /candidates/{id}/tags``, and ``POST`` for additions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from airflow_provider_smartrecruiters.exceptions import (
    BadRequestError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
)
from airflow_provider_smartrecruiters.operators.candidates import UpdateCandidateTagsOperator
from tests.use_cases.base import Expected, UseCaseTests
from tests.use_cases.refusals import BadInput, Refusal, between_read_and_write, setting

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant


class TestUpdateCandidateTags(UseCaseTests):
    operator = UpdateCandidateTagsOperator
    use_case = "put_update_candidate_tags"
    ids = ("candidate_id",)
    private = ("tags", "add", "remove")
    operation = "candidates.tags.replace"
    path = "/candidates/{candidate_id}/tags"
    status = 201
    reads = ("candidates.tags.get",)
    reads_after = ("candidates.tags.get",)
    looks_up: ClassVar = {"candidates.all": frozenset({"tag", "limit", "pageId"})}
    plan_looks_up = ("candidates.all", "candidates.all")
    details_planned: ClassVar = {"new_tags": ["tags[1]", "tags[2]"]}
    # What only adds keeps what others add at the same time.
    sends_also = ("candidates.tags.add",)
    example_operation = "candidates.tags.add"
    missing = (403, None)
    scope = "candidates_manage"
    read_scope = "candidates_read"
    refusals = (
        Refusal(
            "candidate that may be read only",
            403,
            PermissionDeniedError,
            ("administrator", "candidates_manage"),
            lambda state: {"candidate_id": state.read_only_candidate_id},
        ),
        Refusal(
            "candidate out of reach",
            403,
            PermissionDeniedError,
            ("administrator", "candidates_read"),
            lambda state: {"candidate_id": state.restricted_candidate_id},
            operation="candidates.tags.get",
        ),
        Refusal(
            "id of an application",
            403,
            PermissionDeniedError,
            ("candidate_id", "application", "does not exist"),
            lambda state: {"candidate_id": state.an_application().application_id},
            operation="candidates.tags.get",
        ),
        Refusal(
            "unknown candidate, written without reading",
            403,
            PermissionDeniedError,
            ("candidate_id", "does not exist"),
            lambda _: {"candidate_id": "unknown", "read_first": False},
        ),
        Refusal(
            "unknown candidate, answered with 404",
            404,
            NotFoundError,
            ("candidate_id",),
            lambda _: {"candidate_id": "unknown", "read_first": False},
            setting(missing_is_denied=False),
        ),
        Refusal(
            "too many tags",
            400,
            BadRequestError,
            ("100 tags", "fewer"),
            lambda _: {"tags": [f"tag {number}" for number in range(101)]},
            off_contract=("request",),
        ),
        Refusal(
            "tag that is too long",
            400,
            BadRequestError,
            ("50 characters", "150"),
            lambda _: {"tags": ["x" * 51]},
            off_contract=("request",),
        ),
    )
    bad_inputs = (
        BadInput("a word for a list", {"tags": "welder"}, ("tags",), ("a list",)),
        BadInput("an empty tag", {"tags": ["welder", " "]}, ("tags[1]",), ("blank",)),
        BadInput("a number for a tag", {"tags": [7.5]}, ("tags",), ("must be text",)),
        BadInput("a blank switch", {"create_tags": ""}, ("create_tags",), ("true or false",)),
        BadInput("neither", {"tags": None}, ("tags", "add", "remove"), ("or both",)),
        BadInput("both", {"add": ["welder"]}, ("tags", "add", "remove"), ("or both",)),
        BadInput(
            "added and removed", {"tags": None, "add": ["a", "b"], "remove": ["b"]}, ("add", "remove"), ("in common",)
        ),
    )

    def arguments(self) -> dict[str, Any]:
        candidate_id = self.candidate_with(2)
        return {"candidate_id": candidate_id, "tags": [self.tags(candidate_id)[1], "hydraulics ü", "night-shift"]}

    def other_arguments(self) -> dict[str, Any]:
        return {"candidate_id": self.candidate_with(3), "tags": ["crane-licence"]}

    def candidate_with(self, count: int) -> str:
        return next(one for one in self.state.candidate_ids if len(self.tags(one)) == count)

    def tags(self, candidate_id: str) -> list[str]:
        return self.state.candidate(candidate_id).tags

    def reversible_arguments(self) -> dict[str, Any]:
        arguments = self.arguments()
        return {"candidate_id": arguments["candidate_id"], "add": arguments["tags"]}

    def expected(self, arguments: dict[str, Any]) -> Expected:
        before, after = self.stored(arguments), arguments["tags"]
        counts = f"{len(set(after) - set(before))} added, {len(set(before) - set(after))} removed"
        items = f"{len(after)} item{'s' if len(after) > 1 else ''}"
        return Expected(
            body={"tags": after},
            stored=after,
            diff=[{"field": "tags", "before_length": len(before), "after_length": len(after)}],
            lines=[f"tags: {len(before)} items -> {items} ({counts})"],
            answer={"tags": after},
            free_text=[*before, *after],
        )

    def stored(self, arguments: dict[str, Any]) -> Any:
        return self.tags(arguments["candidate_id"])

    def delete(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        del tenant.candidates[arguments["candidate_id"]]

    def meddle(self, tenant: Tenant, arguments: dict[str, Any]) -> None:
        tenant.candidates[arguments["candidate_id"]].tags.append("from-another-dag")

    def written(self) -> list[tuple[str, Any]]:
        return [(entry.operation_id, entry.body["tags"]) for entry in self.emulator.journal]

    def test_an_addition_alone_uses_post(self) -> None:
        candidate_id = self.candidate_with(2)
        before = self.tags(candidate_id)
        result = self.run(candidate_id=candidate_id, add=[before[0], "night-shift"])
        assert self.written() == [("candidates.tags.add", ["night-shift"])]
        assert self.tags(candidate_id) == [*before, "night-shift"]
        assert result["response"] == {"tags": [*before, "night-shift"]}
        assert self.run(candidate_id=candidate_id, add=["night-shift"])["changed"] is False
        assert len(self.written()) == 1

    def test_two_additions_at_the_same_time_lose_nothing(self) -> None:
        def another_dag_adds(case: TestUpdateCandidateTags, arguments: dict[str, Any]) -> None:
            with case.state.editing() as tenant:
                tenant.candidates[arguments["candidate_id"]].tags.append("from-another-dag")

        arguments = {"candidate_id": self.candidate_with(1), "add": ["night-shift"]}
        with between_read_and_write(another_dag_adds)(self, arguments):
            self.run(**arguments)
        assert {"from-another-dag", "night-shift"} < set(self.tags(arguments["candidate_id"]))

    def test_a_forced_addition_sends_all_given_tags(self) -> None:
        candidate_id = self.candidate_with(2)
        before = self.tags(candidate_id)
        self.run(candidate_id=candidate_id, add=before, force=True)
        assert self.written() == [("candidates.tags.add", before)]
        assert self.tags(candidate_id) == before

    def test_a_removal_sends_the_others_back(self) -> None:
        candidate_id = self.candidate_with(3)
        first, *others = self.tags(candidate_id)
        arguments = {"candidate_id": candidate_id, "remove": [first, "never-there"]}
        self.run(**arguments)
        assert self.written() == [("candidates.tags.replace", others)]
        assert self.run(**arguments)["changed"] is False
        assert len(self.written()) == 1

    def test_add_and_remove_in_one(self) -> None:
        candidate_id = self.candidate_with(2)
        first, second = self.tags(candidate_id)
        self.run(candidate_id=candidate_id, remove=[first], add=["night-shift"])
        assert self.written() == [("candidates.tags.replace", [second, "night-shift"])]

    def test_a_removal_needs_read_first(self) -> None:
        with pytest.raises(ValueError, match="read_first=False"):
            self.run(candidate_id=self.candidate_with(2), remove=["night-shift"], read_first=False)
        assert self.operations() == []

    @pytest.mark.parametrize("empty", [[], "[]"])
    def test_an_empty_list_removes_all(self, empty: Any) -> None:
        candidate_id = self.candidate_with(3)
        assert self.run(candidate_id=candidate_id, tags=empty)["changed"] is True
        assert self.written() == [("candidates.tags.replace", [])]
        assert self.tags(candidate_id) == []

    def test_an_empty_form_field_is_not_given(self) -> None:
        candidate_id = self.candidate_with(3)
        self.run(candidate_id=candidate_id, tags="", remove=" ", add="['night-shift']")
        assert self.written() == [("candidates.tags.add", ["night-shift"])]

    def test_order_and_duplicates_do_not_count_as_a_difference(self) -> None:
        candidate_id = self.candidate_with(3)
        before = self.tags(candidate_id)
        assert self.run(candidate_id=candidate_id, tags=[*reversed(before), before[0]])["changed"] is False
        self.run(candidate_id=candidate_id, tags=["b", "a", " b "])
        assert self.written() == [("candidates.tags.replace", ["b", "a"])]

    # New tags

    def searches(self) -> int:
        return self.operations().count("candidates.all")

    def common_tag(self, candidate_id: str) -> str:
        """Return a tag that other candidates have, and this one does not."""
        own = self.tags(candidate_id)
        return next(tag for one in self.state.candidate_ids for tag in self.tags(one) if tag not in own)

    @pytest.mark.parametrize("plan_only", [True, False])
    @pytest.mark.parametrize("read_first", [True, False])
    @pytest.mark.parametrize("way", ["tags", "add"])
    def test_new_tags_are_refused_in_a_plan_as_in_a_run(self, plan_only: bool, read_first: bool, way: str) -> None:
        candidate_id = self.candidate_with(2)
        given = [self.common_tag(candidate_id), "nite-shift", "nite-shift", self.common_tag(candidate_id), "welderr"]
        with pytest.raises(InvalidInputError, match="as far as the search can tell") as caught:
            self.run(
                candidate_id=candidate_id,
                **{way: given},
                create_tags="false",
                plan_only=plan_only,
                read_first=read_first,
            )
        assert caught.value.fields == (f"{way}[1]", f"{way}[4]")
        assert f"{way}[1], {way}[4]" in str(caught.value)
        assert "nite" not in str(caught.value)
        assert caught.value.may_have_been_applied is False
        assert self.emulator.journal == []
        assert self.searches() == 3

    @pytest.mark.parametrize("way", ["tags", "add"])
    def test_tags_of_other_candidates_are_not_new(self, way: str) -> None:
        candidate_id = self.candidate_with(2)
        common = self.common_tag(candidate_id)
        assert self.run(candidate_id=candidate_id, **{way: [common]}, create_tags=False)["changed"] is True
        assert common in self.tags(candidate_id)

    def test_other_capitals_are_another_tag(self) -> None:
        candidate_id = self.candidate_with(2)
        common = self.common_tag(candidate_id)
        for given in (common.upper(), common.title()):
            with pytest.raises(InvalidInputError, match="capitals"):
                self.run(candidate_id=candidate_id, add=[given], create_tags=False)
        with self.state.editing() as tenant:
            tenant.candidates[self.candidate_with(3)].tags.append(common.upper())
        assert self.run(candidate_id=candidate_id, add=[common.upper()], create_tags=False)["applied"] is True

    def test_what_the_candidate_has_is_not_looked_up(self) -> None:
        candidate_id = self.candidate_with(3)
        first, second, third = self.tags(candidate_id)
        self.run(candidate_id=candidate_id, remove=[first], add=[second], create_tags=False)
        self.run(candidate_id=candidate_id, tags=[third], create_tags=False)
        self.run(candidate_id=candidate_id, tags=[third], create_tags=False, force=True)
        self.run(candidate_id=candidate_id, tags=[], create_tags=False)
        assert self.searches() == 0

    def test_a_run_that_may_create_tags_looks_nothing_up(self) -> None:
        result = self.run(candidate_id=self.candidate_with(2), add=["night-shift"])
        assert (result["details"], self.searches()) == ({}, 0)

    def test_a_search_that_is_denied(self, caplog: pytest.LogCaptureFixture) -> None:
        arguments = {"candidate_id": self.candidate_with(2), "add": ["night-shift"]}
        self.emulator.fail("get candidates", status=403)
        plan = self.run(**arguments, plan_only=True)
        assert (plan["changed"], plan["details"]) == (True, {"new_tags": None})
        assert "Could not look up which tags are new" in caplog.text
        with pytest.raises(PermissionDeniedError):
            self.run(**arguments, create_tags=False)
        assert self.emulator.journal == []
        assert self.run(**arguments)["applied"] is True

    def test_a_batch_looks_each_tag_up_once(self, caplog: pytest.LogCaptureFixture, tmp_path: Any) -> None:
        ids = [one for one in self.state.candidate_ids if "night-shift" not in self.tags(one)][:12]
        items = [{"candidate_id": one, "add": ["night-shift", "hydraulics ü"]} for one in ids]
        items[7]["add"] = ["crane-licence", "night-shift"]
        batch = self.operator.bulk(task_id="tag", items=items, plan_only=True, max_threads=4)
        result = batch.execute({})
        assert self.searches() == 3
        assert result["counts"]["changed"] == 12
        named = [line for line in caplog.messages if "new_tags" in line]
        assert sum(line.count("add[") for line in named if "(candidate " in line) == 3
        assert "night-shift" not in caplog.text

        refused = self.operator.bulk(task_id="tag", items=items, create_tags=False, fail_above=1)
        assert refused.execute({})["counts"]["failed"] == 12
        assert self.searches() == 6
        assert self.emulator.journal == []

    @pytest.mark.parametrize("cell", ["", "perhaps"])
    def test_a_blank_cell_does_not_open_the_guard(self, cell: str) -> None:
        items = [{"candidate_id": self.candidate_with(2), "add": ["night-shift"], "create_tags": cell}]
        with pytest.raises(InvalidInputError, match="create_tags"):
            self.operator.bulk(task_id="tag", items=items).execute({})
        assert self.operations() == []
