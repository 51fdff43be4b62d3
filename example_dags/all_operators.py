"""
All operators on one company's records: each example of one operator, with the values that its form begins with.

Run it a second time, and nothing changes any more: each operator reads first and sends only what differs. Only a
user's picture is written again, since SmartRecruiters offers no way to read it.
`make demo` runs this DAG twice and shows it.
"""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_smartrecruiters.operators.base import SmartRecruitersBaseOperator
from airflow_provider_smartrecruiters.provider_info import get_provider_info

if TYPE_CHECKING:
    from collections.abc import Iterator

dag = DAG(
    dag_id="smartrecruiters_all_operators",
    dag_display_name="All operators on one company's records",
    description="Runs each example once, on the records of the local SmartRecruiters.",
    schedule=None,
    catchup=False,
    tags=["smartrecruiters", "candidate", "interview", "job", "user"],
    doc_md=__doc__,
    # Two of them write the default ad of the same job: at the same time, the second would undo the first.
    max_active_tasks=1,
    # As in the examples: an empty field is left out.
    jinja_environment_kwargs={"finalize": lambda value: "" if value is None else value},
    params={
        "plan_only": Param(
            True,
            type="boolean",
            title="Plan only",
            description="On: show in the tasks' logs what would change, and send nothing. Off: send the changes.",
        ),
    },
)


def operators() -> Iterator[type[SmartRecruitersBaseOperator]]:
    """Yield the operators of this package."""
    for name in get_provider_info()["operators"][0]["python-modules"]:
        for kind in vars(import_module(name)).values():
            if isinstance(kind, type) and issubclass(kind, SmartRecruitersBaseOperator) and kind.__module__ == name:
                yield kind


def example(operator: type[SmartRecruitersBaseOperator]) -> Any:
    """Return the DAG of an operator's example: `update_job_status.py` is that of `UpdateJobStatusOperator`."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", operator.__name__.removesuffix("Operator")).lower()
    spec = spec_from_file_location(f"smartrecruiters_{name}", Path(__file__).with_name(f"{name}.py"))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.dag


def suggested(param: Any) -> Any:
    """Return what a form begins with, or the first value that it suggests for an empty required field."""
    examples = param.schema.get("examples")
    return param if param.has_value or not examples else examples[0]


def add(example_dag: Any) -> None:
    """Add the task of an example, with its form's values as the task's own params."""
    (task,) = example_dag.tasks
    params = example_dag.params
    type(task)(
        task_id=task.task_id,
        task_display_name=example_dag.dag_display_name,
        params={name: suggested(params.get_param(name)) for name in params if name != "plan_only"},
        dag=dag,
        **{name: getattr(task, name) for name in task.template_fields},
    )


for kind in operators():
    add(example(kind))
