"""What decides what a batch does to its records. Progress and results are used only by a batch that agrees in it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

from airflow_provider_smartrecruiters.api.converge.bulk import BulkOptions
from airflow_provider_smartrecruiters.operators.bulk.sources.given import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_smartrecruiters.api.change import Change
    from airflow_provider_smartrecruiters.api.names import Name
    from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook


@dataclass(frozen=True)
class Identity:
    """What all items of a batch have in common, apart from their parameters.

    :param use_case: id of the use case; the name of the class for an operator that builds its changes itself.
    :param connection: digest of the base URL and the credential (API key or client id).
    :param guards: the guards and switches that differ from their defaults, by parameter name.
    """

    use_case: str
    connection: str
    guards: Mapping[str, Any]

    @classmethod
    def of(cls, item_operator: Any, hook: SmartRecruitersHook, options: BulkOptions) -> Self:
        """Return the identity of a batch.

        :param item_operator: the operator that each item is for.
        :param hook: hook of the connection that sends the requests.
        :param options: options of the batch.
        """
        guards, defaults = _guards(options), _guards(BulkOptions())
        return cls(
            _use_case(item_operator),
            account_of(hook),
            {name: value for name, value in guards.items() if value != defaults[name]},
        )

    def as_row(self) -> dict[str, Any]:
        """Return the identity as the part of a results row that says which batch the row belongs to. JSON-ready."""
        return {"use_case": self.use_case, "connection": self.connection, "guards": dict(self.guards)}

    def conflict(self, row: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return why a row of another batch may not be retried under this identity, and what to do; None if it may.

        :param row: the row, with the keys of :meth:`as_row`.
        """
        if row["use_case"] != self.use_case:
            return "names the results of another operator", "Give the results file of a batch of the same operator."
        if row["connection"] != self.connection:
            return (
                "names the results of a batch with another connection or credential",
                "Use the connection of that batch. If its credential was replaced, set items instead of retry_from: "
                "finished items are found unchanged.",
            )
        return self._conflict_of_guards(row)

    def conflict_with_plan(self, row: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return why a row of a plan may not be applied under this identity, and what to do; None if it may.

        :param row: the row, with the keys of :meth:`as_row`.
        """
        guards = {name: value for name, value in row["guards"].items() if name != "plan_only"}
        return self.conflict({**row, "guards": guards})

    def _conflict_of_guards(self, row: Mapping[str, Any]) -> tuple[str, str] | None:
        # A plan sends nothing, so a plan of what is left to retry is allowed. The items of a plan are not: nobody asked
        # to send them.
        ours, theirs = dict(self.guards), dict(row["guards"])
        if "plan_only" not in theirs:
            ours.pop("plan_only", None)
        differ = [name for name in (*ours, *(set(theirs) - set(ours))) if ours.get(name) != theirs.get(name)]
        if differ:
            # Names in the file that are none of ours are not repeated: they may be anything.
            known = _guards(BulkOptions())
            return (
                f"names the results of a batch with other guards ({', '.join(n for n in known if n in differ)})",
                "Set these as in that batch, or set items instead of retry_from.",
            )
        return None


def _guards(options: BulkOptions) -> dict[str, Any]:
    switches = {name: getattr(options, name) for name in ("plan_only", "force", "read_first")}
    return switches | options.terms.guards()


def names_of(item_operator: Any) -> Mapping[str, Name]:
    """Return the names that an operator takes in place of ids, by the parameter that takes the id.

    :param item_operator: the operator; one that builds its changes itself has none.
    """
    change = _change_type(item_operator)
    return change.names if change else {}


def _use_case(item_operator: Any) -> str:
    change = _change_type(item_operator)
    return change.use_case if change else str(item_operator.__name__)


def _change_type(item_operator: Any) -> type[Change] | None:
    if not hasattr(item_operator, "change_name"):
        return None
    module, _, name = item_operator.change_name.rpartition(".")
    change: type[Change] = getattr(import_module(f"airflow_provider_smartrecruiters.api.{module}"), name)
    return change


def account_of(hook: SmartRecruitersHook) -> str:
    """Return the digest of a connection's base URL and credential, the ``connection`` of results rows."""
    connection = hook.get_connection(hook.smartrecruiters_conn_id)
    # A client id stays when its secret is replaced. An API key is all that tells two companies apart: they share a URL.
    credential = (connection.login or "").strip() or connection.password
    digest = hashlib.blake2b(canonical([hook.get_conn().base_url, credential]), digest_size=8, person=b"sr-batch")
    return digest.hexdigest()
