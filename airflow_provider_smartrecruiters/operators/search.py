"""Search operators: applications, jobs, job ads and positions, as items of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_smartrecruiters.operators.common.params import as_bool, as_one_or_more
from airflow_provider_smartrecruiters.operators.finding.operator import SearchOperator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow_provider_smartrecruiters.operators.common.params import Reader

__all__ = [
    "SearchApplicationsOperator",
    "SearchJobAdsOperator",
    "SearchJobPositionsOperator",
    "SearchJobsOperator",
]


class SearchApplicationsOperator(SearchOperator):
    """Find applications: their status, job, source, the candidate's tags, and when the candidate was last updated.

    The items have ``candidate_id`` and ``job_id``. A candidate may match by any of several applications, and the list
    of candidates has the status of the first one only; the others are read before they count. What the API does not
    say for certain is left out: the log warns, and the XCom ``counts`` has the number as ``undecided``. Filters apply
    together; the values of one filter are alternatives.

    .. code-block:: python

        SearchApplicationsOperator(
            task_id="find_stale_applications",
            job_ids="{{ params.job_id }}",
            statuses=["NEW", "IN_REVIEW"],
            not_updated_for_days=90,
            results_path="s3://aws_default@hr/stale/{{ run_id }}.jsonl",
        )

    Endpoint: ``GET /candidates``

    API reference: https://developers.smartrecruiters.com/reference/candidatesall-1

    :param job_ids: applications to these jobs: one id, a list of ids, or the items that :class:`.SearchJobsOperator`
        found. Default ``None``: to all jobs.
    :param statuses: status of the application, a list or one of ``LEAD``, ``NEW``, ``IN_REVIEW``, ``INTERVIEW``,
        ``OFFERED``, ``HIRED``, ``REJECTED``, ``WITHDRAWN`` and ``TRANSFERRED``. Default ``None``.
    :param sub_status: name of a step of the hiring process, text; only with ``statuses``. Default ``None``.
    :param tags: tags of the candidate, a list or one text, in upper or lower case. Default ``None``.
    :param q: keywords, text. Words are alternatives, in any of their forms; an exact text goes in quotation marks.
        Default ``None``.
    :param email_address: e-mail address of the candidate, text, in upper or lower case; compared exactly. Not with
        ``q``. Default ``None``.
    :param locations: words in the candidate's location, a list or one text. Default ``None``.
    :param average_ratings: average rating of the candidate, whole numbers from 1 to 5. SmartRecruiters deprecates this
        filter. Default ``None``.
    :param consent_statuses: a list or one of ``REQUIRED``, ``PENDING`` and ``ACQUIRED``. Default ``None``.
    :param onboarding_status: ``READY_TO_ONBOARD``, ``ONBOARDING_SUCCESSFUL`` or ``ONBOARDING_FAILED``. Default
        ``None``.
    :param sources: sources of the application, a list of mappings with ``source_type_id``, ``source_id`` and, if the
        type has subtypes, ``source_sub_type_id``. Default ``None``.
    :param properties: values of single-select fields, a list of mappings with ``property_id`` and
        ``property_value_id``. Default ``None``.
    :param screening_answers: answers to screening questions, a list of mappings with ``question_category``,
        ``question_field_id`` and ``question_field_value_id``. Default ``None``.
    :param updated_after: last update of the candidate after this time: a datetime, a date or ISO 8601 text; UTC without
        an offset. Default ``None``.
    :param updated_before: last update of the candidate at this time or before, in the same formats. Default ``None``.
    :param not_updated_for_days: last update of the candidate this many days before the search began, or longer ago. A
        number above 0. Not with ``updated_before``. Default ``None``.
    :param one_per: ``application`` (default), or ``candidate`` for items with ``candidate_id`` alone, as operators for
        tags take them.
    :param kwargs: the parameters of :class:`.SearchOperator`.
    :raises InvalidInputError: a filter cannot be used, for example because a template rendered it to nothing; nothing
        was sent.
    :raises PermissionDeniedError: the credential may not read candidates (scope ``candidates_read``).
    :raises BadRequestError: the company does not use ``onboarding_status``.
    :return: the result of :meth:`.SearchOperator.execute`.
    """

    search_name: ClassVar[str] = "search_applications.SearchApplications"
    parameter_readers: ClassVar[Mapping[str, Reader]] = dict.fromkeys(
        (
            "job_ids",
            "statuses",
            "tags",
            "locations",
            "average_ratings",
            "consent_statuses",
            "sources",
            "properties",
            "screening_answers",
        ),
        as_one_or_more,
    )
    private_fields: Sequence[str] = ("tags", "q", "email_address")

    def __init__(
        self,
        *,
        job_ids: Sequence[str | Mapping[str, str]] | str | None = None,
        statuses: list[str] | str | None = None,
        sub_status: str | None = None,
        tags: list[str] | str | None = None,
        q: str | None = None,
        email_address: str | None = None,
        locations: list[str] | str | None = None,
        average_ratings: list[int] | int | str | None = None,
        consent_statuses: list[str] | str | None = None,
        onboarding_status: str | None = None,
        sources: list[dict[str, str]] | str | None = None,
        properties: list[dict[str, str]] | str | None = None,
        screening_answers: list[dict[str, str]] | str | None = None,
        updated_after: datetime | str | None = None,
        updated_before: datetime | str | None = None,
        not_updated_for_days: float | str | None = None,
        one_per: str = "application",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_ids = job_ids
        self.statuses = statuses
        self.sub_status = sub_status
        self.tags = tags
        self.q = q
        self.email_address = email_address
        self.locations = locations
        self.average_ratings = average_ratings
        self.consent_statuses = consent_statuses
        self.onboarding_status = onboarding_status
        self.sources = sources
        self.properties = properties
        self.screening_answers = screening_answers
        self.updated_after = updated_after
        self.updated_before = updated_before
        self.not_updated_for_days = not_updated_for_days
        self.one_per = one_per


class SearchJobsOperator(SearchOperator):
    """Find jobs: their status, department, place, publication and when they were last updated.

    The items have ``job_id``. Filters apply together; the values of one filter are alternatives.

    .. code-block:: python

        SearchJobsOperator(
            task_id="find_stale_jobs",
            statuses=["SOURCING", "INTERVIEW"],
            departments="Engineering",
            not_updated_for_days=180,
        )

    Endpoint: ``GET /jobs``

    API reference: https://developers.smartrecruiters.com/reference

    :param statuses: a list or one of ``CREATED``, ``SOURCING``, ``FILLED``, ``INTERVIEW``, ``OFFER``, ``CANCELLED`` and
        ``ON_HOLD``. Default ``None``.
    :param q: words in the title, text, in upper or lower case. Default ``None``.
    :param departments: labels of departments, a list or one text, as they are written. Default ``None``.
    :param cities: cities, a list or one text, as they are written. Default ``None``.
    :param posting_status: ``PUBLIC``, ``INTERNAL``, ``PRIVATE`` or ``NOT_PUBLISHED``. Default ``None``.
    :param language: code of the language of the job's ad, text. Default ``None``.
    :param hiring_team_ids: ids of users, a list or one text: jobs with at least one of them in the hiring team.
        Default ``None``.
    :param updated_after: last update of the job after this time: a datetime, a date or ISO 8601 text; UTC without an
        offset. Default ``None``.
    :param last_activity_after: last update of the job, of an application to it or of its publication after this time,
        in the same formats. Default ``None``.
    :param updated_before: last update of the job at this time or before, in the same formats. Default ``None``.
    :param not_updated_for_days: last update of the job this many days before the search began, or longer ago. A number
        above 0. Not with ``updated_before``. Default ``None``.
    :param kwargs: the parameters of :class:`.SearchOperator`.
    :raises InvalidInputError: a filter cannot be used, for example because a template rendered it to nothing; nothing
        was sent.
    :raises PermissionDeniedError: the credential may not read jobs (scope ``jobs_read``).
    :return: the result of :meth:`.SearchOperator.execute`.
    """

    search_name: ClassVar[str] = "search_jobs.SearchJobs"
    parameter_readers: ClassVar[Mapping[str, Reader]] = dict.fromkeys(
        ("statuses", "departments", "cities", "hiring_team_ids"), as_one_or_more
    )
    private_fields: Sequence[str] = ("q",)

    def __init__(
        self,
        *,
        statuses: list[str] | str | None = None,
        q: str | None = None,
        departments: list[str] | str | None = None,
        cities: list[str] | str | None = None,
        posting_status: str | None = None,
        language: str | None = None,
        hiring_team_ids: list[str] | str | None = None,
        updated_after: datetime | str | None = None,
        last_activity_after: datetime | str | None = None,
        updated_before: datetime | str | None = None,
        not_updated_for_days: float | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.statuses = statuses
        self.q = q
        self.departments = departments
        self.cities = cities
        self.posting_status = posting_status
        self.language = language
        self.hiring_team_ids = hiring_team_ids
        self.updated_after = updated_after
        self.last_activity_after = last_activity_after
        self.updated_before = updated_before
        self.not_updated_for_days = not_updated_for_days


class SearchJobAdsOperator(SearchOperator):
    """Find the ads of some jobs: whether they are published, for whom, and in which language.

    The items have ``job_id`` and ``job_ad_id``. One request is sent for each job.

    .. code-block:: python

        SearchJobAdsOperator(
            task_id="find_unpublished_ads",
            job_ids="{{ ti.xcom_pull('find_stale_jobs') }}",
            posting_status="NOT_PUBLISHED",
        )

    Endpoint: ``GET /jobs/{jobId}/jobads``

    API reference: https://developers.smartrecruiters.com/reference

    :param job_ids: the jobs: one id, a list of ids, or the items that :class:`.SearchJobsOperator` found.
    :param posting_status: ``PUBLISHED`` or ``NOT_PUBLISHED``. Default ``None``.
    :param visibility: ``PUBLIC``, ``INTERNAL`` or ``PRIVATE``. Default ``None``.
    :param languages: codes of languages, a list or one text. Default ``None``.
    :param default: only the default ad of each job (true), or only the others (false). Default ``None``: all ads.
    :param updated_before: last update of the ad at this time or before: a datetime, a date or ISO 8601 text; UTC
        without an offset. Default ``None``.
    :param not_updated_for_days: last update of the ad this many days before the search began, or longer ago. A number
        above 0. Not with ``updated_before``. Default ``None``.
    :param kwargs: the parameters of :class:`.SearchOperator`.
    :raises InvalidInputError: a filter cannot be used, for example because a template rendered it to nothing; nothing
        was sent.
    :raises NotFoundError: one of the jobs does not exist.
    :raises PermissionDeniedError: the credential may not read one of the jobs (scope ``jobs_read``).
    :return: the result of :meth:`.SearchOperator.execute`.
    """

    search_name: ClassVar[str] = "search_jobs.SearchJobAds"
    parameter_readers: ClassVar[Mapping[str, Reader]] = {
        "job_ids": as_one_or_more,
        "languages": as_one_or_more,
        "default": as_bool,
    }

    def __init__(
        self,
        *,
        job_ids: Sequence[str | Mapping[str, str]] | str,
        posting_status: str | None = None,
        visibility: str | None = None,
        languages: list[str] | str | None = None,
        default: bool | str | None = None,
        updated_before: datetime | str | None = None,
        not_updated_for_days: float | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_ids = job_ids
        self.posting_status = posting_status
        self.visibility = visibility
        self.languages = languages
        self.default = default
        self.updated_before = updated_before
        self.not_updated_for_days = not_updated_for_days


class SearchJobPositionsOperator(SearchOperator):
    """Find the positions of some jobs: their type, status, and the company's own id.

    The items have ``job_id`` and ``position_id``. One request is sent for each job.

    .. code-block:: python

        SearchJobPositionsOperator(
            task_id="find_positions",
            job_ids=["{{ params.job_id }}"],
            types="REPLACEMENT",
        )

    Endpoint: ``GET /jobs/{jobId}/positions``

    API reference: https://developers.smartrecruiters.com/reference

    :param job_ids: the jobs: one id, a list of ids, or the items that :class:`.SearchJobsOperator` found.
    :param types: a list or one of ``NEW`` and ``REPLACEMENT``. Default ``None``.
    :param statuses: a list or one text, as SmartRecruiters writes them: its documentation does not list the statuses
        of positions. Default ``None``.
    :param external_position_ids: the company's own ids of positions, a list or one text. Default ``None``.
    :param kwargs: the parameters of :class:`.SearchOperator`.
    :raises InvalidInputError: a filter cannot be used, for example because a template rendered it to nothing; nothing
        was sent.
    :raises PermissionDeniedError: one of the jobs does not exist, or the credential may not read it (scope
        ``jobs_read``).
    :return: the result of :meth:`.SearchOperator.execute`.
    """

    search_name: ClassVar[str] = "search_jobs.SearchJobPositions"
    parameter_readers: ClassVar[Mapping[str, Reader]] = dict.fromkeys(
        ("job_ids", "types", "statuses", "external_position_ids"), as_one_or_more
    )

    def __init__(
        self,
        *,
        job_ids: Sequence[str | Mapping[str, str]] | str,
        types: list[str] | str | None = None,
        statuses: list[str] | str | None = None,
        external_position_ids: list[str] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_ids = job_ids
        self.types = types
        self.statuses = statuses
        self.external_position_ids = external_position_ids
