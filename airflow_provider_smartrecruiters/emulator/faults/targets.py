"""Which requests a fault targets: operations by id, by route, or in plain words.

Plain words are the method and the path's parts without ids, records in the singular: ``put job status`` is
``PUT /jobs/{jobId}/status``, ``get jobs`` is ``GET /jobs``, ``get job`` is ``GET /jobs/{jobId}``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from airflow_provider_smartrecruiters.emulator.http.operation import Operation
from airflow_provider_smartrecruiters.emulator.nearest import did_you_mean
from airflow_provider_smartrecruiters.emulator.routes.operations import OPERATIONS

ANY = "any"
ANY_READ = "any read"
ANY_WRITE = "any write"
TOKEN = "token"

_PREFIX = re.compile(r"^/[a-z-]+-api/v\d+")
_PLACEHOLDER = re.compile(r"\{[^}]*\}")
_WORDS = {"jobads": "job ads"}


def name_of(operation: Operation) -> str:
    """Return the name of an operation in plain words."""
    if operation.scope is None:
        return TOKEN
    segments = _PREFIX.sub("", operation.path).removeprefix("/configuration").strip("/").split("/")
    words = []
    for position, segment in enumerate(segments):
        if segment.startswith("{"):
            continue
        word = _WORDS.get(segment) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", segment).lower().replace("-", " ")
        one = position + 1 < len(segments) and segments[position + 1].startswith("{")
        words.append(_singular(word) if one else word)
    # "job job ads" says the job twice.
    return f"{operation.method.lower()} {' '.join(words)}".replace("job job ad", "job ad")


def _singular(word: str) -> str:
    return word.removesuffix("es") if word.endswith("sses") else word.removesuffix("s")


def _route(method: str, path: str) -> str:
    return f"{method.upper()} {_PLACEHOLDER.sub('{}', path)}"


NAMES = {name_of(operation): operation.id for operation in OPERATIONS}
_IDS = {
    **NAMES,
    **{operation.id: operation.id for operation in OPERATIONS},
    **{_route(operation.method, operation.path): operation.id for operation in OPERATIONS},
}
_GROUPS: dict[str, Callable[[Operation | None], bool]] = {
    ANY: lambda _: True,
    ANY_READ: lambda operation: operation is not None and operation.scope is not None and not operation.writes,
    ANY_WRITE: lambda operation: operation is not None and operation.writes,
}


def check(target: str) -> None:
    """Check that a target is known.

    :raises ValueError: it is unknown; names the nearest ones, and lists the known ones
    """
    if target not in _GROUPS and _operation_id(target) is None:
        known = ", ".join([*_GROUPS, *sorted(NAMES), "an operationId or a route such as 'GET /jobs/{id}'"])
        near = did_you_mean(target, [*_GROUPS, *_IDS])
        raise ValueError(f"no operation is called {target!r}.{near} Known are {known}")


def matches(target: str, operation: Operation | None) -> bool:
    """Return whether a target covers a request for an operation; None for an unknown operation."""
    group = _GROUPS.get(target)
    if group is not None:
        return group(operation)
    return operation is not None and operation.id == _operation_id(target)


def _operation_id(target: str) -> str | None:
    method, _, path = target.partition(" ")
    return _IDS.get(target) or (_IDS.get(_route(method, path)) if path.startswith("/") else None)
