"""Sphinx builds the docs from these settings: `make docs`."""

from __future__ import annotations

import argparse
import builtins
import importlib
import logging
import pkgutil
import sys
import tomllib
import typing
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path.insert(0, str(ROOT))
_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

from airflow.providers.common.compat import sdk as compat  # noqa: E402

import airflow_provider_smartrecruiters as package  # noqa: E402
from airflow_provider_smartrecruiters.api.change import Change  # noqa: E402
from airflow_provider_smartrecruiters.api.reads.waiting import StatusWait  # noqa: E402
from airflow_provider_smartrecruiters.api.record import AboutRecord  # noqa: E402
from scripts import docs_pages  # noqa: E402

project = _PROJECT["project"]["name"]
author = copyright = f"the authors of {project}"
release = version = package.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
# `_generated` holds parts of pages, which other pages include.
exclude_patterns = ["_build", "_generated", "images/README.md"]
myst_enable_extensions = ["colon_fence"]
# Links to a heading (`pacing.md#several-processes`) are checked down to this level.
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries_show_parents = "hide"

nitpicky = True

html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_css_files = ["docs.css"]
html_show_sphinx = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}
# No repository address is known yet. Once it is, it belongs in [project.urls] as "Source".
if source := _PROJECT["project"].get("urls", {}).get("Source"):
    html_theme_options["source_repository"] = source

pygments_style = "friendly"
pygments_dark_style = "monokai"
logging.getLogger("airflow").setLevel(logging.ERROR)

_INTERNAL = (
    *Change.__class_vars__,
    *StatusWait.__class_vars__,
    "model_config",
    "model_post_init",
    "after_fork",
    "checking",
    "until",
)
"""What a subclass or another module of the package needs, and no user."""


def _plain_if_it_exists(_: Any, __: Any, node: Any, content: Any) -> Any:
    """Show a reference to something without a page of its own as text, and let one to nothing be a warning.

    Other projects' names are no links, since a build must not need the network to look up where their docs are.
    """
    return content if node.get("refdomain") == "py" and _exists(node["reftarget"].lstrip(".")) else None


def _exists(target: str) -> bool:
    if target in {*Change.__class_vars__, *StatusWait.__class_vars__}:
        return True
    parts = target.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:cut]))
        except ImportError:
            continue
        return _has(module, parts[cut:])
    return any(_has(module, parts) for module in (builtins, typing, argparse, compat, *_package()))


def _package() -> list[Any]:
    found = [info.name for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    return [importlib.import_module(name) for name in found if not name.endswith("__main__")]


def _has(holder: Any, names: list[str]) -> bool:
    """Return whether a module has a name, or the last part of its own name and then the rest (``rules.Rule``)."""
    if holder.__name__.rpartition(".")[2] == names[0] and names[1:]:
        names = names[1:]
    for name in names:
        if not hasattr(holder, name):
            return False
        holder = getattr(holder, name)
    return True


def _tree(_: Any, what: str, ___: str, ____: Any, _____: Any, lines: list[str]) -> None:
    """Show the tree in the docstring of `exceptions` as it is written: its levels are no quotations."""
    if what == "module" and (start := next((n for n, line in enumerate(lines) if line.startswith("    ``")), 0)):
        end = next(n for n in range(start, len(lines)) if not lines[n])
        lines[start - 1 : end] = ["::", "", *(f"    {line.replace('``', '')}" for line in lines[start - 1 : end])]


def _skip(_: Any, __: str, name: str, ___: Any, ____: bool, _____: Any) -> bool | None:
    return True if name in _INTERNAL else None


def _signature(_: Any, __: str, ___: str, obj: Any, ____: Any, _____: str, ______: str) -> tuple[str, str] | None:
    """Write the signature of a change as names and defaults: its types are validators, which nobody can read."""
    if not (isinstance(obj, type) and issubclass(obj, AboutRecord)) or obj is Change:
        return None
    fields = obj.model_fields.items()
    names = [name if field.is_required() else f"{name}={field.get_default()!r}" for name, field in fields]
    return f"(*, {', '.join(names)})", ""


def setup(app: Any) -> None:
    """Write the pages that follow from declarations, before Sphinx looks for pages."""
    docs_pages.write(DOCS)
    app.connect("missing-reference", _plain_if_it_exists)
    app.connect("autodoc-process-docstring", _tree)
    app.connect("autodoc-skip-member", _skip)
    app.connect("autodoc-process-signature", _signature)
