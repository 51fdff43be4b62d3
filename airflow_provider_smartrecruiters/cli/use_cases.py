"""The arguments of the use cases, from what the operators and the changes declare."""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.provider_info import get_provider_info

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.api.change import Change
    from airflow_provider_smartrecruiters.operators.base import SmartRecruitersBaseOperator

    Operator = type[SmartRecruitersBaseOperator]

_WORD = re.compile(r"(?<!^)(?=[A-Z])")
_PARAMETER = re.compile(r"^:param (\w+): (.*)$")
_REQUIRED = inspect.Parameter.empty


@cache
def operators() -> dict[str, Operator]:
    """Return the operators by the name of their use case: ``update-job-status`` for ``UpdateJobStatusOperator``."""
    from airflow_provider_smartrecruiters.operators.base import SmartRecruitersBaseOperator

    # The metadata lists the modules; a test holds it to name them all.
    modules = [name for entry in get_provider_info()["operators"] for name in entry["python-modules"]]
    found = {
        _WORD.sub("-", kind.__name__.removesuffix("Operator")).lower(): kind
        for module in map(import_module, modules)
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, SmartRecruitersBaseOperator) and kind.__module__ == module.__name__
    }
    return dict(sorted(found.items()))


def change_type(operator: Operator) -> type[Change]:
    """Return the change that an operator makes."""
    module, _, name = operator.change_name.rpartition(".")
    change: type[Change] = getattr(import_module(f"airflow_provider_smartrecruiters.api.{module}"), name)
    return change


def summary(operator: Operator) -> str:
    """Return what an operator does: the first sentence of its docstring."""
    return _plain((inspect.getdoc(operator) or "").partition("\n\n")[0])


def add_parameters(operator: Operator, parser: argparse.ArgumentParser) -> None:
    """Add the operator's own parameters to a parser, as options: ``candidate_id`` is ``--candidate-id``.

    :param operator: the operator.
    :param parser: the parser of its use case.
    """
    described = _described(operator)
    required, optional = (parser.add_argument_group(title) for title in ("required parameters", "parameters"))
    for name, default in operator.own_parameters().items():
        group = required if default is _REQUIRED else optional
        options: dict[str, Any] = {"help": described.get(name, "").replace("%", "%%")}
        if default is _REQUIRED:
            options["required"] = True
        else:
            options["default"] = default
        group.add_argument("--" + name.replace("_", "-"), **options, **_kind(operator, name))


def change_of(operator: Operator, options: argparse.Namespace) -> Change:
    """Build the change that the options describe.

    :param operator: the operator of the use case.
    :param options: the parsed command line.
    :raises InvalidInputError: a parameter cannot be sent.
    """
    given = {name: getattr(options, name) for name in operator.own_parameters()}
    return operator.change_of({name: _as_text(value) for name, value in given.items()})


def text_or_file(text: str) -> str:
    """Return a value of the command line: the text itself, or with ``@`` in front the content of a file.

    :param text: the text, ``@path``, ``@-`` for standard input, or ``@@…`` for a text that begins with ``@``. The last
        line break of a file is left out, since editors add it.
    :raises ArgumentTypeError: the file cannot be read.
    """
    if not text.startswith("@") or text.startswith("@@"):
        return text.removeprefix("@")
    try:
        content = sys.stdin.buffer.read() if text == "@-" else Path(text[1:]).expanduser().read_bytes()
        return content.decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise argparse.ArgumentTypeError(f"cannot read the file ({error.strerror})") from None
    except UnicodeDecodeError:
        raise argparse.ArgumentTypeError("the file is not text in UTF-8") from None


def _kind(operator: Operator, name: str) -> dict[str, Any]:
    from airflow_provider_smartrecruiters.api.values.choices import choices_of
    from airflow_provider_smartrecruiters.operators.common.params import as_bool, as_list, as_mapping

    reader = operator.parameter_readers.get(name)
    if reader is as_bool:
        return {"action": argparse.BooleanOptionalAction}
    if reader is as_list:
        return {"nargs": "*", "type": text_or_file, "metavar": "TEXT"}
    if reader is as_mapping:
        return {"type": text_or_file, "metavar": "JSON"}
    field = change_type(operator).model_fields.get(name)
    choices = choices_of(field) if field else ()
    if choices:
        return {"choices": choices, "metavar": name.upper()}
    return {"type": text_or_file, "metavar": "ID" if name.endswith("_id") else "TEXT"}


def _as_text(value: Any) -> Any:
    # One text in list form, as from a file, is the list itself.
    if isinstance(value, list) and len(value) == 1 and value[0].lstrip().startswith("["):
        return value[0]
    return value


def _described(operator: Operator) -> Mapping[str, str]:
    """Return the descriptions of the parameters, from the docstring."""
    described: dict[str, str] = {}
    name = None
    for line in (inspect.getdoc(operator) or "").splitlines():
        if found := _PARAMETER.match(line):
            name = found[1]
            described[name] = found[2]
        elif name and line.startswith("    "):
            described[name] += " " + line.strip()
        else:
            name = None
    return {name: _plain(text) for name, text in described.items()}


def _plain(text: str) -> str:
    """Return a docstring's text without its markup."""
    text = re.sub(r":class:`\.?(\w+)`", r"\1", text)
    text = " ".join(text.replace("``", "").split()).replace(" Default None.", "")
    # Everything on a command line is text.
    return re.sub(r", text(?=[.,;])", "", text)
