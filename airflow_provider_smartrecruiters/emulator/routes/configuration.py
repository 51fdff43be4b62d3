"""The company's lists of choices: sources, reasons, hiring processes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_smartrecruiters.emulator.http import paging
from airflow_provider_smartrecruiters.emulator.http.errors import bad_request, not_found
from airflow_provider_smartrecruiters.emulator.http.operation import Call, Operations
from airflow_provider_smartrecruiters.emulator.http.queries import SourceSearch, SubType
from airflow_provider_smartrecruiters.emulator.routes import lookups, views
from airflow_provider_smartrecruiters.emulator.tenant.state import HiringProcess, SourceValue

SOURCES = "/configuration/sources"
VALUES = SOURCES + "/{sourceType}/values"
PROCESSES = "/configuration/hiring-processes"
# Other statuses have sub-statuses too; the API does not list them.
LISTED_STATUSES = ("IN_REVIEW", "INTERVIEW", "OFFERED")
NO_SOURCE_TYPE = not_found("Source type")

operations = Operations()


@operations.get(SOURCES, "configuration.source.types", "configuration_read")
def list_source_types(call: Call) -> dict[str, Any]:
    """Return the source types with their subtypes."""
    content = [
        views.shown(
            source_type,
            ("id", "label"),
            subtypes=[{"id": subtype} for subtype in source_type.subtypes],
            actions={"values": views.action(call, f"{SOURCES}/{source_type.id}/values")},
        )
        for source_type in call.tenant.source_types.values()
    ]
    return views.listed(content)


@operations.get(VALUES, "configuration.source.values.all", "configuration_read")
def list_sources(call: Call, type_id: str) -> dict[str, Any]:
    """Return a page of the sources of a type."""
    search = SourceSearch.read(call)
    found = [
        value
        for value in lookups.found(call.tenant.source_types, type_id, NO_SOURCE_TYPE).values
        if not value.deleted and search.source_sub_type in (None, value.subtype_id)
    ]
    return paging.offset_page(found, search, lambda value: _source(call, type_id, value))


@operations.get(VALUES + "/{sourceValueId}", "configuration.source.values.single", "configuration_read")
def get_source(call: Call, type_id: str, source_id: str) -> dict[str, Any]:
    """Return one source of a type; the subtype is needed if several sources of the type have this id."""
    search = SubType.read(call)
    found = [
        value
        for value in lookups.found(call.tenant.source_types, type_id, NO_SOURCE_TYPE).values
        if value.id == source_id and not value.deleted and search.source_sub_type in (None, value.subtype_id)
    ]
    if not found:
        raise not_found("Source")
    if len(found) > 1:
        raise bad_request("Source subtype is required", "SUBTYPE_REQUIRED")
    return _source(call, type_id, found[0])


@operations.get(SOURCES + "/{sourceIdentifier}", "configuration.source.values.singleByIdentifier", "configuration_read")
def get_source_by_identifier(call: Call, identifier: str) -> dict[str, Any]:
    """Return a source by its identifier, deleted ones included."""
    for source_type in call.tenant.source_types.values():
        for value in source_type.values:
            if value.identifier == identifier:
                return views.shown(value, ("label",), type={"id": source_type.id}, subType=_subtype(value))
    raise not_found("Source", "SOURCE_NOT_FOUND")


@operations.get("/configuration/rejection-reasons", "configuration.reasons.rejection.all", "configuration_read")
def list_rejection_reasons(call: Call) -> dict[str, Any]:
    """Return the reasons for REJECTED."""
    return _choices(call.tenant.rejection_reasons)


@operations.get("/configuration/withdrawal-reasons", "configuration.reasons.withdrawal.all", "configuration_read")
def list_withdrawal_reasons(call: Call) -> dict[str, Any]:
    """Return the reasons for WITHDRAWN."""
    return _choices(call.tenant.withdrawal_reasons)


@operations.get("/configuration/departments", "configuration.department.all", "configuration_read")
def list_departments(call: Call) -> dict[str, Any]:
    """Return all departments."""
    return views.listed([views.shown(one, ("id", "label", "description")) for one in call.tenant.departments.values()])


@operations.get("/configuration/job-properties", "configuration.job-properties.all", "configuration_read")
def list_job_properties(call: Call) -> dict[str, Any]:
    """Return the job properties, and which of them a job must have."""
    required = call.tenant.settings.required_job_properties
    fixed = {"category": "job", "active": True, "visible": True}
    content = [
        views.shown(known, ("id", "label"), **fixed, required=known.label in required)
        for known in call.tenant.job_properties.values()
    ]
    return views.listed(content)


@operations.get(PROCESSES, "configuration.hiring-process.all", "configuration_read")
def list_hiring_processes(call: Call) -> dict[str, Any]:
    """Return all hiring processes."""
    return views.listed([_process(process) for process in call.tenant.hiring_processes.values()])


@operations.get(PROCESSES + "/{id}", "configuration.hiring-process.get", "configuration_read")
def get_hiring_process(call: Call, process_id: str) -> dict[str, Any]:
    """Return one hiring process."""
    return _process(lookups.found(call.tenant.hiring_processes, process_id, not_found("Hiring process")))


def _source(call: Call, type_id: str, value: SourceValue) -> dict[str, Any]:
    return views.shown(
        value,
        ("id", "label"),
        sourceIdentifier=value.identifier,
        sourceSubType=_subtype(value),
        actions={"sourceDetails": views.action(call, views.source_path(type_id, value.id))},
    )


def _subtype(value: SourceValue) -> dict[str, str] | None:
    return {"id": value.subtype_id} if value.subtype_id else None


def _choices(labels: Mapping[str, str]) -> dict[str, Any]:
    return views.listed([{"id": choice_id, "label": label} for choice_id, label in labels.items()])


def _process(process: HiringProcess) -> dict[str, Any]:
    listed = {status: process.sub_statuses.get(status, []) for status in LISTED_STATUSES}
    return views.shown(process, subStatuses=listed)
