"""Changes to where job ads show: publishing and unpublishing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, PrivateAttr

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.lookups import Lookups
from airflow_provider_smartrecruiters.api.names import JOB_REF_NUMBER, Name
from airflow_provider_smartrecruiters.api.record import read_record
from airflow_provider_smartrecruiters.api.values import hints
from airflow_provider_smartrecruiters.api.values.arguments import is_blank
from airflow_provider_smartrecruiters.api.values.choices import choice_or_none, one_of
from airflow_provider_smartrecruiters.api.values.diff import UNREAD, FieldDiff
from airflow_provider_smartrecruiters.api.values.fields import NamedId, OptionalText, RecordId, same_instant
from airflow_provider_smartrecruiters.api.values.hints import Hints
from airflow_provider_smartrecruiters.exceptions import InvalidInputError

__all__ = ["PublishJobAd", "UnpublishJobAd"]

VISIBILITIES = ("PUBLIC", "INTERNAL")
PUBLISH = ("never", "if_published")
"""What a change to the content of an ad does about its publication."""
WAIT_TIMEOUT = 600
"""Seconds to wait for a publication by default. It takes SmartRecruiters seconds to minutes."""
WAIT_TIMEOUTS = range(10, 24 * 3600 + 1)

_JOB_AD = "/jobs/{jobId}/jobads/{jobAdId}"
_POSTINGS = f"{_JOB_AD}/postings"


def _seconds(value: Any) -> Any:
    if value is None or is_blank(value):
        return WAIT_TIMEOUT
    try:
        seconds = int(value) if isinstance(value, int | str) and not isinstance(value, bool) else 0
    except ValueError:
        seconds = 0
    if seconds not in WAIT_TIMEOUTS:
        raise ValueError(f"must be a whole number of seconds from {WAIT_TIMEOUTS[0]} to {WAIT_TIMEOUTS[-1]:,}")
    return seconds


def _never_if_blank(value: Any) -> Any:
    return PUBLISH[0] if value is None or is_blank(value) else value


WaitTimeout = Annotated[int, BeforeValidator(_seconds)]
"""Seconds to wait for a publication."""


class _PublicationChange(Change):
    """Base of the changes to where an ad shows. The API accepts them (202) and carries them out later."""

    record: ClassVar[str | None] = _JOB_AD
    record_has: ClassVar[tuple[str, ...]] = ("id", "postingStatus")
    ids: ClassVar[tuple[str, ...]] = ("job_id", "job_ad_id")
    subject: ClassVar[str] = "publication of ad {job_ad_id} of job {job_id}"
    scope: ClassVar[str] = "jobs_manage"
    read_scope: ClassVar[str | None] = "jobs_read"
    shown: ClassVar[tuple[str, ...]] = ("postingStatus", "visibility", "latestEdit")
    enumerated: ClassVar[tuple[str, ...]] = ("postingStatus", "visibility", "latestEdit")
    shows_within: ClassVar[float] = 10.0

    names: ClassVar[Mapping[str, Name]] = {"job_id": JOB_REF_NUMBER}

    job_id: NamedId = None
    job_ref_number: OptionalText = Field(None, exclude=True)
    job_ad_id: RecordId
    wait_for_completion: bool = Field(True, exclude=True)
    wait_timeout: WaitTimeout = Field(WAIT_TIMEOUT, exclude=True)

    @property
    def completes_within(self) -> float | None:
        """Seconds to wait until the ad shows, or no longer shows; None without ``wait_for_completion``."""
        return self.wait_timeout if self.wait_for_completion else None

    def details(self, state: Mapping[str, Any], response: Any, diffs: list[FieldDiff]) -> dict[str, Any]:
        """Return the posting status after the change; ``PENDING`` if SmartRecruiters has only accepted it."""
        if response is not None:
            return {"posting_status": "PENDING"}
        return {} if diffs else {"posting_status": state["postingStatus"]}


class PublishJobAd(_PublicationChange):
    """Publish a job ad on the company's career sites, and on free job aggregators.

    Sends ``POST /jobs/{jobId}/jobads/{jobAdId}/postings``. API reference:
    https://developers.smartrecruiters.com/reference (operation ``jobs.jobads.postings.create``).

    An ad that is published, and was not edited since, is unchanged. An ad that was edited is published again: its
    ``updatedOn`` is later than the ``publishedOn`` of all its publications.

    :param job_id: id of the job.
    :param job_ref_number: reference number of the job, instead of ``job_id``.
    :param job_ad_id: id of one of the job's ads. The default ad has to be published before the others.
    :param visibility: ``PUBLIC``, or ``INTERNAL`` for employees only. Left out, a published ad keeps its visibility,
        and another one becomes public. A published ad with another visibility, such as ``PRIVATE``, is refused then.
    :param aggregators: whether a public ad goes to free job aggregators as well. The API does not tell whether it is
        there, so that alone is not a difference.
    :param wait_for_completion: wait until SmartRecruiters has published the ad.
    :param wait_timeout: seconds to wait, 10 to 86,400.
    """

    use_case: ClassVar[str] = "post_publish_job_ad"
    endpoint: ClassVar[str] = f"POST {_POSTINGS}"
    not_undone: ClassVar[str] = "an ad that showed before would not show its earlier content again"
    hints: ClassVar[Hints] = hints.PUBLICATION

    visibility: Annotated[str | None, choice_or_none(VISIBILITIES)] = None
    aggregators: bool = True

    def read(self, client: SmartRecruitersClient) -> dict[str, Any]:
        """Return the ad; if it is published, with ``postings``: where it shows (``GET …/postings``)."""
        ad = super().read(client)
        if not _is_published(ad):
            return ad
        return ad | {"postings": read_record(client, _POSTINGS, self.path_params, has=("content",))["content"]}

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the posting status; of a published ad also its visibility, and whether its latest edit shows."""
        status = state.get("postingStatus", UNREAD)
        if status != "PUBLISHED":
            return {"postingStatus": status}
        shown = {"postingStatus": status, "visibility": state.get("visibility")}
        return shown | ({"latestEdit": "NOT_PUBLISHED"} if _edited_since(state) else {})

    def wanted(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the posting status ``PUBLISHED``, with what else differs or is given."""
        edit = {"latestEdit": "PUBLISHED"} if "latestEdit" in self.current(state) else {}
        return {"postingStatus": "PUBLISHED", "visibility": self.visibility} | edit

    def superseded(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
        """Return whether the ad was published since: somebody has changed its visibility, or edited it again."""
        return _is_published(after) and _newest(after) > _newest(before)

    def foreseen(
        self, client: SmartRecruitersClient, lookups: Lookups, state: Mapping[str, Any], *, plan_only: bool
    ) -> dict[str, Any]:
        """Refuse an ad whose visibility cannot be kept, in a plan as well; see :meth:`body`."""
        self.body(state)
        return {}

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of the publication. Without a visibility, the API makes any ad public.

        :raises InvalidInputError: the ad is published with a visibility that the API does not take, such as
            ``PRIVATE``, and no other one is given.
        """
        if self.visibility is None:
            _refuse_to_make_public(state, "visibility", "Give the visibility that the ad should have.")
        kept = state["visibility"] if _is_published(state) else None
        visibility = self.visibility or kept
        return {"aggregators": self.aggregators} | ({"visibility": visibility} if visibility else {})


_PUBLISH_OTHERWISE = "Set publish to never, and publish the ad in SmartRecruiters."


class _PublishJobAdAgain(PublishJobAd):
    """Publish an ad again, if it is published and its latest edit does not show. Another ad is left as it is.

    :param edited: whether the ad was edited just before, or would be in a plan. Then it is not compared by its times:
        an earlier publication, which does not have the edit, may have ended after it.
    """

    edited: bool = Field(False, exclude=True)

    _before: str | None = PrivateAttr(None)
    """When the ad had been published last as it was read first; None before that."""
    _accepted: bool = PrivateAttr(False)

    def read(self, client: SmartRecruitersClient) -> dict[str, Any]:
        """Return the ad as :class:`PublishJobAd` reads it."""
        state = super().read(client)
        if self._before is None:
            self._before = _newest(state)
        return state

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return what :class:`PublishJobAd` compares; after an edit, until the ad was published since."""
        shown = super().current(state)
        return shown | ({"latestEdit": "NOT_PUBLISHED"} if self._has_to_show(state) else {})

    def _has_to_show(self, state: Mapping[str, Any]) -> bool:
        if not (self.edited and _is_published(state)):
            return False
        newest = _newest(state)
        # Without times, only the API's response tells that the ad was published.
        return newest <= (self._before or "") if newest else not self._accepted

    def send(self, client: SmartRecruitersClient, body: dict[str, Any]) -> Any:
        """Send the publication."""
        response = super().send(client, body)
        self._accepted = True
        return response

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of the publication, with the visibility that the ad has.

        :raises InvalidInputError: as for :class:`PublishJobAd`.
        """
        _refuse_to_make_public(state, "publish", _PUBLISH_OTHERWISE)
        return super().body(state)

    def wanted(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return that the latest edit shows; of an ad that is not published, the state that it is in."""
        # Checked before every send: an ad that somebody unpublishes in between is no longer a difference.
        return super().wanted(state) if _is_published(state) else self.current(state)

    def details(self, state: Mapping[str, Any], response: Any, diffs: list[FieldDiff]) -> dict[str, Any]:
        """Return the posting status, and that nobody has to publish the ad once this has."""
        published = {"needs_publishing": False} if diffs or response is not None else {}
        return published | super().details(state, response, diffs)


class Publishing(Change):
    """Base of the changes to the content of a job ad, which shows only after the ad is published again.

    :param publish: ``never``, or ``if_published`` to publish the ad again if it is published and its latest edit does
        not show, whoever made it. An ad that is not published stays so.
    :param aggregators: whether an ad that is published again goes to free job aggregators as well.
    :param wait_for_completion: wait until SmartRecruiters has published the ad again.
    :param wait_timeout: seconds to wait, 10 to 86,400.
    """

    publish: Annotated[str, one_of(PUBLISH), BeforeValidator(_never_if_blank)] = Field(PUBLISH[0], exclude=True)
    aggregators: bool = Field(True, exclude=True)
    wait_for_completion: bool = Field(True, exclude=True)
    wait_timeout: WaitTimeout = Field(WAIT_TIMEOUT, exclude=True)

    def foreseen(
        self, client: SmartRecruitersClient, lookups: Lookups, state: Mapping[str, Any], *, plan_only: bool
    ) -> dict[str, Any]:
        """Refuse an ad that cannot be published again, before anything is written, if the record that is read is an ad.

        :raises InvalidInputError: as for :class:`PublishJobAd`.
        """
        if self.publishes and "visibility" in state:
            _refuse_to_make_public(state, "publish", _PUBLISH_OTHERWISE)
        return {}

    @property
    def publishes(self) -> bool:
        """Whether the ad is published again, if it is published."""
        return self.publish != PUBLISH[0]

    def published_again(self, job_ad_id: str, *, edited: bool) -> Change:
        """Return the publication that has to follow.

        :param job_ad_id: id of the ad.
        :param edited: whether this change has edited the ad, or would in a plan.
        """
        again = _PublishJobAdAgain(
            job_id=self.target["job_id"],
            job_ad_id=job_ad_id,
            aggregators=self.aggregators,
            wait_for_completion=self.wait_for_completion,
            wait_timeout=self.wait_timeout,
            edited=edited,
        )
        again._labels = self._labels
        return again


class UnpublishJobAd(_PublicationChange):
    """Take a job ad off the career sites and job aggregators.

    Sends ``DELETE /jobs/{jobId}/jobads/{jobAdId}/postings``. API reference:
    https://developers.smartrecruiters.com/reference (operation ``jobs.jobads.postings.unpublish``).

    The default ad takes all other ads of the job with it. The status of the job stays as it is.

    :param job_id: id of the job.
    :param job_ref_number: reference number of the job, instead of ``job_id``.
    :param job_ad_id: id of one of the job's ads.
    :param wait_for_completion: wait until SmartRecruiters has unpublished the ad.
    :param wait_timeout: seconds to wait, 10 to 86,400.
    """

    use_case: ClassVar[str] = "delete_unpublish_job_ad"
    endpoint: ClassVar[str] = f"DELETE {_POSTINGS}"
    not_undone: ClassVar[str] = "the ad may have been edited since it was published last"
    hints: ClassVar[Hints] = hints.UNPUBLICATION

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the posting status, and the visibility, so that a plan is stale if somebody changed it."""
        return {"postingStatus": state.get("postingStatus", UNREAD), "visibility": state.get("visibility")}

    def wanted(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the posting status ``NOT_PUBLISHED``."""
        return {"postingStatus": "NOT_PUBLISHED"}

    def notices(self, state: Mapping[str, Any]) -> Iterator[str]:
        """Yield a notice if the ad is, or may be, the job's default one."""
        if state.get("default", not state) and state.get("postingStatus") != "NOT_PUBLISHED":
            is_default = "This is the default ad of the job" if state else "If this is the default ad of the job"
            yield f"{is_default}: unpublishing it unpublishes all other ads of the job as well."


def _refuse_to_make_public(ad: Mapping[str, Any], argument: str, hint: str) -> None:
    """Refuse to publish an ad again with a visibility that the API does not take: it would become public.

    :param ad: the ad as it was read.
    :param argument: the argument that asks for the publication.
    :param hint: what to do instead.
    :raises InvalidInputError: the ad is published, and its visibility is none of :data:`VISIBILITIES`.
    """
    if _is_published(ad) and ad.get("visibility") not in VISIBILITIES:
        raise InvalidInputError(
            f"The ad is neither {' nor '.join(VISIBILITIES)}, so SmartRecruiters would make it public.",
            hint=hint,
            fields=(argument,),
        )


def _is_published(state: Mapping[str, Any]) -> bool:
    return state.get("postingStatus") == "PUBLISHED"


def _edited_since(state: Mapping[str, Any]) -> bool:
    """Return whether a published ad was edited after it was published; False if that is not known."""
    edited, published = same_instant(state.get("updatedOn")), _newest(state)
    return bool(published and edited) and edited > published


def _newest(state: Mapping[str, Any]) -> str:
    """Return when an ad was published last; empty if that is not known."""
    # In the API's own format, later instants are greater texts.
    return max(
        (same_instant(one["publishedOn"]) for one in state.get("postings", ()) if "publishedOn" in one), default=""
    )
