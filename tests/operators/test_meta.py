"""The rules that hold for every operator. A new one is held to them as soon as its module is there."""

from __future__ import annotations

import ast
import inspect
import json
import re
import socket
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from airflow_provider_smartrecruiters import operators
from airflow_provider_smartrecruiters.operators.common.task import unwrapped
from tests.support import catalogue

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

COMMON = (
    "smartrecruiters_conn_id",
    "plan_only",
    "force",
    "read_first",
    "return_response",
    "expect",
    "only_if_status_in",
    "protect_hired",
    "on_missing",
    "fail_if_ignored",
    "skip_if_unchanged",
)
CLASSES = list(catalogue.operators())
each_operator = pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)


class Untouchable:
    """A value that fails when anything reads it. Parameters may be read only after rendering."""

    def _touched(self, *_):
        raise AssertionError("a parameter was read before it was rendered")

    __bool__ = __str__ = __eq__ = __iter__ = __len__ = __getitem__ = _touched
    __hash__ = object.__hash__


def own_parameters(kind) -> dict[str, inspect.Parameter]:
    return catalogue.parameters(kind)


def required_parameters(kind) -> list[str]:
    return [name for name, it in own_parameters(kind).items() if it.default is inspect.Parameter.empty]


def fields(kind) -> dict[str, FieldInfo]:
    """Return the fields of the operator's change by the parameters that they come from: a path gives a file's bytes."""
    paths = [name for name in own_parameters(kind) if name.endswith("_path")]
    found = {}
    for name, field in catalogue.operators()[kind].model_fields.items():
        found[paths.pop() if field.annotation is bytes and paths else name] = field
    return found


def all_names(kind) -> list[str]:
    return [*own_parameters(kind), *COMMON]


def texts(kind) -> dict[str, str]:
    return {name: "{{ params['" + name + "'] }}" for name in all_names(kind)}


def a_dag(**kwargs):
    from airflow.providers.common.compat.sdk import DAG

    return DAG("rules", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), **kwargs)


@each_operator
def test_module_and_parameters_are_those_of_the_change(kind):
    change = catalogue.operators()[kind]
    assert kind.__module__ == f"{operators.__name__}.{catalogue.module_of(change)}"
    assert set(own_parameters(kind)) == set(fields(kind))
    assert set(required_parameters(kind)) == {name for name, field in fields(kind).items() if field.is_required()}


@each_operator
def test_the_signature_is_explicit_and_keyword_only(kind):
    for name, parameter in own_parameters(kind).items():
        assert parameter.kind is inspect.Parameter.KEYWORD_ONLY, name
        assert parameter.annotation is not inspect.Parameter.empty, name
    with pytest.raises(Exception, match=r"[Uu]se keyword arguments|positional"):
        kind("task")


@each_operator
def test_what_is_left_out_is_none_or_the_documented_default(kind):
    for name in own_parameters(kind).keys() - set(required_parameters(kind)):
        default = own_parameters(kind)[name].default
        assert default == fields(kind)[name].default, name
        (said,) = re.findall(rf"^:param {name}: ((?:.|\n +)+)", inspect.getdoc(kind), flags=re.MULTILINE)
        assert default is None or "default" in said, name


@each_operator
def test_the_switches_are_safe_by_default(kind):
    operator = kind(task_id="task", **dict.fromkeys(required_parameters(kind), "x"))
    assert operator.smartrecruiters_conn_id == "smartrecruiters_default"
    assert (operator.plan_only, operator.force) == (False, False)
    assert (operator.read_first, operator.return_response) == (True, True)


@each_operator
def test_every_parameter_is_a_template_field_and_stored_untouched(kind):
    given = {name: Untouchable() for name in all_names(kind)}
    operator = kind(task_id="task", **given)
    assert tuple(kind.template_fields) == tuple(all_names(kind))
    for name, value in given.items():
        assert getattr(operator, name) is value, name


@each_operator
def test_renderers_are_for_template_fields(kind):
    assert set(kind.template_fields_renderers) <= set(kind.template_fields)


@each_operator
def test_no_parameter_shadows_one_of_airflow(kind):
    from airflow.providers.common.compat.sdk import BaseOperator

    for name in all_names(kind):
        assert not hasattr(BaseOperator, name), name
        assert name not in inspect.signature(BaseOperator.__init__).parameters, name


@each_operator
def test_construction_needs_no_connection_and_no_network(kind, monkeypatch):
    def no_network(*_):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.setattr(socket.socket, "connect_ex", no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    operator = kind(task_id="task", **{**texts(kind), "smartrecruiters_conn_id": "there_is_none"})
    assert operator.hook.smartrecruiters_conn_id == "there_is_none"
    # The lookup itself fails for this id. Otherwise the lines above would prove nothing.
    with pytest.raises(Exception, match=r"there_is_none|no such table"):
        operator.hook.get_conn()


@each_operator
def test_default_args(kind):
    with a_dag(default_args=texts(kind)):
        operator = kind(task_id="task")
    assert {name: getattr(operator, name) for name in all_names(kind)} == texts(kind)


@each_operator
def test_partial_and_expand(kind):
    name, *rest = all_names(kind)
    with a_dag():
        mapped = kind.partial(task_id="task", **{other: texts(kind)[other] for other in rest}).expand(
            **{name: ["a", "b"]}
        )
    operator = mapped.unmap({name: "b"})
    assert type(operator) is kind
    assert {n: getattr(operator, n) for n in all_names(kind)} == {**texts(kind), name: "b"}


@each_operator
def test_expand_kwargs(kind):
    with a_dag():
        mapped = kind.partial(task_id="task").expand_kwargs([texts(kind)])
    operator = mapped.unmap(texts(kind))
    assert {name: getattr(operator, name) for name in all_names(kind)} == texts(kind)


@each_operator
def test_a_misspelled_parameter_is_refused_when_the_dag_is_read(kind):
    required = dict.fromkeys(required_parameters(kind), "x")
    with pytest.raises(Exception, match="plan_onyl"):
        kind(task_id="task", plan_onyl=True, **required)
    with a_dag(), pytest.raises(Exception, match="plan_onyl"):
        kind.partial(task_id="task", plan_onyl=True, **required)


@each_operator
def test_templates_render_in_every_field(kind):
    operator = kind(task_id="task", **texts(kind))
    operator.render_template_fields({"params": {name: f"value of {name}" for name in all_names(kind)}})
    rendered = {name: unwrapped(getattr(operator, name)) for name in all_names(kind)}
    assert rendered == {name: f"value of {name}" for name in all_names(kind)}


@each_operator
def test_the_docstring_names_every_parameter_the_errors_and_the_endpoint(kind):
    change, doc = catalogue.operators()[kind], inspect.getdoc(kind)
    documented = re.findall(r"^:param (\w+): \S", doc, flags=re.MULTILINE)
    assert documented == [*own_parameters(kind), "kwargs"]
    assert re.search(r"^:raises InvalidInputError: \S", doc, flags=re.MULTILINE)
    assert re.search(r"^:return: \S", doc, flags=re.MULTILINE)
    assert f"``{change.endpoint}``" in doc
    for choice in [choice for name in change.model_fields for choice in catalogue.choices(change, name)]:
        assert f"``{choice}``" in doc, choice


def example_of(kind) -> str:
    """The code of the docstring's ``code-block``, without its indentation."""
    blocks = re.findall(r"^\.\. code-block:: python\n\n((?:    .*\n|\n)+)", inspect.getdoc(kind), flags=re.MULTILINE)
    assert len(blocks) == 1, f"{kind.__name__} needs exactly one `.. code-block:: python` in its docstring"
    return textwrap.dedent(blocks[0])


def check_example(code: str, name: str, allowed: list[str], required: list[str]) -> None:
    """Check that code is one call of ``name`` whose keywords all exist.

    Wrong: ``UpdateJobStatusOperator(task_id="x", job="1")``. There is no ``job``, and ``status`` is missing.
    Right: ``UpdateJobStatusOperator(task_id="x", job_id="1", status="FILLED")``.
    """
    (statement,) = ast.parse(code).body
    assert isinstance(statement, ast.Expr), "the example is not a single call"
    assert isinstance(statement.value, ast.Call), "the example is not a single call"
    call = statement.value
    assert ast.unparse(call.func) == name
    assert call.args == []
    keywords = [keyword.arg for keyword in call.keywords]
    assert set(keywords) <= {"task_id", *allowed}, "the example has a parameter that does not exist"
    assert {"task_id", *required} <= set(keywords), "the example lacks a required parameter"


@each_operator
def test_the_docstring_has_an_example_that_runs(kind):
    """A DAG author copies it. A parameter that was renamed must not live on here."""
    code = example_of(kind)
    check_example(code, kind.__name__, all_names(kind), required_parameters(kind))
    with a_dag() as dag:
        exec(code, {kind.__name__: kind})
    (task,) = dag.tasks
    assert type(task) is kind


def test_the_docstring_of_bulk_has_an_example_that_runs():
    from airflow_provider_smartrecruiters.operators.bulk.operator import BulkOperator
    from airflow_provider_smartrecruiters.operators.candidates import RejectApplicationOperator

    code = example_of(BulkOperator)
    allowed = [*inspect.signature(BulkOperator.__init__).parameters, *own_parameters(RejectApplicationOperator)]
    check_example(code, "RejectApplicationOperator.bulk", allowed, ["items"])
    with a_dag() as dag:
        exec(code, {"RejectApplicationOperator": RejectApplicationOperator})
    (task,) = dag.tasks
    assert type(task) is BulkOperator


@pytest.mark.parametrize(
    ("code", "match"),
    [
        ('UpdateJobStatusOperator(task_id="x", job_id="1", state="FILLED")', "does not exist"),
        ('UpdateJobStatusOperator(task_id="x", job_id="1")', "lacks a required"),
        ('task = UpdateJobStatusOperator(task_id="x")', "not a single call"),
        ('"UpdateJobStatusOperator"', "not a single call"),
    ],
)
def test_a_wrong_example_is_found(code, match):
    with pytest.raises(AssertionError, match=match):
        check_example(code, "UpdateJobStatusOperator", ["job_id", "status"], ["job_id", "status"])


@each_operator
def test_the_docstring_links_to_the_apis_page(kind):
    """The page is on SmartRecruiters' own site, and each part of the docstring is where a reader looks for it."""
    doc = inspect.getdoc(kind)
    (link,) = re.findall(r"^API (?:reference|guide)(?: \([^)\n]+\))?: (\S+)$", doc, flags=re.MULTILINE)
    assert re.fullmatch(r"https://developers\.smartrecruiters\.com/(reference|docs)(/[a-z0-9-]+)?", link)
    parts = [".. code-block:: python", "Endpoint: ``", link, ":param ", ":raises ", ":return: "]
    places = [doc.index(part) for part in parts]
    assert places == sorted(places)
    assert re.match(r"[A-Z][^\n]*\.\n\n", doc), "the first line has to be one sentence that says what the operator does"


def test_the_docstring_of_the_base_names_the_common_parameters():
    from airflow_provider_smartrecruiters.operators.base import SmartRecruitersBaseOperator

    doc = inspect.getdoc(SmartRecruitersBaseOperator)
    assert re.findall(r"^:param (\w+): \S", doc, flags=re.MULTILINE) == [*COMMON, "kwargs"]
    assert re.search(r"^:raises SmartRecruitersError: \S", doc, flags=re.MULTILINE)


@each_operator
def test_the_errors_that_a_docstring_names_exist(kind):
    from airflow_provider_smartrecruiters import exceptions

    for name in re.findall(r"^:raises (\w+):", inspect.getdoc(kind), flags=re.MULTILINE):
        assert issubclass(getattr(exceptions, name), exceptions.SmartRecruitersError)


def test_the_choices_are_found_where_there_are_any():
    from airflow_provider_smartrecruiters.api import candidates, interviews, jobs

    found = {
        (change.__name__, name): catalogue.choices(change, name)
        for change in catalogue.changes()
        for name in change.model_fields
    }
    assert (
        found.items()
        >= {
            ("UpdateCandidateTimeslotStatus", "status"): interviews.ATTENDEE_STATUSES,
            ("UpdateCandidateJobStatus", "status"): candidates.APPLICATION_STATUSES,
            ("UpdateJobPosition", "type"): jobs.POSITION_TYPES,
            ("UpdateJobStatus", "status"): jobs.JOB_STATUSES,
            ("UpdateJobNote", "content"): (),
        }.items()
    )


@pytest.mark.slow
def test_importing_every_operator_loads_neither_requests_nor_the_api():
    modules = sorted({f"{operators.__name__}.search", *(kind.__module__ for kind in CLASSES)})
    # Import Airflow's own names first: on 2.11 they load requests.
    code = f"""
import importlib, json, sys
import airflow.providers.common.compat.sdk as sdk
sdk.BaseOperator, sdk.DAG
before = set(sys.modules)
for name in {modules!r}:
    importlib.import_module(name)
print(json.dumps(sorted(set(sys.modules) - before)))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = json.loads(run.stdout.splitlines()[-1])
    ours = {name for name in loaded if name.startswith("airflow_provider_smartrecruiters.")}
    assert set(modules) <= ours
    heavy = {"requests", "urllib3", "pydantic", "fsspec", "wtforms"}
    assert not heavy & {name.partition(".")[0] for name in loaded}
    allowed = ("airflow_provider_smartrecruiters.operators", "airflow_provider_smartrecruiters.exceptions")
    assert not [name for name in ours if not name.startswith(allowed)]


@each_operator
def test_private_fields_are_parameters(kind):
    assert set(kind.private_fields) <= set(own_parameters(kind))


def test_text_about_people_is_private():
    private = {name for kind in CLASSES for name in kind.private_fields}
    assert private == {"tags", "add", "remove", "content", "incumbent_name", "user_email"}
