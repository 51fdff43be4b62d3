"""Airflow with CeleryExecutor, Redis and PostgreSQL on one machine: `make cluster` and `make test-cluster`."""
