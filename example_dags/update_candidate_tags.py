"""
Add and remove tags of a candidate, or replace all of them.

"Add" and "Remove" leave all other tags alone. "All tags" is the whole new set: tags that are not in it are removed, so
leave it empty unless that is what you want.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.operators.candidates import UpdateCandidateTagsOperator

dag = DAG(
    dag_id="smartrecruiters_update_candidate_tags",
    dag_display_name="Change a candidate's tags",
    description="Adds and removes tags of a candidate, or replaces all of them.",
    schedule=None,
    catchup=False,
    tags=["smartrecruiters", "candidate"],
    doc_md=__doc__,
    params={
        "candidate_id": Param(
            type="string",
            minLength=1,
            examples=["286b50fe-3819-4b34-9d3e-88172f6b6f26"],
            title="Candidate",
            description="Address of the candidate's page in SmartRecruiters, or the id of the candidate.",
        ),
        "add": Param(
            ["airflow"],
            type=["null", "array"],
            items={"type": "string"},
            title="Add",
            description="Tags to add, one per line.",
        ),
        "remove": Param(
            None,
            type=["null", "array"],
            items={"type": "string"},
            title="Remove",
            description="Tags to remove, one per line.",
        ),
        "tags": Param(
            None,
            type=["null", "array"],
            items={"type": "string"},
            title="All tags",
            description="The whole new set of tags, one per line. Cannot be combined with Add or Remove.",
        ),
        "create_tags": Param(
            True,
            type="boolean",
            title="Create tags",
            description="On: create tags that no candidate of the company has yet. "
            "Off: refuse them, as they may be misspelled.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: show in the task's log what would change, and send nothing. Off: send the changes.",
        ),
    },
)

UpdateCandidateTagsOperator(
    task_id="update_candidate_tags",
    task_display_name="Change the tags",
    candidate_id="{{ params.candidate_id }}",
    add="{{ params.add | tojson if params.add else '' }}",
    remove="{{ params.remove | tojson if params.remove else '' }}",
    tags="{{ params.tags | tojson if params.tags else '' }}",
    create_tags="{{ params.create_tags }}",
    plan_only="{{ params.plan_only }}",
    dag=dag,
)
