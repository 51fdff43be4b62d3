"""What is tried: every change, and every operator, as they are found in the package."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from airflow_provider_smartrecruiters.api.converge.apply import apply, plan
from airflow_provider_smartrecruiters.emulator.routes.operations import OPERATIONS
from tests.support import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_provider_smartrecruiters.api.change import Change
    from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
    from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook
    from airflow_provider_smartrecruiters.operators.base import SmartRecruitersBaseOperator

_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_OF_A_LIST = frozenset({"q", "limit", "offset", "pageId", "sort"})
_PLACEHOLDER = re.compile(r"\{\w+\}")


@dataclass(frozen=True)
class Subject:
    """
    Something that takes arguments and sends requests.

    :param name: for the reader of a report.
    :param change: the change that it is, or builds.
    :param parameters: names of its arguments.
    :param run: takes the arguments, and what of `apply` is switched; returns the result as a mapping.
    """

    name: str
    change: type[Change]
    parameters: frozenset[str]
    run: Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]

    def allowed(self, arguments: Mapping[str, Any]) -> dict[tuple[str, str], str]:
        """
        Return where requests may go: operation ids by method and raw path.

        :param arguments: what the subject is given, and the ids of what belongs to its record.

        That is the write, and reads of the record itself or of one that holds it. An argument that no text of an id
        can be made of has no endpoint.
        """
        method, template = self.change.endpoint.split(" ")
        ends = [match.end() for match in _PLACEHOLDER.finditer(template)]
        endpoints = {(method, template), ("GET", template), *(("GET", template[:end]) for end in ends)}
        declared = catalogue.declaration(self.change)
        also = {*declared.sends_also, *declared.follows, *declared.looks_up}
        lists = catalogue.name_lists(self.change)
        found = {}
        for operation in OPERATIONS:
            if (operation.method, operation.path) in endpoints or operation.id in also:
                raw = self._filled(operation.path, arguments)
                if raw is not None:
                    found[operation.method, raw] = operation.id
            elif operation.method == "GET" and operation.path in lists:
                found["GET", _list_of(operation.path, arguments.get(lists[operation.path] or ""))] = operation.id
        return found

    def may_ask(self, operation_id: str | None, query: str) -> bool:
        """Return whether a request may have a query: a look-up, with its own parameters, each of them once."""
        names = [name for name, _ in parse_qsl(query, keep_blank_values=True)]
        lists = catalogue.name_lists(self.change)
        known = catalogue.declaration(self.change).looks_up.get(operation_id or "", frozenset())
        if any(operation.id == operation_id and operation.path in lists for operation in OPERATIONS):
            known = _OF_A_LIST
        return len(names) == len(set(names)) == query.count("=") and set(names) <= known

    def _filled(self, template: str, arguments: Mapping[str, Any]) -> str | None:
        # The ids of a change are in the order of the placeholders. What it finds beyond its own record has others.
        ids = dict(enumerate(self.change.ids))
        names = [
            ids.get(number) or catalogue.id_names().get(template[: match.end()], "")
            for number, match in enumerate(_PLACEHOLDER.finditer(template))
        ]
        filled = iter([arguments.get(name) for name in names])
        try:
            return _PLACEHOLDER.sub(lambda _: encoded(next(filled)), template)
        except (TypeError, ValueError):
            return None


def _list_of(path: str, filled_with: Any) -> str:
    try:
        return _PLACEHOLDER.sub(lambda _: encoded(filled_with), path)
    except (TypeError, ValueError):
        return path


def encoded(record_id: Any) -> str:
    """
    Return an id as one segment of a path: every byte of it that is not unreserved in RFC 3986 as ``%XX``.

    Written anew rather than taken from a library, which the package may have taken it from as well.

    :raises TypeError: it is neither text nor a whole number.
    :raises ValueError: it is no text that can be sent.
    """
    if not isinstance(record_id, str | int) or isinstance(record_id, bool):
        raise TypeError
    return "".join(chr(b) if chr(b) in _UNRESERVED else f"%{b:02X}" for b in str(record_id).encode())


def change_subject(change: type[Change], client: SmartRecruitersClient) -> Subject:
    """Return a change, with the two verbs of the package."""

    def run(arguments: Mapping[str, Any], switches: Mapping[str, Any]) -> dict[str, Any]:
        made = change(**arguments)
        if switches.get("plan_only"):
            return plan(client, made, read_first=switches.get("read_first", True)).as_dict()
        return apply(
            client, made, force=switches.get("force", False), read_first=switches.get("read_first", True)
        ).as_dict()

    return Subject(change.__name__, change, frozenset(change.model_fields) | {"read_first", "expect"}, run)


def operator_subject(
    operator: type[SmartRecruitersBaseOperator], change: type[Change], hook: SmartRecruitersHook
) -> Subject:
    """
    Return an operator, with its parameters as they are after rendering.

    :param hook: what each task uses; one for all of them, so that they share its connections.
    """
    from airflow.providers.common.compat.sdk import AirflowSkipException

    from airflow_provider_smartrecruiters.operators.common.task import wrapped

    required = {name: "x" for name in inspect.signature(operator.__init__).parameters if name in change.model_fields}
    required |= {name: "x" for name in operator.template_fields if name.endswith("_path")}
    task = operator(task_id="generated", **required)
    defaults = {
        name: parameter.default
        for kind in reversed(operator.__mro__)
        for name, parameter in inspect.signature(kind.__init__).parameters.items()
        if name in operator.template_fields
    }
    task.__dict__["hook"] = hook

    def run(arguments: Mapping[str, Any], switches: Mapping[str, Any]) -> dict[str, Any]:
        # A rendered parameter replaces what the DAG's author wrote. Not by `setattr`: Airflow's own looks for other
        # tasks' outputs in whatever is set, and gives up at values that are nested too deeply for it.
        rendered = {name: arguments.get(name, defaults[name]) for name in operator.template_fields}
        rendered |= {name: wrapped(rendered[name]) for name in operator.private_fields}
        task.__dict__.update(rendered)
        try:
            return task.execute({})
        except AirflowSkipException:
            # How a task ends that leaves its record alone, and is told to say so.
            return {"applied": False}

    return Subject(operator.__name__, change, frozenset(operator.template_fields), run)
