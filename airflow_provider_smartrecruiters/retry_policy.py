"""A retry policy for tasks that call SmartRecruiters. Requires Airflow 3.3 or later.

The client retries transient errors itself, for at most a minute per call. Longer outages are left to the task's own
``retries``. This policy makes them wait for as long as SmartRecruiters asked (``Retry-After``), instead of a fixed
``retry_delay``:

.. code-block:: python

    RejectApplicationOperator(task_id="reject", ..., retries=5, retry_policy=SmartRecruitersRetryPolicy())
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

try:
    from airflow.sdk import RetryDecision, RetryPolicy
except ImportError:
    raise ImportError(
        "SmartRecruitersRetryPolicy requires Airflow 3.3 or later. What to do: On older versions, set retry_delay and "
        "retry_exponential_backoff on the task."
    ) from None

from airflow_provider_smartrecruiters.exceptions import SmartRecruitersError

if TYPE_CHECKING:
    from airflow.sdk import Context


class SmartRecruitersRetryPolicy(RetryPolicy):
    """Retry transient errors after the delay that SmartRecruiters asked for, and fail at once on permanent errors.

    Errors of other packages follow the task's standard retry behaviour.

    :param longest_delay: longest delay in seconds, whatever the API asks for; a day by default.
    """

    def __init__(self, longest_delay: float = 86_400.0) -> None:
        self.longest_delay = longest_delay

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """Decide whether and when to retry the task.

        :param exception: the exception that the task failed with.
        :param try_number: number of the failed try, starting at 1.
        :param max_tries: number of tries that the task has.
        :param context: context of the task; not used.
        :return: "fail" for permanent errors, "retry" after ``retry_after`` seconds if the API named a delay, and
            otherwise the task's own behaviour.
        """
        if not isinstance(exception, SmartRecruitersError):
            return RetryDecision.default()
        if not exception.retryable:
            return RetryDecision.fail(f"{type(exception).__name__}: permanent error, a retry cannot succeed")
        if exception.retry_after is None:
            return RetryDecision.default()
        seconds = min(exception.retry_after, self.longest_delay)
        return RetryDecision.retry(timedelta(seconds=seconds), f"SmartRecruiters asked to wait {seconds:g} seconds")

    def serialize(self) -> dict[str, Any]:
        """Return the arguments of the policy, for the serialized DAG."""
        return {"longest_delay": self.longest_delay}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> SmartRecruitersRetryPolicy:
        """Build the policy from the output of :meth:`serialize`."""
        return cls(**data)
