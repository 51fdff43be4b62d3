"""The change to a job and its default ad."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

from pydantic import model_validator

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.jobs.job import JOB, JobChange, incomplete
from airflow_provider_smartrecruiters.api.lookups import Lookups
from airflow_provider_smartrecruiters.api.names import DEPARTMENT, Finder
from airflow_provider_smartrecruiters.api.publishing import Publishing
from airflow_provider_smartrecruiters.api.record import read_records
from airflow_provider_smartrecruiters.api.records.job_content import (
    SHOWN,
    JobFields,
    compared_job,
    given_job,
    job_input,
    merge,
    missing,
    region_notice,
)
from airflow_provider_smartrecruiters.api.records.job_properties import given_without_copies
from airflow_provider_smartrecruiters.api.values import hints
from airflow_provider_smartrecruiters.api.values.fields import check_json
from airflow_provider_smartrecruiters.api.values.hints import Hints
from airflow_provider_smartrecruiters.exceptions import BadRequestError, InvalidInputError, SmartRecruitersError

_JOB_ADS = f"{JOB}/jobads"
_PROPERTIES = "/configuration/job-properties"


class UpdateJobAndJobAd(Publishing, JobChange):
    """Change a job together with its ad. Only the given parts change; the rest is kept.

    Sends ``PUT /jobs/{jobId}``, which removes every property that is left out. So the job is read, converted to what
    the API accepts, and the given parts are merged into it. After the write the job is read again, because the API
    silently drops properties and values that it does not know. API reference:
    https://developers.smartrecruiters.com/reference (operation ``jobs.update``).

    Changing some fields can start the company's job approval. Career sites, widgets and aggregators show a change of
    the ad only after the ad is published again: with ``publish``, or with :class:`.PublishJobAd`.

    :param job_id: id of the job.
    :param job_ref_number: reference number of the job, instead of ``job_id``.
    :param job: parts to change, by the API's own field names: ``{"title", "refNumber", "targetHiringDate",
        "department": {"id"}, "location": {…}, "industry": {"id"}, "function": {"id"}, "typeOfEmployment": {"id"},
        "experienceLevel": {"id"}, "eeoCategory": {"id"}, "template", "compensation": {…}, "jobAd": {"language":
        {"code"}, "sections": {…}}, "properties": [{"id", "value"}]}``. None as a value removes the member.
        ``properties`` are changed by id; the others are kept. The department may be ``{"label"}`` instead, which is
        looked up with ``GET /configuration/departments`` (scope ``configuration_read``).
    :param replace: send ``job`` as it is, which removes everything that it lacks.
    :param publish: ``never``, or ``if_published`` to publish the default ad again if it is published and its latest
        edit does not show, whoever made it: ``GET /jobs/{jobId}/jobads``, then
        ``POST /jobs/{jobId}/jobads/{jobAdId}/postings``. An ad that is not published stays so.
    :param aggregators: whether an ad that is published again goes to free job aggregators as well.
    :param wait_for_completion: wait until SmartRecruiters has published the ad again.
    :param wait_timeout: seconds to wait, 10 to 86,400.
    """

    use_case: ClassVar[str] = "put_update_job_and_jobad"
    endpoint: ClassVar[str] = f"PUT {JOB}"
    record: ClassVar[str | None] = JOB
    subject: ClassVar[str] = "job {job_id} and its ad"
    ids: ClassVar[tuple[str, ...]] = ("job_id",)
    shown: ClassVar[tuple[str, ...]] = (*SHOWN, "latestEdit")
    enumerated: ClassVar[tuple[str, ...]] = ("latestEdit",)
    whole: ClassVar[bool] = True
    never_removed: ClassVar[tuple[str, ...]] = ("jobAd.language.code",)
    not_undone: ClassVar[str] = "results never hold text that people wrote, and so not the earlier job"
    hints: ClassVar[Hints] = hints.JOB
    required: ClassVar[tuple[str, ...]] = (
        "title",
        "location.countryCode",
        "location.city",
        "industry.id",
        "function.id",
        "experienceLevel.id",
    )

    job: JobFields
    replace: bool = False

    def resolved(self, client: SmartRecruitersClient, lookups: Lookups) -> Self:
        """Return the change with the id of the department, if that is given by its label.

        :param client: client to send with.
        :param lookups: cache of look-ups for the whole batch.
        :raises InvalidInputError: no department has the label, or several have it.
        :raises PermissionDeniedError: the credential may not read the departments.
        """
        department = self.job.department
        if department is None or department.id is not None or department.label is None:
            return self
        argument = "job.department.id"
        found = DEPARTMENT.find(Finder(client, lookups), department.label, argument)
        record = DEPARTMENT.the_one(found, argument)
        named = department.model_copy(update={"id": str(record["id"])})
        change = self.model_copy(update={"job": self.job.model_copy(update={"department": named})})
        change._labels = self._labels | {str(record["id"]): record["label"]}
        return change

    @model_validator(mode="after")
    def _sendable(self) -> Self:
        given = self.job.given()
        if not given:
            raise InvalidInputError("job is empty, so there is nothing to change", fields=("job",))
        check_json(given, "job")
        if self.replace:
            self._check_complete(given)
        return self

    @property
    def needs_read(self) -> str | None:
        """Why a read is required: the write replaces the job, so the rest of it must be sent back."""
        if self.publishes:
            return "what is published must be read, or an ad could be published that is not"
        return None if self.replace else "the rest of the job must be read, or the write would remove it"

    def notices(self, state: Mapping[str, Any]) -> Iterator[str]:
        """Yield a notice if a ``regionCode`` outside the US is given."""
        if notice := region_notice(self.job.location, state.get("location")):
            yield notice

    def current(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parts of the job that a PUT accepts."""
        return job_input(state)

    def body(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the whole job with the given parts merged into it; with ``replace``, the given parts only.

        :raises InvalidInputError: the body lacks a member that the API requires, or a property contradicts the member
            that it repeats.
        """
        given = given_without_copies(given_job(self.job), state)
        if self.replace:
            # Merged into nothing, so that None means the same everywhere: the member is left out, never sent as null.
            return merge({}, given)
        body = merge(job_input(state), given)
        self._check_complete(body)
        return body

    def send(self, client: SmartRecruitersClient, body: dict[str, Any]) -> Any:
        """Send the whole job.

        :raises BadRequestError: among others, a property that the company requires has no value. The error names it, if
            the credential may read ``GET /configuration/job-properties`` (scope ``configuration_read``).
        """
        try:
            return super().send(client, body)
        except BadRequestError as error:
            if error.code == "JOB_PROPERTY_REQUIRED" and (names := _required_without_value(client, body)):
                error.summary += f" Required without a value: {', '.join(names)}."
            raise

    def followed_by(self, client: SmartRecruitersClient, *, writes: bool) -> Change | None:
        """Return the publication of the default ad, if :attr:`publish` asks for it."""
        if not self.publishes:
            return None
        ads = read_records(client, _JOB_ADS, self.path_params, has=("id", "default"))
        default = next((ad["id"] for ad in ads if ad["default"]), None)
        return self.published_again(default, edited=writes) if default else None

    def compared(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Return a job in normal form."""
        return compared_job(content)

    def _check_complete(self, body: Mapping[str, Any]) -> None:
        if absent := missing(body, self.required):
            raise incomplete(absent, within="job.", alone=self.replace)


def _required_without_value(client: SmartRecruitersClient, body: Mapping[str, Any]) -> list[str]:
    given = {item.get("id") for item in body.get("properties", ())}
    try:
        known = list(client.pages(_PROPERTIES, params={"limit": None}))
    except SmartRecruitersError:
        # The names are a help, and the error that they would be in is the one to raise.
        return []
    required = (one for one in known if one.get("required") and one.get("id") not in given)
    return [f"{json.dumps(one.get('label'), ensure_ascii=False)} (id {one.get('id')})" for one in required]
