"""
Set the avatar of a user.

SmartRecruiters does not return the current avatar. Every run therefore writes, and "changed" in the result is null
(unknown).
"""

from __future__ import annotations

from pathlib import Path

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.operators.users import UpdateUserAvatarOperator

dag = DAG(
    dag_id="smartrecruiters_update_user_avatar",
    dag_display_name="Set a user's picture",
    description="Replaces the avatar of a user with a picture from the worker or from object storage.",
    schedule=None,
    catchup=False,
    tags=["smartrecruiters", "user"],
    doc_md=__doc__,
    params={
        "user_id": Param(
            type="string",
            minLength=1,
            examples=["d9ba9b901007583af8fe0659"],
            title="User",
            description="Id of the user.",
        ),
        "avatar_path": Param(
            str(Path(__file__).parent / "assets" / "avatar.png"),
            type="string",
            minLength=1,
            title="Image",
            description="PNG, JPEG, GIF or WebP: a path on the worker, or an object storage URI such as "
            "s3://aws_default@pictures/ada.png.",
        ),
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: show in the task's log what would change, and send nothing. Off: send the changes.",
        ),
    },
)

UpdateUserAvatarOperator(
    task_id="update_user_avatar",
    task_display_name="Set the picture",
    user_id="{{ params.user_id }}",
    avatar_path="{{ params.avatar_path }}",
    plan_only="{{ params.plan_only }}",
    dag=dag,
)
