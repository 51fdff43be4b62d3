"""The SmartRecruiters API without Airflow: usable from a notebook, tested in milliseconds.

>>> from airflow_provider_smartrecruiters.api.change import apply
>>> from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
>>> from airflow_provider_smartrecruiters.api.jobs import UpdateJobStatus
>>> with SmartRecruitersClient.from_credentials(password="DCRA1-...") as client:  # doctest: +SKIP
...     apply(client, UpdateJobStatus(job_id="...", status="FILLED"))
"""
