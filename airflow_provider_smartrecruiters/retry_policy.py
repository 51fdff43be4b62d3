"""A retry policy for tasks that talk to SmartRecruiters. Airflow 3.3 and later.

A call waits out a hiccup by itself, for at most a minute. What lasts longer belongs to the task's own ``retries``;
this policy makes them wait as long as SmartRecruiters asked for, instead of a fixed ``retry_delay``:

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
        "SmartRecruitersRetryPolicy needs Airflow 3.3 or later; on older versions use retry_delay and "
        "retry_exponential_backoff of the task."
    ) from None

from airflow_provider_smartrecruiters.exceptions import SmartRecruitersError

if TYPE_CHECKING:
    from airflow.sdk import Context


class SmartRecruitersRetryPolicy(RetryPolicy):
    """Retry what a retry can help, after the wait that SmartRecruiters asked for.

    Errors of other packages follow the task's standard retry behaviour.

    :param longest_delay: seconds that no wait exceeds, whatever the API asks for; a day by default.
    """

    def __init__(self, longest_delay: float = 86_400.0) -> None:
        self.longest_delay = longest_delay

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """Decide whether and when the task is tried again.

        :param exception: what the task failed with.
        :param try_number: number of the try that failed, from 1.
        :param max_tries: tries that the task has.
        :param context: the task's context; not used.
        :return: fail for permanent errors; retry after ``retry_after`` where the API named a wait; the task's own
            behaviour otherwise.
        """
        if not isinstance(exception, SmartRecruitersError):
            return RetryDecision.default()
        if not exception.retryable:
            return RetryDecision.fail(f"{type(exception).__name__}: sending the same again cannot help")
        if exception.retry_after is None:
            return RetryDecision.default()
        seconds = min(exception.retry_after, self.longest_delay)
        return RetryDecision.retry(timedelta(seconds=seconds), f"SmartRecruiters asked to wait {seconds:g} seconds")

    def serialize(self) -> dict[str, Any]:
        """Return the policy for the serialized DAG."""
        return {"longest_delay": self.longest_delay}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> SmartRecruitersRetryPolicy:
        """Return the policy from :meth:`serialize`'s answer."""
        return cls(**data)
