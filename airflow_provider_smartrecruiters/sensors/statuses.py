"""The sensors: an application's status, a job's, the publication of a job ad, the answer to a timeslot."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow_provider_smartrecruiters.sensors.base import StatusSensor

__all__ = ["ApplicationStatusSensor", "JobAdPublishedSensor", "JobStatusSensor", "TimeslotStatusSensor"]


class ApplicationStatusSensor(StatusSensor):
    """Wait until a candidate's application to a job has one of several statuses.

    .. code-block:: python

        ApplicationStatusSensor(
            task_id="wait_for_offer",
            candidate_id="{{ params.candidate_id }}",
            job_id="{{ params.job_id }}",
            statuses=["OFFERED", "HIRED"],
            deferrable=True,
            timeout=14 * 24 * 3600,
        )

    Endpoint: ``GET /candidates/{id}/jobs/{jobId}``

    API reference: https://developers.smartrecruiters.com/reference

    :param candidate_id: id of the candidate, text.
    :param job_id: id of the job that the candidate applied to, text.
    :param statuses: statuses to wait for: a list, or one of ``LEAD``, ``NEW``, ``IN_REVIEW``, ``INTERVIEW``,
        ``OFFERED``, ``HIRED``, ``REJECTED``, ``WITHDRAWN``.
    :param sub_status: name of a step of the job's hiring process, text: wait until the application has the status with
        this step. Only with one status. It is checked once against the company's hiring processes. Default ``None``.
    :param job_ref_number: reference number of the job (``REF12``), text, instead of ``job_id``. The list of jobs is
        looked through for it, once. Default ``None``.
    :param kwargs: the parameters of :class:`.StatusSensor`. ``fail_on`` is ``HIRED``, ``REJECTED`` and ``WITHDRAWN`` by
        default, without those that are awaited.
    :raises UnreachableStatusError: the application has a status of ``fail_on``.
    :raises NotFoundError: the candidate has no application to the job.
    :raises PermissionDeniedError: the candidate does not exist, or the credential may not read it (scope
        ``candidates_read``).
    :return: the result of :meth:`.StatusSensor.execute`.
    """

    wait_name: ClassVar[str] = "AwaitApplicationStatus"

    def __init__(
        self,
        *,
        candidate_id: str,
        job_id: str | None = None,
        statuses: str | list[str],
        sub_status: str | None = None,
        job_ref_number: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.candidate_id = candidate_id
        self.job_id = job_id
        self.statuses = statuses
        self.sub_status = sub_status
        self.job_ref_number = job_ref_number


class JobStatusSensor(StatusSensor):
    """Wait until a job has one of several statuses.

    .. code-block:: python

        JobStatusSensor(task_id="wait_until_filled", job_id="{{ params.job_id }}", statuses="FILLED", deferrable=True)

    Endpoint: ``GET /jobs/{jobId}``

    API reference: https://developers.smartrecruiters.com/reference

    :param job_id: id of the job, text.
    :param statuses: statuses to wait for: a list, or one of ``CREATED``, ``SOURCING``, ``INTERVIEW``, ``OFFER``,
        ``FILLED``, ``ON_HOLD``, ``CANCELLED``.
    :param job_ref_number: reference number of the job (``REF12``), text, instead of ``job_id``. The list of jobs is
        looked through for it, once. Default ``None``.
    :param kwargs: the parameters of :class:`.StatusSensor`. ``fail_on`` is ``FILLED`` and ``CANCELLED`` by default,
        without those that are awaited.
    :raises UnreachableStatusError: the job has a status of ``fail_on``.
    :raises NotFoundError: SmartRecruiters does not find the job (404).
    :raises PermissionDeniedError: the job does not exist, or the credential may not read it (scope ``jobs_read``).
    :return: the result of :meth:`.StatusSensor.execute`.
    """

    wait_name: ClassVar[str] = "AwaitJobStatus"

    def __init__(
        self,
        *,
        job_id: str | None = None,
        statuses: str | list[str],
        job_ref_number: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.statuses = statuses
        self.job_ref_number = job_ref_number


class JobAdPublishedSensor(StatusSensor):
    """Wait until a job ad is published. Publishing takes SmartRecruiters seconds to minutes.

    .. code-block:: python

        JobAdPublishedSensor(
            task_id="wait_until_published", job_id="{{ params.job_id }}", job_ad_id="{{ params.job_ad_id }}"
        )

    Endpoint: ``GET /jobs/{jobId}/jobads/{jobAdId}``

    API reference: https://developers.smartrecruiters.com/reference

    :param job_id: id of the job, text.
    :param job_ad_id: id of one of the job's ads, text.
    :param job_ref_number: reference number of the job (``REF12``), text, instead of ``job_id``. The list of jobs is
        looked through for it, once. Default ``None``.
    :param kwargs: the parameters of :class:`.StatusSensor`. ``fail_on`` is empty by default.
    :raises NotFoundError: the job or the ad does not exist.
    :raises PermissionDeniedError: the job does not exist, or the credential may not read it (scope ``jobs_read``).
    :return: the result of :meth:`.StatusSensor.execute`.
    """

    wait_name: ClassVar[str] = "AwaitJobAdPublished"

    def __init__(
        self, *, job_id: str | None = None, job_ad_id: str, job_ref_number: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.job_ad_id = job_ad_id
        self.job_ref_number = job_ref_number


class TimeslotStatusSensor(StatusSensor):
    """Wait until a candidate has answered to a timeslot of an interview.

    .. code-block:: python

        TimeslotStatusSensor(
            task_id="wait_for_answer",
            interview_id="{{ params.interview_id }}",
            timeslot_id="{{ params.timeslot_id }}",
            statuses="accepted",
            deferrable=True,
        )

    Endpoint: ``GET /interviews-api/v201904/interviews/{interviewId}/timeslots/{timeslotId}``

    API reference: https://developers.smartrecruiters.com/reference/interviews

    :param interview_id: id of the interview, text.
    :param timeslot_id: id of one of the interview's timeslots, text.
    :param statuses: answers to wait for: a list, or one of ``accepted``, ``declined``, ``pending``, ``tentative``.
    :param kwargs: the parameters of :class:`.StatusSensor`. ``fail_on`` is ``declined`` by default, unless that is
        awaited.
    :raises UnreachableStatusError: the answer is one of ``fail_on``.
    :raises NotFoundError: the interview or the timeslot does not exist, or was created in the SmartRecruiters UI.
    :raises PermissionDeniedError: the credential may not read the interview (scope ``interviews_read``).
    :return: the result of :meth:`.StatusSensor.execute`.
    """

    wait_name: ClassVar[str] = "AwaitTimeslotStatus"

    def __init__(self, *, interview_id: str, timeslot_id: str, statuses: str | list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.interview_id = interview_id
        self.timeslot_id = timeslot_id
        self.statuses = statuses
