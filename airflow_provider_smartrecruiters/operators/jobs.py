"""Operators for jobs, their ads, notes and positions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_smartrecruiters.operators.base import SmartRecruitersBaseOperator
from airflow_provider_smartrecruiters.operators.params import as_bool, as_mapping

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from airflow_provider_smartrecruiters.operators.params import Reader


class UpdateJobAdOperator(SmartRecruitersBaseOperator):
    """Change parts of one of a job's ads; what is not given stays as it is.

    Endpoint: ``PUT /jobs/{jobId}/jobads/{jobAdId}``. An ad that is published shows the change only after it is
    published again; the result's ``details`` tell whether it is.

    The mappings are real ones, or text that reads as one, JSON or as Jinja prints a mapping. A blank text counts as not
    given.

    :param job_id: id of the job, text.
    :param job_ad_id: id of the ad within the job, text.
    :param title: the ad's title, text.
    :param language: the ad's language as its code, text: ``en``, ``pt``.
    :param location: the ad's location, a mapping in the API's field names.
    :param job_ad: the ad's sections, a mapping in the API's field names: ``companyDescription``, ``jobDescription``,
        ``qualifications``, ``additionalInformation`` (each with ``title`` and ``text``) and ``videos``.
    :param kwargs: the parameters of :class:`.SmartRecruitersBaseOperator`.
    :raises InvalidInputError: nothing to change is given, or a value cannot be sent; nothing was sent.
    :raises PermissionDeniedError: the credential may not change this job (scope ``jobs_manage``).
    :raises NotFoundError: there is no such job or ad.
    :return: what :meth:`.SmartRecruitersBaseOperator.execute` tells.
    """

    change_name: ClassVar[str] = "jobs.UpdateJobAd"
    parameter_readers: ClassVar[Mapping[str, Reader]] = {
        "location": as_mapping,
        "job_ad": as_mapping,
    }
    template_fields: Sequence[str] = (
        "job_id",
        "job_ad_id",
        "title",
        "language",
        "location",
        "job_ad",
        *SmartRecruitersBaseOperator.template_fields,
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"location": "json", "job_ad": "json"}

    free_text_fields: Sequence[str] = ("title", "location", "job_ad")

    def __init__(
        self,
        *,
        job_id: str,
        job_ad_id: str,
        title: str | None = None,
        language: str | None = None,
        location: dict[str, Any] | str | None = None,
        job_ad: dict[str, Any] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.job_ad_id = job_ad_id
        self.title = title
        self.language = language
        self.location = location
        self.job_ad = job_ad


class UpdateJobAndJobAdOperator(SmartRecruitersBaseOperator):
    """Change parts of a job and of its default ad; what is not given stays as it is.

    Endpoint: ``PUT /jobs/{jobId}``, which replaces the whole job: it is read first, and the changes are laid over what
    is there. The API ignores properties and values that it does not know; the result's ``details`` name them.

    :param job_id: id of the job, text.
    :param job: what to change, a mapping in the API's field names (``title``, ``department``, ``properties``,
        ``jobAd.sections``, ...), or text that reads as one, JSON or as Jinja prints a mapping.
    :param replace: send ``job`` as it is, so that everything it leaves out is removed. Bool, default false.
    :param kwargs: the parameters of :class:`.SmartRecruitersBaseOperator`.
    :raises InvalidInputError: ``job`` is no mapping, is empty, or holds a value that cannot be sent; nothing was sent.
    :raises BadRequestError: the API refused the values, such as a department that does not exist.
    :raises PermissionDeniedError: the credential may not change this job (scope ``jobs_manage``).
    :raises NotFoundError: there is no such job.
    :return: what :meth:`.SmartRecruitersBaseOperator.execute` tells.
    """

    change_name: ClassVar[str] = "jobs.UpdateJobAndJobAd"
    parameter_readers: ClassVar[Mapping[str, Reader]] = {"job": as_mapping, "replace": as_bool}
    template_fields: Sequence[str] = (
        "job_id",
        "job",
        "replace",
        *SmartRecruitersBaseOperator.template_fields,
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"job": "json"}

    free_text_fields: Sequence[str] = ("job",)

    def __init__(self, *, job_id: str, job: dict[str, Any] | str, replace: bool | str = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.job = job
        self.replace = replace


class UpdateJobNoteOperator(SmartRecruitersBaseOperator):
    """Replace a job's note. A job has one, and every member of its hiring team sees it.

    Endpoint: ``PUT /jobs/{jobId}/note``.

    :param job_id: id of the job, text.
    :param content: the whole new note, text of at most 20,000 characters.
    :param kwargs: the parameters of :class:`.SmartRecruitersBaseOperator`.
    :raises InvalidInputError: the id is empty or the note is too long; nothing was sent.
    :raises PermissionDeniedError: the credential may not change this job (scope ``jobs_manage``).
    :raises NotFoundError: there is no such job.
    :return: what :meth:`.SmartRecruitersBaseOperator.execute` tells.
    """

    change_name: ClassVar[str] = "jobs.UpdateJobNote"
    template_fields: Sequence[str] = ("job_id", "content", *SmartRecruitersBaseOperator.template_fields)
    private_fields: Sequence[str] = ("content",)

    def __init__(self, *, job_id: str, content: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.content = content


class UpdateJobPositionOperator(SmartRecruitersBaseOperator):
    """Change one of a job's positions; what is not given keeps its value.

    Endpoint: ``PUT /jobs/{jobId}/positions/{positionId}``.

    :param job_id: id of the job, text.
    :param position_id: id of the position's record within the job, text.
    :param type: ``NEW`` or ``REPLACEMENT``.
    :param position_open_date: when the position opened: a date, a datetime or ISO 8601 text.
    :param target_start_date: when somebody is to start: a date, a datetime or ISO 8601 text.
    :param external_position_id: the company's own text for the position (the API's body calls it ``positionId``).
    :param incumbent_name: name of the person who holds or held the position, text; logged by its length only.
    :param kwargs: the parameters of :class:`.SmartRecruitersBaseOperator`.
    :raises InvalidInputError: nothing to change is given, or a value cannot be sent; nothing was sent.
    :raises PermissionDeniedError: the credential may not change this job (scope ``jobs_manage``).
    :raises NotFoundError: there is no such job or position.
    :return: what :meth:`.SmartRecruitersBaseOperator.execute` tells.
    """

    change_name: ClassVar[str] = "jobs.UpdateJobPosition"
    template_fields: Sequence[str] = (
        "job_id",
        "position_id",
        "type",
        "position_open_date",
        "target_start_date",
        "external_position_id",
        "incumbent_name",
        *SmartRecruitersBaseOperator.template_fields,
    )
    private_fields: Sequence[str] = ("incumbent_name",)

    def __init__(
        self,
        *,
        job_id: str,
        position_id: str,
        type: str | None = None,
        position_open_date: date | str | None = None,
        target_start_date: date | str | None = None,
        external_position_id: str | None = None,
        incumbent_name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.position_id = position_id
        self.type = type
        self.position_open_date = position_open_date
        self.target_start_date = target_start_date
        self.external_position_id = external_position_id
        self.incumbent_name = incumbent_name


class UpdateJobStatusOperator(SmartRecruitersBaseOperator):
    """Set a job's status.

    Endpoint: ``PUT /jobs/{jobId}/status``. ``CANCELLED`` does not unpublish the job.

    :param job_id: id of the job, text.
    :param status: ``CREATED``, ``SOURCING``, ``FILLED``, ``INTERVIEW``, ``OFFER``, ``CANCELLED`` or ``ON_HOLD``.
    :param kwargs: the parameters of :class:`.SmartRecruitersBaseOperator`.
    :raises InvalidInputError: the id is empty or the status is none of the seven; nothing was sent.
    :raises PermissionDeniedError: the credential may not change this job (scope ``jobs_manage``).
    :raises NotFoundError: there is no such job.
    :return: what :meth:`.SmartRecruitersBaseOperator.execute` tells.
    """

    change_name: ClassVar[str] = "jobs.UpdateJobStatus"
    template_fields: Sequence[str] = ("job_id", "status", *SmartRecruitersBaseOperator.template_fields)

    def __init__(self, *, job_id: str, status: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.status = status
