"""What a trigger form shows to a person: words for codes, and the labels of fields for errors."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KEEP = "Leave as it is"


def words(codes: Iterable[str]) -> dict[str, str]:
    """Return words for codes, for ``values_display`` of a form's drop-down. The form sends the codes.

    :param codes: codes of the API, such as ``IN_REVIEW``.
    :return: words by code: ``{"IN_REVIEW": "In review", ...}``, and "Leave as it is" for none.
    """
    # An empty choice is looked up as the text that Jinja makes of it on Airflow 2.11, and JavaScript on Airflow 3.
    return {code: code.replace("_", " ").capitalize() for code in codes} | {"None": KEEP, "null": KEEP}


@contextmanager
def named_as_in_the_form(operator: Any) -> Iterator[None]:
    """Make an error about parameters name them as the trigger form of the DAG does.

    :param operator: the task. Its DAG's form, if there is one, has fields with the names of parameters.
    :raises InvalidInputError: the error raised in the block; its hint names the fields.
    """
    from airflow_provider_smartrecruiters.exceptions import InvalidInputError

    try:
        yield
    except InvalidInputError as error:
        if titles := _titles(operator, error.fields):
            error.hint = f"{error.hint} In the trigger form: {', '.join(titles)}.".lstrip()
        raise


def _titles(operator: Any, fields: Iterable[str]) -> list[str]:
    params: Any = operator.dag.params if operator.has_dag() else {}
    schemas = {name: params.get_param(name).schema for name in fields if name in params}
    return [f'"{schema["title"]}"' for schema in schemas.values() if schema.get("title")]
