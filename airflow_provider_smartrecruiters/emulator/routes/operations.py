"""Every operation that the emulator serves."""

from __future__ import annotations

from airflow_provider_smartrecruiters.emulator.routes import (
    applications,
    audit,
    candidates,
    configuration,
    interviews,
    job_ads,
    jobs,
    oauth,
    positions,
    users,
)

OPERATIONS = [
    operation
    for module in (oauth, candidates, applications, jobs, job_ads, positions, interviews, users, configuration, audit)
    for operation in module.operations.all
]
