"""Operators for candidates and their applications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_smartrecruiters.operators.base import SmartRecruitersBaseOperator
from airflow_provider_smartrecruiters.operators.common.params import as_bool, as_list

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from airflow_provider_smartrecruiters.operators.common.params import Reader


class UpdateCandidateTagsOperator(SmartRecruitersBaseOperator):
    """Set a candidate's tags, or add and remove single tags.

    Give either ``tags`` (the whole new set) or ``add`` and ``remove``. With ``add`` alone the operator sends
    ``POST /candidates/{id}/tags``, which keeps tags that others add at the same time; every other change reads the tags
    and writes the whole set.

    A list may also be text in list form, JSON or as Jinja prints a list: ``'["a", "b"]'``. A plain word is refused, not
    split. Blank text counts as not given.

    SmartRecruiters keeps a new tag for the whole company for good. ``plan_only`` names the tags that are new, and
    ``create_tags=False`` refuses them, as far as a search of the company's candidates can tell.

    .. code-block:: python

        UpdateCandidateTagsOperator(
            task_id="tag_candidate",
            candidate_id="{{ params.candidate_id }}",
            add=["interviewed"],
            remove=["to-contact"],
        )

    Endpoint: ``PUT /candidates/{id}/tags``

    API reference: https://developers.smartrecruiters.com/reference

    :param candidate_id: id of the candidate, text.
    :param tags: the whole new set of tags, a list of texts; ``[]`` removes all tags. Default ``None``. Cannot be
        combined with ``add`` or ``remove``.
    :param add: tags to add, a list of texts. Default ``None``.
    :param remove: tags to remove, a list of texts. Tags that the candidate does not have are ignored. Default ``None``.
    :param create_tags: write tags that no candidate of the company has. With ``False`` they are refused, named by their
        places (``add[0]``); a blank value is refused, too. Bool, default true.
    :param kwargs: the parameters of :class:`.SmartRecruitersBaseOperator`.
    :raises InvalidInputError: none of the three lists is given, they exclude each other, one is not a list, or a tag is
        new and ``create_tags`` is false; nothing was sent.
    :raises PermissionDeniedError: the credential may not change this candidate (scope ``candidates_manage``).
    :raises NotFoundError: the candidate does not exist.
    :return: the result of :meth:`.SmartRecruitersBaseOperator.execute`.
    """

    change_name: ClassVar[str] = "candidates.UpdateCandidateTags"
    parameter_readers: ClassVar[Mapping[str, Reader]] = {
        "tags": as_list,
        "add": as_list,
        "remove": as_list,
        "create_tags": as_bool,
    }
    template_fields_renderers: ClassVar[dict[str, str]] = {"tags": "json", "add": "json", "remove": "json"}
    private_fields: Sequence[str] = ("tags", "add", "remove")

    def __init__(
        self,
        *,
        candidate_id: str,
        tags: list[str] | str | None = None,
        add: list[str] | str | None = None,
        remove: list[str] | str | None = None,
        create_tags: bool | str = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.candidate_id = candidate_id
        self.tags = tags
        self.add = add
        self.remove = remove
        self.create_tags = create_tags


class UpdateCandidateJobStatusOperator(SmartRecruitersBaseOperator):
    """Move a candidate's application for one job to another status.

    The candidate's applications for other jobs stay as they are. The company's settings decide whether a rejection or
    a withdrawal needs a reason. A label
    given as ``reason`` is looked up with ``GET /configuration/rejection-reasons`` or ``/withdrawal-reasons``.

    .. code-block:: python

        UpdateCandidateJobStatusOperator(
            task_id="invite_to_interview",
            candidate_id="{{ params.candidate_id }}",
            job_id="{{ params.job_id }}",
            status="INTERVIEW",
        )

    Endpoint: ``PUT /candidates/{id}/jobs/{jobId}/status``

    API reference: https://developers.smartrecruiters.com/reference/candidatesstatusupdate-1

    :param candidate_id: id of the candidate, text.
    :param job_id: id of the job that the candidate is assigned to, text.
    :param status: ``LEAD``, ``NEW``, ``IN_REVIEW``, ``INTERVIEW``, ``OFFERED``, ``HIRED``, ``REJECTED``, ``WITHDRAWN``
        or ``TRANSFERRED``.
    :param sub_status: name of a step of the job's hiring process within the status, text. One that no hiring process of
        the company has is refused, as far as the credential may read them. Default ``None``.
    :param starts_on: first working day, with ``HIRED``: a date, a datetime or ISO 8601 text. Midnight is that day, in
        any time zone. Default ``None``.
    :param reason_id: id of a rejection reason (with ``REJECTED``) or of a withdrawal reason (with ``WITHDRAWN``), text.
        Default ``None``.
    :param clear_fields: names of parameters whose current value to remove, a list of ``sub_status`` and ``starts_on``.
        Default ``None``.
    :param reason: label of a rejection or withdrawal reason, text, in upper or lower case, instead of ``reason_id``.
        Default ``None``.
    :param job_ref_number: reference number of the job (``REF12``), text, instead of ``job_id``. The list of jobs is
        looked through for it. Default ``None``.
    :param kwargs: the parameters of :class:`.SmartRecruitersBaseOperator`.
    :raises InvalidInputError: a value cannot be sent, or only goes with another status; nothing was sent.
    :raises BadRequestError: the API refused the values, for example because a required reason is missing.
    :raises PermissionDeniedError: the candidate does not exist, or the credential may not change the application (scope
        ``candidates_manage``).
    :raises NotFoundError: the candidate is not assigned to the job, or does not exist.
    :return: the result of :meth:`.SmartRecruitersBaseOperator.execute`.
    """

    change_name: ClassVar[str] = "candidates.UpdateCandidateJobStatus"
    parameter_readers: ClassVar[Mapping[str, Reader]] = {"clear_fields": as_list}

    def __init__(
        self,
        *,
        candidate_id: str,
        job_id: str | None = None,
        status: str,
        sub_status: str | None = None,
        starts_on: date | str | None = None,
        reason_id: str | None = None,
        clear_fields: list[str] | str | None = None,
        reason: str | None = None,
        job_ref_number: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.candidate_id = candidate_id
        self.job_id = job_id
        self.status = status
        self.sub_status = sub_status
        self.starts_on = starts_on
        self.reason_id = reason_id
        self.clear_fields = clear_fields
        self.reason = reason
        self.job_ref_number = job_ref_number


class UpdateCandidateSourceOperator(SmartRecruitersBaseOperator):
    """Set the source of a candidate's application for one job.

    The current source is read from the application's link to it. If only the subtype may differ, the link is followed
    (scope ``configuration_read``). Where the API returns no link, or it cannot be followed, the operator writes on
    every run, ``changed`` in the result is ``None`` (unknown), and ``details.unread`` names the fields that were not
    compared.

    .. code-block:: python

        UpdateCandidateSourceOperator(
            task_id="set_source",
            candidate_id="{{ params.candidate_id }}",
            job_id="{{ params.job_id }}",
            source_type_id="REFERRAL",
            source_id="11",
        )

    Endpoint: ``PUT /candidates/{id}/jobs/{jobId}/source``

    API reference (the ids of sources): https://developers.smartrecruiters.com/reference/candidatesaddtojob-1

    :param candidate_id: id of the candidate, text.
    :param job_id: id of the job that the candidate is assigned to, text.
    :param source_type_id: id of the source type, text. ``GET /configuration/sources`` lists them.
    :param source_id: ``id`` (not ``sourceIdentifier``) of the source within its type, text.
        ``GET /configuration/sources/{sourceType}/values`` lists them.
    :param source_sub_type_id: id of the source's subtype, text. Required if the type has subtypes, but for a
        ``source`` of one subtype alone. Default ``None``.
    :param source_type: label of the source type, text, in upper or lower case, instead of ``source_type_id``. Default
        ``None``.
    :param source: label of the source within its type, text, in upper or lower case, instead of ``source_id``. Default
        ``None``.
    :param job_ref_number: reference number of the job (``REF12``), text, instead of ``job_id``. The list of jobs is
        looked through for it. Default ``None``.
    :param kwargs: the parameters of :class:`.SmartRecruitersBaseOperator`.
    :raises InvalidInputError: an id is empty, or a label matches none or several of the company's sources; no write was
        sent.
    :raises BadRequestError: ``INVALID_SOURCE_TYPE``, ``SUBTYPE_REQUIRED`` or ``INVALID_SOURCE``.
    :raises AuthenticationError: the API does not accept the credential for this candidate.
    :raises PermissionDeniedError: the credential may not change this candidate (scope ``candidates_manage``), or
        not read it (scope ``candidates_read``).
    :raises NotFoundError: the candidate is not assigned to the job, or does not exist.
    :return: the result of :meth:`.SmartRecruitersBaseOperator.execute`.
    """

    change_name: ClassVar[str] = "candidates.UpdateCandidateSource"

    def __init__(
        self,
        *,
        candidate_id: str,
        job_id: str | None = None,
        source_type_id: str | None = None,
        source_id: str | None = None,
        source_sub_type_id: str | None = None,
        source_type: str | None = None,
        source: str | None = None,
        job_ref_number: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.candidate_id = candidate_id
        self.job_id = job_id
        self.source_type_id = source_type_id
        self.source_id = source_id
        self.source_sub_type_id = source_sub_type_id
        self.source_type = source_type
        self.source = source
        self.job_ref_number = job_ref_number


class RejectApplicationOperator(SmartRecruitersBaseOperator):
    """Reject a candidate's application for one job.

    The candidate's applications for other jobs stay as they are. The candidate sees the rejection in the Candidate
    Portal at once. A label given as ``reason`` is looked up with ``GET /configuration/rejection-reasons``. The
    company's settings decide whether a reason is required.

    .. code-block:: python

        RejectApplicationOperator(
            task_id="reject_application",
            candidate_id="{{ params.candidate_id }}",
            job_id="{{ params.job_id }}",
            reason="Stronger candidate selected",
        )

    Endpoint: ``PUT /candidates/{id}/jobs/{jobId}/status``, with the status ``REJECTED``

    API reference: https://developers.smartrecruiters.com/reference/candidatesstatusupdate-1

    :param candidate_id: id of the candidate, text.
    :param job_id: id of the job that the candidate is assigned to, text.
    :param reason_id: id of one of the company's rejection reasons, text. Default ``None``.
    :param reason: label of one of the company's rejection reasons, text, in upper or lower case. Give either
        ``reason_id`` or ``reason``, not both. Default ``None``.
    :param sub_status: name of a step within the status, text. Default ``None``.
    :param job_ref_number: reference number of the job (``REF12``), text, instead of ``job_id``. The list of jobs is
        looked through for it. Default ``None``.
    :param kwargs: the parameters of :class:`.SmartRecruitersBaseOperator`.
    :raises InvalidInputError: both reasons are given, or the label matches none or several of the company's reasons; no
        write was sent.
    :raises BadRequestError: the API refused the values, for example because a required reason is missing.
    :raises PermissionDeniedError: the candidate does not exist, or the credential may not change the application (scope
        ``candidates_manage``).
    :raises NotFoundError: the candidate is not assigned to the job, or does not exist.
    :return: the result of :meth:`.SmartRecruitersBaseOperator.execute`.
    """

    change_name: ClassVar[str] = "candidates.RejectApplication"

    def __init__(
        self,
        *,
        candidate_id: str,
        job_id: str | None = None,
        reason_id: str | None = None,
        reason: str | None = None,
        sub_status: str | None = None,
        job_ref_number: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.candidate_id = candidate_id
        self.job_id = job_id
        self.reason_id = reason_id
        self.reason = reason
        self.sub_status = sub_status
        self.job_ref_number = job_ref_number
