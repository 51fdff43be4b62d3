"""``python -m airflow_provider_smartrecruiters``: the command line, on every version of Airflow."""

from __future__ import annotations

import sys

from airflow_provider_smartrecruiters.cli.commands import main

if __name__ == "__main__":
    sys.exit(main())
