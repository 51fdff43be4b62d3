"""Operators for the headcount of jobs: new positions, and requests where positions need an approval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_smartrecruiters.operators.base import SmartRecruitersBaseOperator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date


class CreateJobPositionOperator(SmartRecruitersBaseOperator):
    """Add a position (one headcount) to a job, once for each of the company's own ids.

    The positions of the job are listed first, and again if the response is lost. One with the same
    ``external_position_id`` and the same content is the requested one: a rerun, a retry and ``force`` create no second
    one. One with other content is refused; change it with :class:`.UpdateJobPositionOperator`. ``details.position_id``
    in the result is SmartRecruiters' id of the position.

    .. code-block:: python

        CreateJobPositionOperator(
            task_id="create_position",
            job_id="{{ params.job_id }}",
            external_position_id="POS-2027-001",
            type="NEW",
            position_open_date="2027-01-01",
            target_start_date="2027-04-01",
        )

    Endpoint: ``POST /jobs/{jobId}/positions``

    API reference: https://developers.smartrecruiters.com/reference

    :param job_id: id of the job, text.
    :param external_position_id: the company's own id of the position, text, unique in the job (``positionId`` in the
        API's body).
    :param type: ``NEW`` or ``REPLACEMENT``, text.
    :param position_open_date: when the position opens: a date, a datetime or ISO 8601 text.
    :param target_start_date: when the new colleague should start: a date, a datetime or ISO 8601 text.
    :param incumbent_name: name of the person who holds or held the position, text. The log shows only its length.
        Default ``None``.
    :param job_ref_number: reference number of the job (``REF12``), text, instead of ``job_id``. The list of jobs is
        looked through for it. Default ``None``.
    :param kwargs: the parameters of :class:`.SmartRecruitersBaseOperator`.
    :raises InvalidInputError: a value cannot be sent, or the job has a position with this ``external_position_id`` and
        other content; nothing was sent.
    :raises PermissionDeniedError: the job does not exist, the credential may not change it (scope ``jobs_manage``), or
        the company has an approval process for positions.
    :return: the result of :meth:`.SmartRecruitersBaseOperator.execute`.
    """

    change_name: ClassVar[str] = "positions.CreateJobPosition"
    private_fields: Sequence[str] = ("incumbent_name",)

    def __init__(
        self,
        *,
        job_id: str | None = None,
        external_position_id: str,
        type: str,
        position_open_date: date | str,
        target_start_date: date | str,
        incumbent_name: str | None = None,
        job_ref_number: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.external_position_id = external_position_id
        self.type = type
        self.position_open_date = position_open_date
        self.target_start_date = target_start_date
        self.incumbent_name = incumbent_name
        self.job_ref_number = job_ref_number


class UpdateJobHeadcountOperator(SmartRecruitersBaseOperator):
    """Request the approval of a job's headcount, with a salary range.

    For companies with an approval process for positions: while that is on, the API does not create or change positions.
    SmartRecruiters accepts the request, and people approve it later; ``details.approval`` in the result is ``PENDING``.
    If the latest approval request of the job has the same salary range, nothing is sent.

    .. code-block:: python

        UpdateJobHeadcountOperator(
            task_id="request_headcount",
            job_id="{{ params.job_id }}",
            salary_min=50000,
            salary_max=60000,
            currency="EUR",
        )

    Endpoint: ``PATCH /jobs/{jobId}/headcount``

    API reference: https://developers.smartrecruiters.com/reference

    :param job_id: id of the job, text.
    :param salary_min: lower end of the salary range, in units of the currency. Number of at least 0.
    :param salary_max: upper end of the salary range. Number, not below ``salary_min``.
    :param currency: code of the currency, text: ``EUR``.
    :param job_ref_number: reference number of the job (``REF12``), text, instead of ``job_id``. The list of jobs is
        looked through for it. Default ``None``.
    :param kwargs: the parameters of :class:`.SmartRecruitersBaseOperator`.
    :raises InvalidInputError: a value cannot be sent; nothing was sent.
    :raises BadRequestError: the approval process cannot start, or the salary range is not valid.
    :raises PermissionDeniedError: the job does not exist, the credential may not change it (scope ``jobs_manage``), or
        the company has no approval process for positions.
    :return: the result of :meth:`.SmartRecruitersBaseOperator.execute`.
    """

    change_name: ClassVar[str] = "positions.UpdateJobHeadcount"

    def __init__(
        self,
        *,
        job_id: str | None = None,
        salary_min: float | str,
        salary_max: float | str,
        currency: str,
        job_ref_number: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.salary_min = salary_min
        self.salary_max = salary_max
        self.currency = currency
        self.job_ref_number = job_ref_number
