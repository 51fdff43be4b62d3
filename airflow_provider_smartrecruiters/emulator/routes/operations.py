"""Every operation that the emulator serves."""

from __future__ import annotations

from airflow_provider_smartrecruiters.emulator.routes import (
    administration,
    applications,
    candidates,
    configuration,
    interviews,
    job_ads,
    jobs,
    positions,
    users,
)

OPERATIONS = [
    operation
    for module in (administration, candidates, applications, jobs, job_ads, positions, interviews, users, configuration)
    for operation in module.operations.all
]
