"""What the changes to a job share: how it is named, and where it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.names import JOB_REF_NUMBER, Name
from airflow_provider_smartrecruiters.api.values.fields import NamedId, OptionalText
from airflow_provider_smartrecruiters.exceptions import InvalidInputError

JOB = "/jobs/{jobId}"
JOB_AD = "/jobs/{jobId}/jobads/{jobAdId}"


class JobChange(Change):
    """Base of the changes to a job."""

    scope: ClassVar[str] = "jobs_manage"
    read_scope: ClassVar[str | None] = "jobs_read"
    record_has: ClassVar[tuple[str, ...]] = ("id",)
    names: ClassVar[Mapping[str, Name]] = {"job_id": JOB_REF_NUMBER}

    job_id: NamedId = None
    job_ref_number: OptionalText = Field(None, exclude=True)


def incomplete(names: list[str], *, within: str = "", alone: bool = False) -> InvalidInputError:
    lacks = "job lacks; with replace, it is sent as it is" if alone else "neither the record nor the arguments contain"
    return InvalidInputError(
        f"SmartRecruiters requires {', '.join(names)}, which {lacks}.",
        hint=f"Give {', '.join(f'{within}{name}' for name in names)} as well{', or leave out replace' * alone}.",
        fields=tuple(f"{within}{name}" for name in names),
    )
