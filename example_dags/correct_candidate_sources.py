"""
Correct the sources of applications from a file with one line per application.

The file is CSV or JSON Lines. It is on the worker or in object storage, for example
"s3://conn_id@bucket/sources.csv". Its columns are the operator's parameters. Every line is checked before the first one
is sent. If a results file is given, it gets the outcome of each line.
"""

from __future__ import annotations

from pathlib import Path

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.operators.candidates import UpdateCandidateSourceOperator

with DAG(
    dag_id="smartrecruiters_correct_candidate_sources",
    dag_display_name="Correct sources from a file",
    description="Sets the sources of many applications from a CSV or JSON Lines file.",
    schedule=None,
    catchup=False,
    tags=["smartrecruiters", "candidate", "many records"],
    doc_md=__doc__,
    # An empty field of the form is None. Without this, it would render as the text "None", which the operators refuse.
    jinja_environment_kwargs={"finalize": lambda value: "" if value is None else value},
    params={
        "file": Param(
            str(Path(__file__).parent / "assets" / "sources.csv"),
            type="string",
            minLength=1,
            title="File",
            description="CSV with the columns candidate_id, job_id, source_type_id and source_id, or JSON lines.",
        ),
        "at_most": Param(
            100,
            type="integer",
            minimum=1,
            title="Maximum",
            description="Largest number of lines. With more, the run fails and sends nothing.",
        ),
        "tolerated": Param(
            0.05,
            type="number",
            minimum=0,
            maximum=1,
            title="Tolerated failures",
            description="Fraction of lines (0 to 1) that may fail. Above it the run fails, after trying every line.",
        ),
        "results": Param(
            None,
            type=["null", "string"],
            title="Results file",
            description="Path or URI that ends in .jsonl. The outcome of each line is written to it.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: check every line and send nothing. Off: send the changes.",
        ),
    },
):
    UpdateCandidateSourceOperator.bulk(
        task_id="correct_sources",
        task_display_name="Correct the sources",
        items="{{ params.file }}",
        max_items="{{ params.at_most }}",
        fail_above="{{ params.tolerated }}",
        results_path="{{ params.results }}",
        plan_only="{{ params.plan_only }}",
    )
