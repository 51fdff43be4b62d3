"""Every operator's docstring reads well on the task's page."""

from __future__ import annotations

import inspect
import re

import pytest

from airflow_provider_smartrecruiters.operators.jobs import UpdateJobStatusOperator
from airflow_provider_smartrecruiters.operators.ui.documentation import markdown_of, to_markdown
from tests.support import catalogue

each_operator = pytest.mark.parametrize("kind", catalogue.operators(), ids=lambda kind: kind.__name__)


def an_operator(kind=UpdateJobStatusOperator, **arguments):
    return kind(task_id="task", job_id="1", status="FILLED", **arguments)


@each_operator
def test_nothing_of_the_markup_is_left(kind):
    text = markdown_of(kind)
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    assert not re.search(r"``|:\w+:`|^\.\. |^:\w+|:class:|~", prose, flags=re.MULTILINE), prose
    # Airflow 3.3 draws code spans over the line above.
    assert "`" not in prose.replace("\\`", "")
    assert text.count("```python") == inspect.getdoc(kind).count("code-block")


@each_operator
def test_it_has_the_summary_every_parameter_and_the_errors(kind):
    text = markdown_of(kind)
    assert text.startswith(inspect.getdoc(kind).partition("\n")[0])
    for name in catalogue.parameters(kind):
        assert f"\n- **{name}**: " in text.replace("\\_", "_")
    assert "\n**Errors**\n" in text
    assert "**kwargs**" not in text
    # A page of Airflow has no link to the method of the base class.
    result = text.replace("\\_", "_").partition("\n**Result**\n\n")[2]
    assert result.startswith("a JSON-ready dict with use_case, target (ids), changed")


def test_a_task_shows_the_docstring_of_its_operator():
    assert an_operator().doc_md == markdown_of(UpdateJobStatusOperator)


@pytest.mark.parametrize("name", ["doc", "doc_md", "doc_rst", "doc_json", "doc_yaml"])
def test_the_documentation_of_a_dag_author_wins(name):
    task = an_operator(**{name: "mine"})
    assert [getattr(task, each) for each in ("doc", "doc_md", "doc_rst", "doc_json", "doc_yaml")].count("mine") == 1
    assert task.doc_md == ("mine" if name == "doc_md" else None)


def test_a_subclass_shows_its_own_docstring():
    class Mine(UpdateJobStatusOperator):
        """Close the jobs of my team. *Ask first.*"""

    assert an_operator(Mine).doc_md == "Close the jobs of my team. *Ask first.*"


def test_what_is_converted():
    assert to_markdown(
        """Do it, see :class:`.Other` and :func:`~a.b.c`.

.. code-block:: python

    do(
        it=True,
    )

Then ``x_1 = "{{ y }}"``.

:param it: yes
    or no.
:param kwargs: the rest.
:raises ValueError: no.
:return: what :meth:`.Base.run` returns."""
    ) == (
        'Do it, see Other and c.\n\n```python\ndo(\n    it=True,\n)\n```\n\nThen x\\_1 = "{{ y }}".\n\n'
        "**Parameters**\n\n- **it**: yes or no.\n\n**Errors**\n\n- **ValueError**: no.\n\n"
        "**Result**\n\nwhat run returns."
    )
