"""Operators for candidates and their applications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_smartrecruiters.operators.base import SmartRecruitersBaseOperator
from airflow_provider_smartrecruiters.operators.params import as_list

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from airflow_provider_smartrecruiters.operators.params import Reader


class UpdateCandidateTagsOperator(SmartRecruitersBaseOperator):
    """Set a candidate's tags, or add and remove some of them.

    Endpoint: ``PUT /candidates/{id}/tags``. With ``add`` alone it is ``POST /candidates/{id}/tags``, which keeps what
    others add at the same time.

    The lists are real ones, or text that reads as one, JSON or as Jinja prints a list: ``'["a", "b"]'``. A plain word
    is refused, not split. A blank text counts as not given.

    :param candidate_id: id of the candidate, text.
    :param tags: the whole new set, a list of texts; ``[]`` removes all. Excludes ``add`` and ``remove``.
    :param add: tags to add to those that are there, a list of texts.
    :param remove: tags to take away, a list of texts; those that are not there are no error.
    :param kwargs: the parameters of :class:`.SmartRecruitersBaseOperator`.
    :raises InvalidInputError: none of the three is given, they exclude one another, or one is no list; nothing was
        sent.
    :raises PermissionDeniedError: the credential may not change this candidate (scope ``candidates_manage``).
    :raises NotFoundError: there is no such candidate.
    :return: what :meth:`.SmartRecruitersBaseOperator.execute` tells.
    """

    change_name: ClassVar[str] = "candidates.UpdateCandidateTags"
    parameter_readers: ClassVar[Mapping[str, Reader]] = {
        "tags": as_list,
        "add": as_list,
        "remove": as_list,
    }
    template_fields: Sequence[str] = (
        "candidate_id",
        "tags",
        "add",
        "remove",
        *SmartRecruitersBaseOperator.template_fields,
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"tags": "json", "add": "json", "remove": "json"}
    private_fields: Sequence[str] = ("tags", "add", "remove")

    def __init__(
        self,
        *,
        candidate_id: str,
        tags: list[str] | str | None = None,
        add: list[str] | str | None = None,
        remove: list[str] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.candidate_id = candidate_id
        self.tags = tags
        self.add = add
        self.remove = remove


class UpdateCandidateJobStatusOperator(SmartRecruitersBaseOperator):
    """Move a candidate's application for one job to another status.

    Endpoint: ``PUT /candidates/{id}/jobs/{jobId}/status``.

    :param candidate_id: id of the candidate, text.
    :param job_id: id of the job that the candidate is assigned to, text.
    :param status: ``LEAD``, ``NEW``, ``IN_REVIEW``, ``INTERVIEW``, ``OFFERED``, ``HIRED``, ``REJECTED``, ``WITHDRAWN``
        or ``TRANSFERRED``.
    :param sub_status: name of a step of the job's hiring process within the status, text.
    :param starts_on: first day at work, with ``HIRED``: a date, a datetime or ISO 8601 text.
    :param reason_id: id of a rejection reason with ``REJECTED``, of a withdrawal reason with ``WITHDRAWN``, text. The
        company's settings say whether one is required.
    :param kwargs: the parameters of :class:`.SmartRecruitersBaseOperator`.
    :raises InvalidInputError: a value cannot be sent, or goes only with another status; nothing was sent.
    :raises BadRequestError: the API refused the values, such as a reason that the company requires and was not given.
    :raises PermissionDeniedError: the credential may not change this application (scope ``candidates_manage``).
    :raises NotFoundError: there is no such candidate, or it is not assigned to the job.
    :return: what :meth:`.SmartRecruitersBaseOperator.execute` tells.
    """

    change_name: ClassVar[str] = "candidates.UpdateCandidateJobStatus"
    template_fields: Sequence[str] = (
        "candidate_id",
        "job_id",
        "status",
        "sub_status",
        "starts_on",
        "reason_id",
        *SmartRecruitersBaseOperator.template_fields,
    )

    def __init__(
        self,
        *,
        candidate_id: str,
        job_id: str,
        status: str,
        sub_status: str | None = None,
        starts_on: date | str | None = None,
        reason_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.candidate_id = candidate_id
        self.job_id = job_id
        self.status = status
        self.sub_status = sub_status
        self.starts_on = starts_on
        self.reason_id = reason_id


class UpdateCandidateSourceOperator(SmartRecruitersBaseOperator):
    """Set where a candidate's application for one job came from.

    Endpoint: ``PUT /candidates/{id}/jobs/{jobId}/source``. The API does not give the ids of a source back, so whether
    anything changed cannot be told: ``changed`` is ``None`` in the result, and every run writes.

    :param candidate_id: id of the candidate, text.
    :param job_id: id of the job that the candidate is assigned to, text.
    :param source_type_id: id of the source type, text; listed by ``GET /configuration/sources``.
    :param source_id: ``id`` (not ``sourceIdentifier``) of the source within its type, text; listed by
        ``GET /configuration/sources/{sourceType}/values``.
    :param source_sub_type_id: id of the source's subtype, text; needed where the type has subtypes.
    :param kwargs: the parameters of :class:`.SmartRecruitersBaseOperator`.
    :raises InvalidInputError: an id is empty; nothing was sent.
    :raises BadRequestError: ``INVALID_SOURCE_TYPE``, ``SUBTYPE_REQUIRED`` or ``INVALID_SOURCE``.
    :raises AuthenticationError: the API does not accept the credential for this candidate.
    :raises PermissionDeniedError: the credential may not change this candidate (scope ``candidates_manage``).
    :raises NotFoundError: there is no such candidate, or it is not assigned to the job.
    :return: what :meth:`.SmartRecruitersBaseOperator.execute` tells.
    """

    change_name: ClassVar[str] = "candidates.UpdateCandidateSource"
    template_fields: Sequence[str] = (
        "candidate_id",
        "job_id",
        "source_type_id",
        "source_id",
        "source_sub_type_id",
        *SmartRecruitersBaseOperator.template_fields,
    )

    def __init__(
        self,
        *,
        candidate_id: str,
        job_id: str,
        source_type_id: str,
        source_id: str,
        source_sub_type_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.candidate_id = candidate_id
        self.job_id = job_id
        self.source_type_id = source_type_id
        self.source_id = source_id
        self.source_sub_type_id = source_sub_type_id


class RejectApplicationOperator(SmartRecruitersBaseOperator):
    """Reject a candidate's application for one job; the candidate's other applications stay as they are.

    Endpoint: ``PUT /candidates/{id}/jobs/{jobId}/status`` with ``REJECTED``. A label given as ``reason`` is looked up
    with ``GET /configuration/rejection-reasons``. The candidate sees a rejection at once in the Candidate Portal.

    :param candidate_id: id of the candidate, text.
    :param job_id: id of the job that the candidate is assigned to, text.
    :param reason_id: id of one of the company's rejection reasons, text. The company's settings say whether one is
        required.
    :param reason: label of one of the company's rejection reasons, text, upper or lower case alike; instead of
        ``reason_id``.
    :param sub_status: name of a step within the status, text.
    :param kwargs: the parameters of :class:`.SmartRecruitersBaseOperator`.
    :raises InvalidInputError: both reasons are given, or the label fits none or several of the company's; no write was
        sent.
    :raises BadRequestError: the API refused the values, such as a reason that the company requires and was not given.
    :raises PermissionDeniedError: the credential may not change this application (scope ``candidates_manage``).
    :raises NotFoundError: there is no such candidate, or it is not assigned to the job.
    :return: what :meth:`.SmartRecruitersBaseOperator.execute` tells.
    """

    change_name: ClassVar[str] = "candidates.RejectApplication"
    template_fields: Sequence[str] = (
        "candidate_id",
        "job_id",
        "reason_id",
        "reason",
        "sub_status",
        *SmartRecruitersBaseOperator.template_fields,
    )

    def __init__(
        self,
        *,
        candidate_id: str,
        job_id: str,
        reason_id: str | None = None,
        reason: str | None = None,
        sub_status: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.candidate_id = candidate_id
        self.job_id = job_id
        self.reason_id = reason_id
        self.reason = reason
        self.sub_status = sub_status
