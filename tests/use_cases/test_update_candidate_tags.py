"""``PUT /candidates/{id}/tags``, and ``POST`` for additions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.exceptions import BadRequestError, NotFoundError, PermissionDeniedError
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
        ),
        Refusal(
            "tag that is too long",
            400,
            BadRequestError,
            ("50 characters", "150"),
            lambda _: {"tags": ["x" * 51]},
        ),
    )
    bad_inputs = (
        BadInput("a word for a list", {"tags": "welder"}, ("tags",), ("a list",)),
        BadInput("an empty tag", {"tags": ["welder", " "]}, ("tags[1]",), ("blank",)),
        BadInput("a number for a tag", {"tags": [7.5]}, ("tags",), ("must be text",)),
        BadInput("neither", {"tags": None}, ("tags", "add", "remove"), ("either",)),
        BadInput("both", {"add": ["welder"]}, ("tags", "add", "remove"), ("either",)),
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
