"""The documentation of an operator on its task's page: the class docstring, from reStructuredText to Markdown.

Only what the docstrings of this package use is converted: literals, roles, code blocks and fields. Other text stays as
it is, so that the docstring of a DAG author's subclass is shown, too. Literals become plain text and names of
parameters bold: Airflow 3.3 draws a code span over the line above it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

# Texts, not compiled here: every DAG file imports this module, and few build a task of each kind.
_ROLE = r":(?:\w+:)?\w+:`~?\.?([^`]*)`"
# Not the three backticks around a block of code.
_LITERAL = r"(?s)(?<!`)``(?!`)(.+?)(?<!`)``(?!`)"
_CODE_BLOCK = r"(?m)^\.\. code-block:: *(\w*)\n\n((?: {4}.*\n?|\n)+)"
_FIELD = r"(?m)^:(param|raises|returns?) ?([\w.]*):((?:.|\n(?!:))*)"
_AS_EXECUTE = r"(?m)^:return: the result of :meth:`\.\w+\.execute`\."
_MARKUP = r"([\\`*_\[\]<>~])"
_HEADINGS = {"param": "Parameters", "raises": "Errors", "return": "Result"}


def document(task: Any) -> None:
    """Show a task's docstring on its page, unless the DAG's author has written something else there.

    :param task: an operator or sensor of this package, under construction.
    """
    if not any((task.doc, task.doc_md, task.doc_rst, task.doc_json, task.doc_yaml)):
        kind: type = type(task)
        task.doc_md = markdown_of(kind)


@cache
def markdown_of(kind: type) -> str | None:
    """Return the docstring of a class in Markdown. It is converted once in each process.

    :param kind: an operator.
    :return: the text; ``None`` if the class has no docstring.
    """
    text = inspect.getdoc(kind)
    # The page has no link to the base class, so its words stand here.
    fields = re.findall(_FIELD, inspect.getdoc(getattr(kind, "execute", None)) or "")
    returned = [said for name, _, said in fields if name == "return"]
    text = re.sub(_AS_EXECUTE, lambda _: f":return:{returned[0]}", text or "") if returned else text
    return to_markdown(text) if text else None


def to_markdown(text: str) -> str:
    """Convert a docstring: prose first, then its fields as lists.

    :param text: the docstring without indentation.
    :return: Markdown.
    """
    body = re.sub(_CODE_BLOCK, _fenced, f"{re.sub(_FIELD, '', text).strip()}\n")
    return _inline("\n\n".join([body.strip(), *_field_lists(text)]))


def _fenced(block: re.Match[str]) -> str:
    return f"```{block[1]}\n{inspect.cleandoc(block[2])}\n```\n\n"


def _field_lists(text: str) -> Iterator[str]:
    fields = [(kind, name, " ".join(said.split())) for kind, name, said in re.findall(_FIELD, text)]
    for kind, heading in _HEADINGS.items():
        lines = [_line(name, said) for given, name, said in fields if given.startswith(kind) and name != "kwargs"]
        if lines:
            yield f"**{heading}**\n\n" + "\n".join(lines)


def _line(name: str, said: str) -> str:
    return f"- **{_plain(name)}**: {said}" if name else said


def _inline(text: str) -> str:
    text = re.sub(_ROLE, lambda role: _plain(role[1].rpartition(".")[2]), text)
    return re.sub(_LITERAL, lambda literal: _plain(literal[1]), text)


def _plain(text: str) -> str:
    return re.sub(_MARKUP, r"\\\1", text)
