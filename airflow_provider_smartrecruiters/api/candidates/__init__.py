"""Changes to candidates and to their applications."""

from airflow_provider_smartrecruiters.api.candidates.source import UpdateCandidateSource
from airflow_provider_smartrecruiters.api.candidates.status import APPLICATION_STATUSES as APPLICATION_STATUSES
from airflow_provider_smartrecruiters.api.candidates.status import RejectApplication, UpdateCandidateJobStatus
from airflow_provider_smartrecruiters.api.candidates.tags import UpdateCandidateTags

__all__ = ["RejectApplication", "UpdateCandidateJobStatus", "UpdateCandidateSource", "UpdateCandidateTags"]
