"""What Airflow's UI shows of a task: its documentation and its links."""
