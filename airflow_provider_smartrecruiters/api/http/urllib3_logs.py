"""What urllib3 logs about our requests, without their queries.

A query may hold what somebody searched for: a candidate's address. urllib3 logs the whole URL of every request at level
DEBUG, and at WARNING if a response ends in the middle of its headers.
"""

from __future__ import annotations

import logging
from typing import Any

from airflow_provider_smartrecruiters.api.http.deadline import Deadline


class _WithoutQueries(logging.Filter):
    """Shorten what urllib3 logs in an exchange of ours; other users of urllib3 in this process keep their logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        if Deadline.current() and isinstance(record.args, tuple):
            record.args = tuple(_shortened(argument) for argument in record.args)
            # A traceback ends with the text of its error, which quotes what the server sent.
            record.exc_info = record.exc_text = None
        return True


def _shortened(argument: Any) -> Any:
    if isinstance(argument, BaseException):
        return type(argument).__name__
    return argument.partition("?")[0] if isinstance(argument, str) else argument


def shorten_logs() -> None:
    """Leave queries out of urllib3's logs. Has no further effect if called again."""
    # Each logger by its name: a filter of a parent does not see the records of its children.
    for name in ("urllib3.connection", "urllib3.connectionpool", "urllib3.response", "urllib3.util.retry"):
        logging.getLogger(name).addFilter(_filter)


_filter = _WithoutQueries()
