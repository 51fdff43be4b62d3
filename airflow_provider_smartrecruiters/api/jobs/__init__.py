"""Changes to jobs, their ads, notes and positions."""

from airflow_provider_smartrecruiters.api.jobs.ad import UpdateJobAd
from airflow_provider_smartrecruiters.api.jobs.job_and_ad import UpdateJobAndJobAd
from airflow_provider_smartrecruiters.api.jobs.note import NOTE_MAX_LENGTH as NOTE_MAX_LENGTH
from airflow_provider_smartrecruiters.api.jobs.note import UpdateJobNote
from airflow_provider_smartrecruiters.api.jobs.position import UpdateJobPosition
from airflow_provider_smartrecruiters.api.jobs.status import JOB_STATUSES as JOB_STATUSES
from airflow_provider_smartrecruiters.api.jobs.status import UpdateJobStatus
from airflow_provider_smartrecruiters.api.positions import POSITION_TYPES as POSITION_TYPES

__all__ = ["UpdateJobAd", "UpdateJobAndJobAd", "UpdateJobNote", "UpdateJobPosition", "UpdateJobStatus"]
