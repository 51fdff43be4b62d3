"""Apache Airflow provider for SmartRecruiters."""

__version__ = "0.1.0"
