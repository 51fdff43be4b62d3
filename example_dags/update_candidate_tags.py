"""
Change a candidate's tags: add some and remove some, or replace them all.

Adding and removing keep the tags that nobody mentioned. "All tags" is the whole new set instead: leave it
empty unless that is what you want, since tags that are not in it are lost.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.operators.candidates import UpdateCandidateTagsOperator

dag = DAG(
    dag_id="smartrecruiters_update_candidate_tags",
    schedule=None,
    catchup=False,
    tags=["smartrecruiters"],
    doc_md=__doc__,
    params={
        "candidate_id": Param(
            "286b50fe-3819-4b34-9d3e-88172f6b6f26",
            type="string",
            minLength=1,
            title="Candidate",
            description="Id of the candidate.",
        ),
        "add": Param(
            ["airflow"],
            type=["null", "array"],
            items={"type": "string"},
            title="Add",
            description="Tags to add, one a line.",
        ),
        "remove": Param(
            None,
            type=["null", "array"],
            items={"type": "string"},
            title="Remove",
            description="Tags to take away, one a line.",
        ),
        "tags": Param(
            None,
            type=["null", "array"],
            items={"type": "string"},
            title="All tags",
            description="The whole new set, one a line. Not together with Add or Remove.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="Show what would change in the task's log, and send nothing.",
        ),
    },
)

UpdateCandidateTagsOperator(
    task_id="update_candidate_tags",
    candidate_id="{{ params.candidate_id }}",
    add="{{ params.add | tojson if params.add else '' }}",
    remove="{{ params.remove | tojson if params.remove else '' }}",
    tags="{{ params.tags | tojson if params.tags else '' }}",
    plan_only="{{ params.plan_only }}",
    dag=dag,
)
