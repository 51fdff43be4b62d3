"""A tenant that is large enough to be measured with."""

from __future__ import annotations

import random
import uuid
from itertools import cycle
from typing import TYPE_CHECKING

from airflow_provider_smartrecruiters.emulator.tenant.integrity import check
from airflow_provider_smartrecruiters.emulator.tenant.seed import seeded_tenant
from airflow_provider_smartrecruiters.emulator.tenant.state import StatusChange

if TYPE_CHECKING:
    from pathlib import Path


def write_tenant(path: Path, applications: int) -> list[dict[str, str]]:
    """
    Write a seed file for the emulator: the seeded tenant, and so many new applications on top.

    Each is of a candidate of its own, is NEW, and can be read and rejected; they spread evenly over the open jobs. The
    same number gives the same records.

    :param path: the file, for the emulator's option ``--seed``.
    :param applications: how many.
    :return: ``{"candidate_id", "job_id"}`` of each, in no order that means anything.
    """
    tenant = seeded_tenant()
    ids = random.Random(applications)
    candidate = next(one for one in tenant.candidates.values() if one.access == "full")
    application = tenant.applications[candidate.application_ids[0]]
    jobs = cycle([job for job in tenant.jobs.values() if job.access == "full"])
    made = []
    for number in range(applications):
        candidate_id, application_id = (str(uuid.UUID(int=ids.getrandbits(128), version=4)) for _ in range(2))
        job_id = next(jobs).id
        tenant.candidates[candidate_id] = candidate.model_copy(
            update={
                "id": candidate_id,
                "email": f"applicant{number:06}@example.com",
                "application_ids": [application_id],
            }
        )
        tenant.applications[application_id] = application.model_copy(
            update={
                "id": application_id,
                "candidate_id": candidate_id,
                "job_id": job_id,
                "status": "NEW",
                "sub_status": None,
                "starts_on": None,
                "reason_id": None,
                "history": [StatusChange(changed_on=application.created_on, status="NEW")],
            }
        )
        made.append({"candidate_id": candidate_id, "job_id": job_id})
    check(tenant)
    path.write_text(tenant.model_dump_json())
    return made
