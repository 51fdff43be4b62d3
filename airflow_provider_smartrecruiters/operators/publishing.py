"""Operators that publish and unpublish job ads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_smartrecruiters.operators.base import SmartRecruitersBaseOperator
from airflow_provider_smartrecruiters.operators.common.params import as_bool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_smartrecruiters.operators.common.params import Reader


class PublishJobAdOperator(SmartRecruitersBaseOperator):
    """Publish a job ad on the company's career sites, and on free job aggregators.

    An ad that is published, and was not edited since, is left alone. An ad that was edited is published again, so that
    the career sites show the edit. SmartRecruiters publishes in the background, which takes seconds to minutes.

    .. code-block:: python

        PublishJobAdOperator(
            task_id="publish_job_ad",
            job_id="{{ params.job_id }}",
            job_ad_id="{{ params.job_ad_id }}",
            visibility="PUBLIC",
        )

    Endpoint: ``POST /jobs/{jobId}/jobads/{jobAdId}/postings``

    API reference: https://developers.smartrecruiters.com/reference

    :param job_id: id of the job, text.
    :param job_ad_id: id of the ad within the job, text. The default ad must be published before the others.
    :param visibility: ``PUBLIC``, or ``INTERNAL`` for employees only, text. Default ``None``: a published ad keeps its
        visibility (one that is neither is refused), and another ad becomes public.
    :param aggregators: publish a public ad on free job aggregators as well. Bool, default true. The API does not tell
        whether it is there; ``force`` publishes again with another choice.
    :param wait_for_completion: wait until the ad is published. Bool, default true.
    :param wait_timeout: seconds to wait, 10 to 86,400. Int, default 600.
    :param job_ref_number: reference number of the job (``REF12``), text, instead of ``job_id``. The list of jobs is
        looked through for it. Default ``None``.
    :param kwargs: the parameters of :class:`.SmartRecruitersBaseOperator`.
    :raises InvalidInputError: a value cannot be sent; nothing was sent.
    :raises CompletionTimeoutError: SmartRecruiters accepted the request, but did not publish the ad in time. A retry
        reads first.
    :raises BadRequestError: the company has as many published ads as it may have.
    :raises PermissionDeniedError: the default ad of the job is not published, or the credential may not publish the job
        (scope ``jobs_manage``).
    :raises NotFoundError: the job or the ad does not exist.
    :return: the result of :meth:`.SmartRecruitersBaseOperator.execute`.
    """

    change_name: ClassVar[str] = "publishing.PublishJobAd"
    parameter_readers: ClassVar[Mapping[str, Reader]] = {"aggregators": as_bool, "wait_for_completion": as_bool}

    def __init__(
        self,
        *,
        job_id: str | None = None,
        job_ad_id: str,
        visibility: str | None = None,
        aggregators: bool | str = True,
        wait_for_completion: bool | str = True,
        wait_timeout: int | str = 600,
        job_ref_number: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.job_ad_id = job_ad_id
        self.visibility = visibility
        self.aggregators = aggregators
        self.wait_for_completion = wait_for_completion
        self.wait_timeout = wait_timeout
        self.job_ref_number = job_ref_number


class UnpublishJobAdOperator(SmartRecruitersBaseOperator):
    """Take a job ad off the career sites and job aggregators.

    Unpublishing the default ad unpublishes all other ads of the job as well; a notice in the log says so before the
    request is sent. The status of the job stays as it is.

    .. code-block:: python

        UnpublishJobAdOperator(
            task_id="unpublish_job_ad",
            job_id="{{ params.job_id }}",
            job_ad_id="{{ params.job_ad_id }}",
        )

    Endpoint: ``DELETE /jobs/{jobId}/jobads/{jobAdId}/postings``

    API reference: https://developers.smartrecruiters.com/reference

    :param job_id: id of the job, text.
    :param job_ad_id: id of the ad within the job, text.
    :param wait_for_completion: wait until the ad is no longer published. Bool, default true.
    :param wait_timeout: seconds to wait, 10 to 86,400. Int, default 600.
    :param job_ref_number: reference number of the job (``REF12``), text, instead of ``job_id``. The list of jobs is
        looked through for it. Default ``None``.
    :param kwargs: the parameters of :class:`.SmartRecruitersBaseOperator`.
    :raises InvalidInputError: a value cannot be sent; nothing was sent.
    :raises CompletionTimeoutError: SmartRecruiters accepted the request, but did not unpublish the ad in time. A retry
        reads first.
    :raises PermissionDeniedError: the credential may not unpublish the ad (scope ``jobs_manage``).
    :raises NotFoundError: the job or the ad does not exist.
    :return: the result of :meth:`.SmartRecruitersBaseOperator.execute`.
    """

    change_name: ClassVar[str] = "publishing.UnpublishJobAd"
    parameter_readers: ClassVar[Mapping[str, Reader]] = {"wait_for_completion": as_bool}

    def __init__(
        self,
        *,
        job_id: str | None = None,
        job_ad_id: str,
        wait_for_completion: bool | str = True,
        wait_timeout: int | str = 600,
        job_ref_number: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.job_ad_id = job_ad_id
        self.wait_for_completion = wait_for_completion
        self.wait_timeout = wait_timeout
        self.job_ref_number = job_ref_number
