"""Operators for jobs, their ads, notes and positions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_smartrecruiters.operators.base import SmartRecruitersBaseOperator
from airflow_provider_smartrecruiters.operators.common.params import as_bool, as_list, as_mapping

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from airflow_provider_smartrecruiters.operators.common.params import Reader


_PUBLISHING_READERS: Mapping[str, Reader] = {"aggregators": as_bool, "wait_for_completion": as_bool}
"""Parsers of the parameters about publishing an ad again."""


class UpdateJobAdOperator(SmartRecruitersBaseOperator):
    """Change parts of one of a job's ads.

    Parts that are not given stay as they are. A published ad shows the change only after it is published again: with
    ``publish="if_published"`` this task does so, else ``details`` in the result says whether that is needed
    (``needs_publishing``).

    A mapping may also be text in mapping form, JSON or as Jinja prints a mapping. Blank text counts as not given.

    .. code-block:: python

        UpdateJobAdOperator(
            task_id="update_job_ad",
            job_id="{{ params.job_id }}",
            job_ad_id="{{ params.job_ad_id }}",
            title="Platform Engineer (all genders)",
            job_ad={"qualifications": {"text": "<p>Five years of practice.</p>"}},
        )

    Endpoint: ``PUT /jobs/{jobId}/jobads/{jobAdId}``

    API reference: https://developers.smartrecruiters.com/reference

    :param job_id: id of the job, text.
    :param job_ad_id: id of the ad within the job, text.
    :param title: title of the ad, text. Default ``None``.
    :param language: code of the ad's language, text: ``en``, ``pt``. Default ``None``.
    :param location: location of the ad, a mapping in the API's field names; ``region`` (a name) rather than
        ``regionCode`` outside the US. Default ``None``.
    :param job_ad: sections of the ad, a mapping in the API's field names: ``companyDescription``, ``jobDescription``,
        ``qualifications``, ``additionalInformation`` (each with ``title`` and ``text``, of at most 24,999 characters)
        and ``videos``. Default ``None``.
    :param job_ref_number: reference number of the job (``REF12``), text, instead of ``job_id``. The list of jobs is
        looked through for it. Default ``None``.
    :param publish: ``never`` (default), or ``if_published``: if the ad is published and its latest edit does not show,
        publish it again, whoever made the edit. An ad that is not published stays so. Text.
    :param aggregators: publish on free job aggregators as well. Bool, default true. Only with ``publish``.
    :param wait_for_completion: wait until the ad is published again. Bool, default true. Only with ``publish``.
    :param wait_timeout: seconds to wait, 10 to 86,400. Int, default 600. Only with ``publish``.
    :param kwargs: the parameters of :class:`.SmartRecruitersBaseOperator`.
    :raises InvalidInputError: no change is given, or a value cannot be sent; nothing was sent.
    :raises CompletionTimeoutError: SmartRecruiters accepted the publication, but did not publish the ad in time. A
        retry reads first.
    :raises PermissionDeniedError: the job does not exist, or the credential may not change it (scope ``jobs_manage``).
    :raises NotFoundError: the job or the ad does not exist.
    :return: the result of :meth:`.SmartRecruitersBaseOperator.execute`.
    """

    change_name: ClassVar[str] = "jobs.UpdateJobAd"
    parameter_readers: ClassVar[Mapping[str, Reader]] = {
        "location": as_mapping,
        "job_ad": as_mapping,
        **_PUBLISHING_READERS,
    }
    template_fields_renderers: ClassVar[dict[str, str]] = {"location": "json", "job_ad": "json"}

    free_text_fields: Sequence[str] = ("title", "location", "job_ad")

    def __init__(
        self,
        *,
        job_id: str | None = None,
        job_ad_id: str,
        title: str | None = None,
        language: str | None = None,
        location: dict[str, Any] | str | None = None,
        job_ad: dict[str, Any] | str | None = None,
        job_ref_number: str | None = None,
        publish: str = "never",
        aggregators: bool | str = True,
        wait_for_completion: bool | str = True,
        wait_timeout: int | str = 600,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.job_ad_id = job_ad_id
        self.title = title
        self.language = language
        self.location = location
        self.job_ad = job_ad
        self.job_ref_number = job_ref_number
        self.publish = publish
        self.aggregators = aggregators
        self.wait_for_completion = wait_for_completion
        self.wait_timeout = wait_timeout


class UpdateJobAndJobAdOperator(SmartRecruitersBaseOperator):
    """Change parts of a job and of its default ad.

    The endpoint replaces the whole job. The operator therefore reads the job, lays the changes over it, and sends the
    result back, so that fields that are not given keep their values. The API ignores properties and values that it
    does not know; ``details`` in the result names them (``ignored``). A published ad shows the change only after it is
    published again, which ``publish="if_published"`` does.

    .. code-block:: python

        UpdateJobAndJobAdOperator(
            task_id="postpone_hiring",
            job_id="{{ params.job_id }}",
            job={"targetHiringDate": "2027-03-01T00:00:00.000Z"},
        )

    Endpoint: ``PUT /jobs/{jobId}``

    API reference (``PATCH`` of the same record): https://developers.smartrecruiters.com/reference/jobspatch-1

    :param job_id: id of the job, text.
    :param job: what to change, a mapping in the API's field names (``title``, ``department``, ``properties``,
        ``jobAd.sections``, ...), or text in mapping form, JSON or as Jinja prints a mapping. The department may be
        ``{"label": ...}`` in place of ``{"id": ...}``. The text of a section has at most 24,999 characters.
    :param replace: send ``job`` as it is; the API then removes everything that ``job`` leaves out. Bool, default false.
    :param job_ref_number: reference number of the job (``REF12``), text, instead of ``job_id``. The list of jobs is
        looked through for it. Default ``None``.
    :param publish: ``never`` (default), or ``if_published``: if the default ad is published and its latest edit does
        not show, publish it again, whoever made the edit. An ad that is not published stays so. Text.
    :param aggregators: publish on free job aggregators as well. Bool, default true. Only with ``publish``.
    :param wait_for_completion: wait until the ad is published again. Bool, default true. Only with ``publish``.
    :param wait_timeout: seconds to wait, 10 to 86,400. Int, default 600. Only with ``publish``.
    :param kwargs: the parameters of :class:`.SmartRecruitersBaseOperator`.
    :raises InvalidInputError: ``job`` is not a mapping, is empty, or holds a value that cannot be sent; nothing was
        sent.
    :raises BadRequestError: the API refused the values, for example a department that does not exist.
    :raises CompletionTimeoutError: SmartRecruiters accepted the publication, but did not publish the ad in time. A
        retry reads first.
    :raises PermissionDeniedError: the job does not exist, or the credential may not change it (scope ``jobs_manage``).
    :raises NotFoundError: SmartRecruiters does not find the job (404).
    :return: the result of :meth:`.SmartRecruitersBaseOperator.execute`.
    """

    change_name: ClassVar[str] = "jobs.UpdateJobAndJobAd"
    parameter_readers: ClassVar[Mapping[str, Reader]] = {
        "job": as_mapping,
        "replace": as_bool,
        **_PUBLISHING_READERS,
    }
    template_fields_renderers: ClassVar[dict[str, str]] = {"job": "json"}

    free_text_fields: Sequence[str] = ("job",)

    def __init__(
        self,
        *,
        job_id: str | None = None,
        job: dict[str, Any] | str,
        replace: bool | str = False,
        job_ref_number: str | None = None,
        publish: str = "never",
        aggregators: bool | str = True,
        wait_for_completion: bool | str = True,
        wait_timeout: int | str = 600,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.job = job
        self.replace = replace
        self.job_ref_number = job_ref_number
        self.publish = publish
        self.aggregators = aggregators
        self.wait_for_completion = wait_for_completion
        self.wait_timeout = wait_timeout


class UpdateJobNoteOperator(SmartRecruitersBaseOperator):
    """Replace a job's note.

    A job has one note, and every member of its hiring team sees it. The previous text is lost.

    .. code-block:: python

        UpdateJobNoteOperator(
            task_id="update_note",
            job_id="{{ params.job_id }}",
            content="Hiring manager back on Monday.",
        )

    Endpoint: ``PUT /jobs/{jobId}/note``

    API guide: https://developers.smartrecruiters.com/docs/synchronizing-jobs

    :param job_id: id of the job, text.
    :param content: the whole new note, text of at most 20,000 characters.
    :param job_ref_number: reference number of the job (``REF12``), text, instead of ``job_id``. The list of jobs is
        looked through for it. Default ``None``.
    :param kwargs: the parameters of :class:`.SmartRecruitersBaseOperator`.
    :raises InvalidInputError: the id is empty, or the note is empty or too long; nothing was sent.
    :raises PermissionDeniedError: the job does not exist, or the credential may not change it (scope ``jobs_manage``).
    :raises NotFoundError: SmartRecruiters does not find the job (404).
    :return: the result of :meth:`.SmartRecruitersBaseOperator.execute`.
    """

    change_name: ClassVar[str] = "jobs.UpdateJobNote"
    private_fields: Sequence[str] = ("content",)

    def __init__(
        self,
        *,
        job_id: str | None = None,
        content: str,
        job_ref_number: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.content = content
        self.job_ref_number = job_ref_number


class UpdateJobPositionOperator(SmartRecruitersBaseOperator):
    """Change one of a job's positions.

    Parameters that are not given keep their values.

    .. code-block:: python

        UpdateJobPositionOperator(
            task_id="update_position",
            job_id="{{ params.job_id }}",
            position_id="{{ params.position_id }}",
            target_start_date="2027-02-01",
        )

    Endpoint: ``PUT /jobs/{jobId}/positions/{positionId}``

    API reference: https://developers.smartrecruiters.com/reference

    :param job_id: id of the job, text.
    :param position_id: id of the position's record within the job, text.
    :param type: ``NEW`` or ``REPLACEMENT``. Default ``None``.
    :param position_open_date: when the position opened: a date, a datetime or ISO 8601 text. Default ``None``.
    :param target_start_date: when the new colleague should start: a date, a datetime or ISO 8601 text. Default
        ``None``.
    :param external_position_id: the company's own id of the position, text (``positionId`` in the API's body). Default
        ``None``.
    :param incumbent_name: name of the person who holds or held the position, text. The log shows only its length.
        Default ``None``.
    :param clear_fields: names of parameters whose current value to remove, a list of ``external_position_id`` and
        ``incumbent_name``. Default ``None``.
    :param job_ref_number: reference number of the job (``REF12``), text, instead of ``job_id``. The list of jobs is
        looked through for it. Default ``None``.
    :param kwargs: the parameters of :class:`.SmartRecruitersBaseOperator`.
    :raises InvalidInputError: no change is given, or a value cannot be sent; nothing was sent.
    :raises PermissionDeniedError: the job does not exist, or the credential may not change it (scope ``jobs_manage``).
    :raises NotFoundError: the job or the position does not exist.
    :return: the result of :meth:`.SmartRecruitersBaseOperator.execute`.
    """

    change_name: ClassVar[str] = "jobs.UpdateJobPosition"
    parameter_readers: ClassVar[Mapping[str, Reader]] = {"clear_fields": as_list}
    private_fields: Sequence[str] = ("incumbent_name",)

    def __init__(
        self,
        *,
        job_id: str | None = None,
        position_id: str,
        type: str | None = None,
        position_open_date: date | str | None = None,
        target_start_date: date | str | None = None,
        external_position_id: str | None = None,
        incumbent_name: str | None = None,
        clear_fields: list[str] | str | None = None,
        job_ref_number: str | None = None,
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
        self.clear_fields = clear_fields
        self.job_ref_number = job_ref_number


class UpdateJobStatusOperator(SmartRecruitersBaseOperator):
    """Set a job's status.

    ``FILLED``, ``CANCELLED`` and ``ON_HOLD`` do not unpublish the job: its ads stay on the career site until somebody
    unpublishes them. ``details`` in the result says so (``notice``), also if the current status is ``OTHER``, which may
    be a pending approval.

    .. code-block:: python

        UpdateJobStatusOperator(
            task_id="pause_job",
            job_id="{{ params.job_id }}",
            status="ON_HOLD",
        )

    Endpoint: ``PUT /jobs/{jobId}/status``

    API guide: https://developers.smartrecruiters.com/docs/synchronizing-jobs

    :param job_id: id of the job, text.
    :param status: ``CREATED``, ``SOURCING``, ``FILLED``, ``INTERVIEW``, ``OFFER``, ``CANCELLED`` or ``ON_HOLD``.
    :param job_ref_number: reference number of the job (``REF12``), text, instead of ``job_id``. The list of jobs is
        looked through for it. Default ``None``.
    :param kwargs: the parameters of :class:`.SmartRecruitersBaseOperator`.
    :raises InvalidInputError: the id is empty, or the status is not one of the seven; nothing was sent.
    :raises PermissionDeniedError: the job does not exist, or the credential may not change it (scope ``jobs_manage``).
    :raises NotFoundError: SmartRecruiters does not find the job (404).
    :return: the result of :meth:`.SmartRecruitersBaseOperator.execute`.
    """

    change_name: ClassVar[str] = "jobs.UpdateJobStatus"

    def __init__(
        self,
        *,
        job_id: str | None = None,
        status: str,
        job_ref_number: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.status = status
        self.job_ref_number = job_ref_number
