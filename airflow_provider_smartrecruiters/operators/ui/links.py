"""Links from a task in Airflow to the pages of its record in SmartRecruiters.

Airflow 3 asks for the links on the worker, when the task has ended, and stores each as an XCom. Airflow 2.11 asks for
them in the web server, where the operator has neither its rendered parameters nor the worker's connections; there the
worker stores them. So the addresses are always those that the worker found out from the checked ids, and they hold
nothing but the web application's address and ids.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)

_ADDRESSES = "_web_addresses"


class RecordLink(BaseOperatorLink):
    """A button on the task's page that opens the page of one record. A subclass names the record."""

    record: ClassVar[str]
    """The record, as :data:`~airflow_provider_smartrecruiters.api.values.addresses.PAGES` calls it."""

    @property
    def name(self) -> str:
        """Text of the button."""
        return self.record.capitalize()

    @property
    def xcom_key(self) -> str:
        """Key of the XCom that holds the address."""
        return f"_link_{type(self).__name__}"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address of the page.

        :param operator: the task; on Airflow 3 the one that has run.
        :param ti_key: what Airflow identifies the task instance by.
        :return: the address; empty if it is not known, and then Airflow shows no button.
        """
        # Airflow 3 gives the running task instance itself. Only 2.11 gives a key, a tuple, and asks in the web server.
        if isinstance(ti_key, tuple):
            return self._stored(ti_key)
        addresses: Mapping[str, str] = getattr(operator, _ADDRESSES, {})
        return addresses.get(self.record, "")

    def _stored(self, ti_key: Any) -> str:
        from airflow.models.xcom import XCom

        return XCom.get_value(ti_key=ti_key, key=self.xcom_key) or ""


class CandidateLink(RecordLink):
    """Opens the candidate."""

    record: ClassVar[str] = "candidate"


class JobLink(RecordLink):
    """Opens the job: that of an application, a job ad or a position, too."""

    record: ClassVar[str] = "job"


class InterviewLink(RecordLink):
    """Opens the interview."""

    record: ClassVar[str] = "interview"


class UserLink(RecordLink):
    """Opens the user."""

    record: ClassVar[str] = "user"


LINKS = (CandidateLink(), JobLink(), InterviewLink(), UserLink())


def links_for(parameters: Collection[str]) -> tuple[RecordLink, ...]:
    """Return the links of an operator: one for each page that an id among its parameters leads to.

    :param parameters: names of the operator's parameters.
    """
    return tuple(link for link in LINKS if f"{link.record}_id" in parameters)


def keep_links(operator: Any, ids: Mapping[str, str], context: Context) -> None:
    """Find out where the task's links lead to. A task never fails because it has none.

    :param operator: the running operator, with a ``hook``.
    :param ids: ids of the record by name: the target of the change, so that they have been checked.
    :param context: Airflow's task context; empty outside of a run.
    :raises ConfigurationError: the connection cannot be used, so that no request can be sent either.
    """
    from airflow_provider_smartrecruiters.exceptions import ConfigurationError

    try:
        addresses = operator.hook.web_addresses(ids)
        # Not through setattr, which an operator of Airflow may refuse or take for a parameter.
        vars(operator)[_ADDRESSES] = addresses
        _store_for_the_web_server(addresses, operator.operator_extra_links, context)
    except ConfigurationError:
        # It is in the log already, and would be there once more with the request that comes next.
        raise
    except Exception as error:
        log.debug("This task has no links (%s).", type(error).__name__)


def _store_for_the_web_server(
    addresses: Mapping[str, str], links: Collection[RecordLink], context: Mapping[str, Any]
) -> None:
    if hasattr(BaseOperatorLink, "xcom_key") or "ti" not in context:
        return
    for link in links:
        # A DAG author's own links may be among them.
        if isinstance(link, RecordLink) and link.record in addresses:
            context["ti"].xcom_push(key=link.xcom_key, value=addresses[link.record])
