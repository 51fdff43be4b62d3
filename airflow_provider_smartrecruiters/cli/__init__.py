"""The command line: ``airflow smartrecruiters`` from Airflow 3.2, ``python -m airflow_provider_smartrecruiters``."""
