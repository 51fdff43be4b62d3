"""SmartRecruiters without Airflow, for notebooks, scripts and TaskFlow functions. This module is the public API.

The names that it lists are public: the changes, ``plan`` and ``apply``, the searches and ``search``, the client and the
errors. Everything else below ``api`` may change in any release.

>>> from airflow_provider_smartrecruiters.api import SmartRecruitersClient, UpdateJobStatus, apply, plan
>>> change = UpdateJobStatus(job_id="6f1c4a90-4f32-4b4e-9a3b-0c1f0f3b7a55", status="FILLED")
>>> with SmartRecruitersClient.from_credentials(password="<API key>") as client:  # doctest: +SKIP
...     print(plan(client, change).changed)
...     apply(client, change)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.api.candidates import *
    from airflow_provider_smartrecruiters.api.change import Change as Change
    from airflow_provider_smartrecruiters.api.converge.apply import apply as apply
    from airflow_provider_smartrecruiters.api.converge.apply import plan as plan
    from airflow_provider_smartrecruiters.api.converge.guards import Terms as Terms
    from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient as SmartRecruitersClient
    from airflow_provider_smartrecruiters.api.interviews import *
    from airflow_provider_smartrecruiters.api.jobs import *
    from airflow_provider_smartrecruiters.api.positions import *
    from airflow_provider_smartrecruiters.api.publishing import *
    from airflow_provider_smartrecruiters.api.reads.search import *
    from airflow_provider_smartrecruiters.api.reads.search_applications import *
    from airflow_provider_smartrecruiters.api.reads.search_jobs import *
    from airflow_provider_smartrecruiters.api.reads.waiting import *
    from airflow_provider_smartrecruiters.api.users import *
    from airflow_provider_smartrecruiters.api.values.result import ChangeResult as ChangeResult
    from airflow_provider_smartrecruiters.exceptions import *

_PACKAGE = "airflow_provider_smartrecruiters"
_NAMES = {
    "Change": "api.change",
    "ChangeResult": "api.values.result",
    "SmartRecruitersClient": "api.http.client",
    "Terms": "api.converge.guards",
    "apply": "api.converge.apply",
    "plan": "api.converge.apply",
}
_WHOLE = (
    "exceptions",
    "api.candidates",
    "api.interviews",
    "api.jobs",
    "api.positions",
    "api.publishing",
    "api.users",
    "api.reads.search",
    "api.reads.search_applications",
    "api.reads.search_jobs",
    "api.reads.waiting",
)
"""Modules whose whole ``__all__`` is public, so that a new use case is listed in its own module only."""


def __getattr__(name: str) -> Any:
    # Imported on first use: `exceptions` costs almost nothing, a use case imports pydantic and requests.
    if name == "__all__":
        return sorted([*_NAMES, *(public for module in _WHOLE for public in _load(module).__all__)])
    if home := _NAMES.get(name):
        return getattr(_load(home), name)
    if not name.startswith("_"):
        for module in _WHOLE:
            if name in _load(module).__all__:
                return getattr(_load(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    names: list[str] = __getattr__("__all__")
    return names


def _load(module: str) -> Any:
    return import_module(f"{_PACKAGE}.{module}")
