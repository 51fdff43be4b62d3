"""
The pages of the docs, and the parts of pages, that follow from declarations.

    python -m scripts.docs_pages

writes them below docs/; `make docs` does the same first. A new use case, parameter or field of the connection is in the
docs without a word about it here. What is written is not committed.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import shutil
from functools import cache
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

from airflow_provider_smartrecruiters.connection_form import EXTRA_FIELDS, STANDARD_FIELDS
from airflow_provider_smartrecruiters.provider_info import get_provider_info
from tests.support import catalogue

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PACKAGE = "airflow_provider_smartrecruiters"
_IMAGES = DOCS / "images"
_PLOTS = ROOT / "benchmarks" / "results"
_PARAM = re.compile(r"^:(param|raises|return|returns)(?: (\w+))?: (.*?)(?=^:|\Z)", re.MULTILINE | re.DOTALL)
_SNIPPET = re.compile(r"\.\. code-block:: python\n\n(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
_HOME = re.compile(r"^(Endpoint|API (?:reference|guide)[^:]*): (.+)$", re.MULTILINE)
_TEMPLATED = re.compile(r"\{\{ params\.(\w+) \}\}")


class Docstring:
    """
    The parts of a docstring.

    :param documented: the class or function.
    """

    def __init__(self, documented: Any) -> None:
        text = inspect.getdoc(documented) or ""
        self.fields = [(kind, name, _one_line(said)) for kind, name, said in _PARAM.findall(text)]
        """Kind (``param``, ``raises``, ``return``), name and text of the fields."""
        text = _PARAM.sub("", text)
        self.snippet = dedent(found[1]).strip() if (found := _SNIPPET.search(text)) else ""
        """The first example."""
        text = _SNIPPET.sub("", text)
        self.home = dict(_HOME.findall(text))
        """The lines ``Endpoint:``, ``API reference:`` and ``API guide:``."""
        self.summary, _, rest = _HOME.sub("", text).strip().partition("\n\n")
        self.body = re.sub(r"\n{3,}", "\n\n", rest).strip()
        """What follows the first sentence."""

    def said(self, kind: str) -> dict[str, str]:
        """Return the text of the fields of one kind, by name."""
        return {name: text for of, name, text in self.fields if of == kind}


def write(docs: Path) -> None:
    """Write all pages; leave those alone that have not changed, so that Sphinx does not read them again."""
    for name, text in pages().items():
        path = docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


@cache
def pages() -> dict[str, str]:
    """Return the text of each page, by its path below docs/."""
    from airflow_provider_smartrecruiters.operators.base import SmartRecruitersBaseOperator
    from airflow_provider_smartrecruiters.operators.bulk.operator import BulkOperator

    return {
        "_generated/operators.md": operators_table(),
        "_generated/common_parameters.md": parameters_table(
            SmartRecruitersBaseOperator, SmartRecruitersBaseOperator.template_fields
        ),
        "_generated/bulk_parameters.md": parameters_table(
            BulkOperator, [name for name in inspect.signature(BulkOperator.__init__).parameters if name in _bulk()]
        ),
        "_generated/operator_pages.md": operator_pages(),
        "_generated/connection.md": connection_table(),
        "_generated/examples.md": examples_table(),
        "_generated/plots.md": plots(),
        **{f"_generated/{name.lower()}.md": root_page(name) for name in ("CHANGELOG", "CONTRIBUTING", "SECURITY")},
        **operators_pages(),
        **{f"reference/{name}.md": reference(title, modules) for name, title, modules in references()},
    }


def operators_pages() -> dict[str, str]:
    """Return the text of each operator's page, by its path below docs/. On every version of Airflow."""
    return {operator_page(change): operator_text(operator, change) for operator, change in _operators()}


def operator_pages() -> str:
    """Return the list of the operators' pages for the sidebar: in words, as class names are too long for it."""
    changes = sorted((change for _, change in _operators()), key=catalogue.name_of)
    lines = [
        f"{catalogue.name_of(change).replace('_', ' ').capitalize()} <{operator_page(change)}>" for change in changes
    ]
    return "\n".join(["```{toctree}", ":hidden:", "", *lines, "```"])


def _operators() -> list[tuple[Any, Any]]:
    return list(catalogue.operators().items())


def _bulk() -> set[str]:
    from airflow_provider_smartrecruiters.operators.bulk.operator import BulkOperator

    return set(BulkOperator.template_fields) - {"shared"}


def operator_page(change: Any) -> str:
    """Return the path of an operator's page: ``operators/update_job_status.md``."""
    return f"operators/{catalogue.name_of(change)}.md"


def operators_table() -> str:
    """Return the table of all operators."""
    rows = [
        [
            f"[{_breakable(operator.__name__)}]({operator_page(change)})",
            _markdown(Docstring(operator).summary),
            f"`{change.endpoint}`",
        ]
        for operator, change in _operators()
    ]
    return _markdown_table(["operator", "what it does", "request"], rows)


def operator_text(operator: Any, change: Any) -> str:
    """Return the page of an operator."""
    name, module = operator.__name__, operator.__module__
    doc = Docstring(operator)
    parts = [
        f"# {name}",
        _markdown(doc.summary),
        _rst(doc.body),
        _facts(operator, change, doc),
        "## Example",
        f"```python\n{example(operator, change)}\n```",
        "The repository has [a DAG with a trigger form](../examples.md) for it: "
        f"`example_dags/{catalogue.name_of(change)}.py`.",
        _pictures(change),
        "## Arguments",
        "All are keyword-only and templated.",
        arguments_table(operator, change),
        "Every operator also takes the [shared parameters](../operators.md#parameters-of-every-operator), such as "
        "`plan_only`, and returns the [same result](../operators.md#the-result). "
        f"[`{name}.bulk()`](../many-records.md) changes many records in one task.",
        "## Errors",
        _rst("\n".join(f"- ``{kind}``: {text}" for kind, text in doc.said("raises").items())),
        _errors(name),
        "[When something goes wrong](../troubleshooting.md) lists the errors of every operator, and "
        f"the {{py:class}}`API reference <{module}.{name}>` all members of the class.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _facts(operator: Any, change: Any, doc: Docstring) -> str:
    read = f"`GET {change.record}`" if change.record else "not possible: the API cannot return it"
    scopes = [f"`{scope}` ({what})" for scope, what in ((change.scope, "write"), (change.read_scope, "read")) if scope]
    links = [f"<{address}>" for label, address in doc.home.items() if label.startswith("API ")]
    rows = [
        ["import from", f"`{operator.__module__}`"],
        ["writes", f"`{change.endpoint}`" + (", which replaces the record" if change.whole else "")],
        ["reads first", read],
        ["OAuth scopes", ", ".join(scopes)],
        ["SmartRecruiters' page", ", ".join(links)],
    ]
    return _markdown_table(["", ""], rows)


def example(operator: Any, change: Any) -> str:
    """Return a DAG file with the docstring's example; its params are records of the local SmartRecruiters."""
    name, snippet = catalogue.name_of(change), Docstring(operator).snippet
    sample = importlib.import_module(f"example_dags.{name}").dag.params
    params = {key: _sample(sample.get_param(key)) for key in _TEMPLATED.findall(snippet)}
    given = "".join(f'        "{key}": "{value}",\n' for key, value in params.items())
    return (
        "from airflow.sdk import DAG  # on Airflow 2.11: from airflow import DAG\n"
        f"from {operator.__module__} import {operator.__name__}\n\n"
        f'with DAG(\n    "{name}",\n    schedule=None,\n    params={{\n{given}    }},\n) as dag:\n'
        f"{indent(snippet, '    ')}"
    )


def _sample(param: Any) -> Any:
    """Return what a field of a form begins with, or else what it suggests: ids are no defaults."""
    return param.value if param.has_value else param.schema["examples"][0]


def _pictures(change: Any) -> str:
    name = catalogue.name_of(change)
    found = sorted(path for path in _IMAGES.glob("**/*.png") if name in path.stem.replace("-", "_").split(".")[0])
    exact = [path for path in found if _subject(path, name)]
    return "\n\n".join(
        f"![{path.stem.replace('-', ' ').replace('_', ' ')}](../{path.relative_to(DOCS).as_posix()})" for path in exact
    )


def _subject(path: Path, name: str) -> bool:
    # `update_job` is in the name of a picture of `update_job_status`, too: the longest name of a use case decides.
    stem = path.stem.replace("-", "_")
    names = [catalogue.name_of(change) for change in catalogue.changes()]
    return max((other for other in names if other in stem), key=len, default="") == name


def arguments_table(operator: Any, change: Any) -> str:
    """Return the table of an operator's own arguments."""
    described = Docstring(operator).said("param")
    rows = []
    for name, parameter in catalogue.parameters(operator).items():
        values = catalogue.choices(change, name) if name in change.model_fields else ()
        meaning = described.get(name, "")
        # Most docstrings name the values themselves.
        if any(f"``{value}``" not in meaning for value in values):
            meaning += f" Allowed values: {', '.join(f'``{value}``' for value in values)}."
        rows.append([f"``{name}``", _default(parameter), meaning])
    return _rst_table(["argument", "default", "meaning"], [20, 12, 68], rows)


def parameters_table(documented: Any, names: Any) -> str:
    """Return the table of some parameters of a class, from its docstring."""
    described = Docstring(documented).said("param")
    signature = inspect.signature(documented.__init__).parameters
    rows = [[f"``{name}``", _default(signature[name]), described[name]] for name in names]
    return _rst_table(["parameter", "default", "meaning"], [22, 16, 62], rows)


def _default(parameter: inspect.Parameter) -> str:
    if parameter.default is inspect.Parameter.empty:
        return "required"
    text = str(parameter.default) if isinstance(parameter.default, str) else repr(parameter.default)
    return f"``{text}``" if text else "blank"


def connection_table() -> str:
    """Return the table of the connection's fields."""
    standard = {field.name: field for field in STANDARD_FIELDS}
    rows = [[f"`{field.name}`", field.label] for field in standard.values() if field.label]
    for field in EXTRA_FIELDS:
        allowed = f" One of {', '.join(f'`{choice}`' for choice in field.choices)}." if field.choices else ""
        rows.append([f"`extra.{field.name}`", _escaped(field.description) + allowed])
    return _markdown_table(["field", "meaning"], rows)


def examples_table() -> str:
    """Return the table of the example DAGs, from their first sentences."""
    rows = [
        [f"`{path.name}`", _escaped(_one_line((ast.get_docstring(tree) or "").partition("\n\n")[0]))]
        for path in sorted(catalogue.EXAMPLES.glob("*.py"))
        for tree in [ast.parse(path.read_text(encoding="utf-8"))]
    ]
    return _markdown_table(["file", "what it does"], rows)


def plots() -> str:
    """Return the plots that `make bench` has drawn, copied beside the pages; the text says so if there are none."""
    found = sorted(_PLOTS.glob("*.png"))
    for path in found:
        copied = DOCS / "_generated" / path.name
        copied.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, copied)
    if not found:
        return "The plots of `make bench` appear here if they were drawn before the docs were built.\n"
    return "\n".join(f"![{path.stem.replace('_', ' ')}](_generated/{path.name})\n" for path in found)


def root_page(name: str) -> str:
    """Return a page of the repository's root, with its links as they are from docs/."""
    text = (ROOT / f"{name}.md").read_text(encoding="utf-8")
    return re.sub(r"\]\(docs/", "](", text)


def _errors(name: str) -> str:
    page = (DOCS / "errors.md").read_text(encoding="utf-8")
    found = re.search(rf"<!-- errors: {name} -->\n(.*?)<!-- end -->", page, re.DOTALL)
    return found[1].strip() if found else ""


def references() -> list[tuple[str, str, list[str]]]:
    """Return name, title and modules of each page of the API reference."""
    info = get_provider_info()

    def listed(key: str) -> list[str]:
        return [module for one in info.get(key, ()) for module in one["python-modules"]]

    found = [
        ("api", "Without Airflow", ["api.change", "api.converge.apply", "api.http.client", *_face()]),
        ("hooks", "Hook", listed("hooks")),
        (
            "operators",
            "Operators",
            [
                *listed("operators"),
                "operators.base",
                "operators.bulk.operator",
                "operators.finding.operator",
                "operators.approvals",
                "operators.forms",
            ],
        ),
        ("sensors", "Sensors", [*listed("sensors"), "sensors.base"]),
        ("triggers", "Triggers", [*listed("triggers"), "triggers.runs"]),
        ("exceptions", "Errors", ["exceptions"]),
        ("retry_policy", "Retry policy", ["retry_policy"]),
        (
            "emulator",
            "Emulator and fixture",
            [
                f"emulator.{name}"
                for name in ("pytest_plugin", "handle", "config", "tenant.settings", "tenant.known_records", "journal")
            ],
        ),
    ]
    return [
        (name, title, [module.removeprefix(f"{PACKAGE}.") for module in modules])
        for name, title, modules in found
        if modules
    ]


def _face() -> list[str]:
    from airflow_provider_smartrecruiters.api import _WHOLE

    return [module for module in _WHOLE if module != "exceptions"]


def reference(title: str, modules: list[str]) -> str:
    """Return a page of the API reference: the members of some modules."""
    parts = [f"# {title}"]
    for module in modules:
        lines = [f".. automodule:: {PACKAGE}.{module}", "   :members:", *_options(module)]
        parts += [f"## {module}", "```{eval-rst}\n" + "\n".join(lines) + "\n```"]
    return "\n\n".join(parts) + "\n"


def _options(module: str) -> list[str]:
    """Return options: a module with a face of its own shows what it exports, every other one its own classes."""
    loaded = importlib.import_module(f"{PACKAGE}.{module}")
    public = [name for name in getattr(loaded, "__all__", ()) if getattr(loaded, name).__module__ != loaded.__name__]
    return ["   :show-inheritance:"] if not public else ["   :imported-members:"]


# Markup


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _markdown(text: str) -> str:
    """Return reStructuredText without blocks as Markdown: literals, and references as literals."""
    text = re.sub(r":\w+:`[.~]*([^`<]+?)(?: <[^>]*>)?`", r"``\1``", _one_line(text))
    return text.replace("``", "`")


def _escaped(text: str) -> str:
    return text.replace("|", r"\|").replace("<", "&lt;")


def _rst(text: str) -> str:
    return f"```{{eval-rst}}\n{text}\n```" if text else ""


def _breakable(name: str) -> str:
    return f"`{name}`"


def _markdown_table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _rst_table(head: list[str], widths: list[int], rows: list[list[str]]) -> str:
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {' '.join(map(str, widths))}", ""]
    for row in [head, *rows]:
        lines += [f"   {'*' if number == 0 else ' '} - {cell}" for number, cell in enumerate(row)]
    return _rst("\n".join(lines)) + "\n"


if __name__ == "__main__":
    write(DOCS)
