"""
Correct where candidates came from, as a file says: one line for each application.

The file is CSV or JSON lines, and lies anywhere that Airflow can read: on the worker, or behind a URI such as
"s3://conn_id@bucket/sources.csv". Its columns are the operator's parameters. Every line is checked before the first is
sent. With a place for the results, what became of each line is written there.
"""

from __future__ import annotations

from pathlib import Path

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.operators.candidates import UpdateCandidateSourceOperator

with DAG(
    dag_id="smartrecruiters_correct_candidate_sources",
    schedule=None,
    catchup=False,
    tags=["smartrecruiters"],
    doc_md=__doc__,
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
            title="At most",
            description="Fail, and change nothing, when the file has more lines than this.",
        ),
        "tolerated": Param(
            0.05,
            type="number",
            minimum=0,
            maximum=1,
            title="Tolerated failures",
            description="Share of the lines that may fail before the run fails; 0.05 is 5 %.",
        ),
        "results": Param(
            None,
            type=["null", "string"],
            title="Results",
            description="Where to write what became of each line; ends in .jsonl.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="Check every line, and send nothing.",
        ),
    },
):
    UpdateCandidateSourceOperator.bulk(
        task_id="correct_sources",
        items="{{ params.file }}",
        max_items="{{ params.at_most }}",
        fail_above="{{ params.tolerated }}",
        results_path="{{ params.results or '' }}",
        plan_only="{{ params.plan_only }}",
    )
