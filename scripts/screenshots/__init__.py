"""What `make shots` consists of: a browser, the forms and pages of Airflow, and what must be right about a picture."""
