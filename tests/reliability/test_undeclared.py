"""Every fault meets what has no declaration of its own: another verb or read, a write that another one follows."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from airflow_provider_smartrecruiters.api.candidates import UpdateCandidateSource
from airflow_provider_smartrecruiters.api.jobs import UpdateJobAd
from airflow_provider_smartrecruiters.emulator.faults.kinds import FAULTS
from tests.reliability.matrix import Cell, Matrix, Place, Verdict, rows
from tests.support import catalogue

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_tags_that_are_only_added() -> None:
    """They are sent with another verb."""
    declared = catalogue.declarations()["put_update_candidate_tags"]

    class OnlyAdded(declared):  # type: ignore[valid-type,misc]
        operation = "candidates.tags.add"
        reads_after = ()

        def arguments(self) -> dict[str, Any]:
            return {"candidate_id": self.candidate_with(2), "add": ["hydraulics ü"]}

        def expected(self, arguments: dict[str, Any]) -> Any:
            there = self.tags(arguments["candidate_id"])
            whole = super().expected({"candidate_id": arguments["candidate_id"], "tags": [*there, *arguments["add"]]})
            return type(whole)(body={"tags": arguments["add"]}, stored=whole.stored, diff=[], lines=[])

    made = Matrix()
    made.run(Cell(place, fault, OnlyAdded) for place, fault in rows() if place is Place.WRITE)
    assert len(made.outcomes) == len(FAULTS)
    assert not [str(outcome) for outcome in made.bad()]


def test_a_source_with_a_subtype() -> None:
    """Once type and source are as requested, its read takes a second request."""
    declared = catalogue.declaration(UpdateCandidateSource)

    class WithSubtype(declared):  # type: ignore[valid-type,misc]
        def arguments(self) -> dict[str, Any]:
            arguments: dict[str, Any] = self.other_arguments()
            return arguments

    made = Matrix()
    places = (Place.WRITE, Place.READ_AFTER_LOSS)
    made.run(Cell(place, fault, WithSubtype) for place, fault in rows() if place in places)
    assert {cell.fault for cell in made.outcomes} == set(FAULTS)
    assert not [str(outcome) for outcome in made.bad()]


def test_a_source_without_a_link() -> None:
    """Its read tells nothing of what is written, so it is judged as what cannot be read."""
    declared = catalogue.declaration(UpdateCandidateSource)

    class Unlinked(declared):  # type: ignore[valid-type,misc]
        links = "none"
        told = False
        details: ClassVar = {"unread": ["sourceTypeId", "sourceId"]}

    made = Matrix()
    made.run(Cell(place, fault, Unlinked) for place, fault in rows() if place in (Place.WRITE, Place.READ))
    assert {cell.fault for cell in made.outcomes} == set(FAULTS)
    assert not [str(outcome) for outcome in made.bad()]
    lost = made.outcomes[Cell(Place.WRITE, "reset_after", Unlinked)]
    assert lost.verdict == Verdict.UNSURE


def test_a_publication_that_follows() -> None:
    """The ad is written by then, so it has to be published once, or the error says that it was changed."""
    declared = catalogue.declaration(UpdateJobAd)

    class Published(declared):  # type: ignore[valid-type,misc]
        company: ClassVar = {"publish_delay": 0}
        (struck,) = declared.follows

        def arguments(self) -> dict[str, Any]:
            return {**super().arguments(), "publish": "if_published"}

    made = Matrix()
    made.run(Cell(Place.WRITE, fault, Published) for place, fault in rows() if place is Place.WRITE)
    assert {cell.fault for cell in made.outcomes} == set(FAULTS)
    assert not [str(outcome) for outcome in made.bad()]
    assert {one.verdict for one in made.outcomes.values()} == {Verdict.ONCE, Verdict.CONFIRMED, Verdict.UNSURE}
