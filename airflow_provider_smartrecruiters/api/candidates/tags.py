"""The change to a candidate's tags."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.lookups import Lookups
from airflow_provider_smartrecruiters.api.values import hints
from airflow_provider_smartrecruiters.api.values.fields import RecordId
from airflow_provider_smartrecruiters.api.values.fingerprint import fingerprint_of
from airflow_provider_smartrecruiters.api.values.hints import Hints
from airflow_provider_smartrecruiters.api.values.inverse import Inverse, cannot_undo
from airflow_provider_smartrecruiters.api.values.tags import Tags, same_tag, unique_tags
from airflow_provider_smartrecruiters.exceptions import AuthenticationError, InvalidInputError, SmartRecruitersError

log = logging.getLogger(__name__)

_TAGS = "/candidates/{id}/tags"


class UpdateCandidateTags(Change):
    """Replace, add or remove tags of a candidate.

    Sends ``PUT /candidates/{id}/tags``, which replaces the whole set. A change that only adds sends ``POST`` to the
    same path, which keeps tags that others add at the same time. Order and duplicates do not matter. API reference:
    https://developers.smartrecruiters.com/reference (operations ``candidates.tags.replace``, ``candidates.tags.add``).

    SmartRecruiters remembers every tag for the whole company and offers it for all candidates, so a misspelled tag
    stays for good. A plan therefore looks up the tags that the candidate does not have (``GET /candidates?tag=…``, once
    for each tag of a batch) and names the new ones in ``details.new_tags``, each with the first item of the batch that
    has it; None if they could not be looked up. The search finds only tags that a candidate with an application has
    now, and that the credential may see.

    :param candidate_id: id of the candidate.
    :param tags: the whole new set; an empty list removes all tags. Not with ``add`` or ``remove``.
    :param add: tags to add.
    :param remove: tags to remove.
    :param create_tags: whether to write tags that no candidate of the company has. False refuses the whole change if
        there are any, as far as the search can tell. A tag in other capitals is another tag.
    """

    use_case: ClassVar[str] = "put_update_candidate_tags"
    endpoint: ClassVar[str] = f"PUT {_TAGS}"
    record: ClassVar[str | None] = _TAGS
    record_has: ClassVar[tuple[str, ...]] = ("tags",)
    subject: ClassVar[str] = "tags of candidate {candidate_id}"
    ids: ClassVar[tuple[str, ...]] = ("candidate_id",)
    scope: ClassVar[str] = "candidates_manage"
    read_scope: ClassVar[str | None] = "candidates_read"
    undone_by: ClassVar[str | None] = "candidates.UpdateCandidateTags"
    undo_needs_arguments: ClassVar[bool] = True
    hints: ClassVar[Hints] = hints.TAGS

    guards: ClassVar[tuple[str, ...]] = ("create_tags",)

    candidate_id: RecordId
    tags: Tags = None
    add: Tags = None
    remove: Tags = None
    create_tags: bool = Field(True, exclude=True)

    @model_validator(mode="after")
    def _either_whole_or_parts(self) -> Self:
        parts = self.add is not None or self.remove is not None
        if (self.tags is not None) == parts:
            raise InvalidInputError(
                "give tags (the whole new set), or add, remove or both", fields=("tags", "add", "remove")
            )
        if clash := set(map(same_tag, self.add or ())) & set(map(same_tag, self.remove or ())):
            raise InvalidInputError(f"add and remove have {len(clash)} tags in common", fields=("add", "remove"))
        return self

    @property
    def needs_read(self) -> str | None:
        """Why a read is required: the API removes tags only by replacing the set with the remaining ones."""
        return "to remove tags, the current tags must be read and the others sent back" if self.remove else None

    @property
    def verified(self) -> bool:
        """Whether to read the set again: not after an addition, which the API merges itself."""
        return not self._only_adds

    @property
    def _only_adds(self) -> bool:
        return self.tags is None and not self.remove

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the tags in alphabetical order, because a set has no order of its own."""
        return {"tags": sorted({same_tag(tag) for tag in state["tags"] or ()})}

    def compared(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Return the tags unchanged: they are in normal form, and an empty set is a value of its own."""
        return dict(content)

    def wanted(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the requested tags."""
        return {"tags": sorted({same_tag(tag) for tag in self._after(state)})}

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``{"tags": […]}``: the whole set, or the added tags."""
        if self._only_adds:
            there = {same_tag(tag) for tag in state.get("tags") or ()}
            added = unique_tags(self.add or ())
            # A forced write must name tags even if the candidate has all of them.
            return {"tags": [tag for tag in added if same_tag(tag) not in there] or added}
        return {"tags": self._after(state)}

    def send(self, client: SmartRecruitersClient, body: dict[str, Any]) -> Any:
        """Send the tags. The API responds with 201 and the whole set."""
        verb = "POST" if self._only_adds else "PUT"
        return client.request(verb, _TAGS, path_params=self.path_params, json=body)

    def foreseen(
        self, client: SmartRecruitersClient, lookups: Lookups, state: Mapping[str, Any], *, plan_only: bool
    ) -> dict[str, Any]:
        """Return ``{"new_tags"}`` for a plan of a candidate that was read: the places of tags that are new in the
        company.

        :raises InvalidInputError: there are any, and ``create_tags`` is False.
        """
        if self.create_tags and not (plan_only and state):
            return {}
        try:
            new = self._new_tags(client, lookups, state)
        except SmartRecruitersError as error:
            if not self.create_tags or isinstance(error, AuthenticationError):
                raise
            if lookups.first("new tags"):
                log.warning("Could not look up which tags are new in the company (%s).", type(error).__name__)
            return {"new_tags": None}
        if new and not self.create_tags:
            raise _not_created(list(new))
        # In a batch, each tag is named once: with the item that would bring it in.
        first = [place for place, tag in new.items() if lookups.first(f"new tag {tag}")]
        return {"new_tags": first} if first else {}

    def undo_facts(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the places of the tags that were added and removed, never their text.

        :return: ``{"added", "removed"}``: places in ``tags`` or ``add``, and in ``remove``; ``"lost"``: how many tags a
            new set dropped; ``"left"`` and ``"arguments"``: fingerprints of the new set, and of the arguments.
        """
        there = {same_tag(tag) for tag in state.get("tags") or ()}
        after = {same_tag(tag) for tag in self._after(state)}
        given = self.add if self.tags is None else self.tags
        return {
            "added": [index for index, tag in enumerate(given or ()) if same_tag(tag) not in there],
            "removed": [index for index, tag in enumerate(self.remove or ()) if same_tag(tag) in there],
            "lost": len(there - after) if self.tags is not None else 0,
            "left": self._fingerprint({"tags": sorted(after)}),
            "arguments": self._fingerprint(self._arguments),
        }

    @classmethod
    def inverse(cls, facts: Mapping[str, Any], done: Change | None = None) -> Inverse:
        """Return the removal of the tags that were added, and the addition of those that were removed.

        :raises InvalidInputError: a new set has dropped tags, or the arguments are not those of the change.
        """
        if not isinstance(done, UpdateCandidateTags):
            raise cannot_undo("results never hold tags; give the items, or the shared tags, of that batch as well")
        if lost := facts["lost"]:
            said = "a tag" if lost == 1 else f"{lost} tags"
            raise cannot_undo(f"the new set of tags replaced {said}, and results never hold tags")
        if done._fingerprint(done._arguments) != facts["arguments"]:
            raise cannot_undo("its tags are not those of that batch; give the same items and shared parameters")
        given = done.add if done.tags is None else done.tags
        arguments = {
            "remove": [(given or ())[index] for index in facts["added"]],
            "add": [(done.remove or ())[index] for index in facts["removed"]],
        }
        return Inverse({name: tags for name, tags in arguments.items() if tags}, [facts["left"]])

    @property
    def _arguments(self) -> dict[str, list[str]]:
        given = {name: getattr(self, name) for name in ("tags", "add", "remove")}
        return {name: list(map(same_tag, tags)) for name, tags in given.items() if tags is not None}

    def _fingerprint(self, content: Mapping[str, Any]) -> str:
        return fingerprint_of(self.use_case, self.target, content)

    def remarks(self, details: Mapping[str, Any]) -> Iterator[str]:
        """Yield which tags are new in the company, by their places."""
        if new := details.get("new_tags"):
            yield f"New in the company, and kept for good once written: {', '.join(new)}."

    def _new_tags(self, client: SmartRecruitersClient, lookups: Lookups, state: Mapping[str, Any]) -> dict[str, str]:
        """Return the tags that no candidate of the company has, by their places in the arguments."""
        # What this candidate has is no news, whether or not the search finds it. That stays true for a write that is
        # sent again from a later read: what a candidate has had once, the company remembers.
        there = {same_tag(tag) for tag in state.get("tags") or ()}
        wanted: dict[str, str] = {}
        for place, tag in self._places():
            if tag not in there:
                wanted.setdefault(tag, place)
        return {place: tag for tag, place in wanted.items() if not lookups.has_tag(client, tag)}

    def _places(self) -> Iterator[tuple[str, str]]:
        for name in ("tags", "add"):
            for index, tag in enumerate(getattr(self, name) or ()):
                yield f"{name}[{index}]", same_tag(tag)

    def _after(self, state: Mapping[str, Any]) -> list[str]:
        if self.tags is not None:
            return unique_tags(self.tags)
        removed = {same_tag(tag) for tag in self.remove or ()}
        kept = [tag for tag in state.get("tags") or () if same_tag(tag) not in removed]
        there = {same_tag(tag) for tag in kept}
        # Tags that stay are sent back exactly as they were read.
        return [*dict.fromkeys(kept), *(tag for tag in unique_tags(self.add or ()) if same_tag(tag) not in there)]


def _not_created(places: list[str]) -> InvalidInputError:
    # By their places: tags are text that people wrote.
    one = len(places) == 1
    return InvalidInputError(
        f"No candidate of the company has the tag{'' if one else 's'} in {', '.join(places)}, as far as the search can "
        f"tell, and create_tags is False; nothing was sent.",
        hint=f"Check the spelling, capitals included. If the tag{' is' if one else 's are'} intended, set create_tags "
        "to True: the company keeps a new tag for good.",
        fields=tuple(places),
    )
