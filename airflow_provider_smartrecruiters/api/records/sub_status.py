"""Whether a sub-status exists: the steps of the company's hiring processes.

Which process a job uses is not in the API's answer about a job. So a step is refused only if no process has it for the
status. A process that is not active may still be that of an older job, so it counts.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_smartrecruiters.api.names import Finder, alternatives
from airflow_provider_smartrecruiters.api.values.normal import normal
from airflow_provider_smartrecruiters.exceptions import InvalidInputError, SmartRecruitersError

log = logging.getLogger(__name__)

_PROCESSES = "/configuration/hiring-processes"
_LISTED = ("IN_REVIEW", "INTERVIEW", "OFFERED")
"""Statuses whose steps a process lists. Others have steps as well, which the API does not show."""


def check_sub_status(finder: Finder, status: str, sub_status: str) -> None:
    """Refuse a sub-status that no hiring process has for a status: ``GET /configuration/hiring-processes``.

    If the processes cannot be read (scope ``configuration_read``), or list no steps for the status, only the API checks
    it.

    :param finder: sends the look-up.
    :param status: the status of the application that is to be written.
    :param sub_status: the step. Its spelling counts, as it does for the API.
    :raises InvalidInputError: no process has it.
    """
    if status not in _LISTED:
        return
    try:
        processes = finder.lookups.all_of(finder.client, _PROCESSES)
    except SmartRecruitersError as error:
        # Not an error of the change: the write that follows says what is wrong with the credential or the network.
        if finder.lookups.first("hiring processes"):
            log.debug("The sub-status was not checked: the hiring processes cannot be read (%s).", type(error).__name__)
        return
    steps = dict.fromkeys(step for process in processes for step in _steps(process, status))
    if not steps or normal(sub_status.strip()) in map(normal, steps):
        return
    quoted, closest = alternatives(sub_status, list(steps), "hiring-processes")
    this = f"the sub-status {sub_status.strip()!r}" if quoted else "this sub-status"
    raise InvalidInputError(
        f"No hiring process of the company has {this} for {status}; nothing was sent.",
        hint=f"Use a step of the job's hiring process, spelled the same. {closest}",
        fields=("sub_status",),
    )


def _steps(process: Mapping[str, Any], status: str) -> Iterator[str]:
    steps = (process.get("subStatuses") or {}).get(status) or ()
    return (step for step in steps if isinstance(step, str))
