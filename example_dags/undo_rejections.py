"""
Undo a batch of rejections from its results file.

Each application goes back to the status, sub-status and reason that it had before. One that somebody has moved on since
is not touched, and the task's log names it. What the candidates have seen in the meantime stays seen.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.operators.undo import UndoBulkOperator

with DAG(
    dag_id="smartrecruiters_undo_rejections",
    dag_display_name="Undo rejections",
    description="Brings the applications that a batch has rejected back to what they were.",
    schedule=None,
    catchup=False,
    tags=["smartrecruiters", "candidate", "job", "many records"],
    doc_md=__doc__,
    # An empty field of the form is None. Without this, it would render as the text "None", which the operators refuse.
    jinja_environment_kwargs={"finalize": lambda value: "" if value is None else value},
    params={
        "results": Param(
            type="string",
            minLength=1,
            examples=["/tmp/rejected.jsonl"],
            title="Results file",
            description="Path or URI of the results file of the batch that rejected them (its results_path).",
        ),
        "at_most": Param(
            100,
            type="integer",
            minimum=1,
            title="Maximum",
            description="Largest number of applications. With more, the run fails and changes nothing.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: show in the task's log what would change, and send nothing. Off: send the changes.",
        ),
    },
):
    UndoBulkOperator(
        task_id="undo_rejections",
        task_display_name="Undo the rejections",
        results="{{ params.results }}",
        # Whoever has been moved on since then is skipped, and no failure.
        only_if_status_in=["REJECTED"],
        max_items="{{ params.at_most }}",
        plan_only="{{ params.plan_only }}",
    )
