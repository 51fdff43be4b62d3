"""The connection's form, declared once for every Airflow that is supported.

Airflow 3.2 and later take the form from the provider's metadata, 2.11 to 3.1 from methods of the hook. Both are
rendered from :data:`EXTRA_FIELDS` and :data:`STANDARD_FIELDS`, and so is what a connection's extras may hold.

``provider_info`` imports this module inside ``import airflow``, in every process: at module level it stays with the
standard library.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

CONN_TYPE = "smartrecruiters"
HOOK_NAME = "SmartRecruiters"


@dataclass(frozen=True)
class ExtraField:
    """A field of the form that is kept in the connection's extras under ``name``.

    :param name: key in the extras.
    :param label: what the form calls it.
    :param description: what the form says about it.
    :param kind: JSON schema type of its value.
    :param choices: the values that it may have; a drop-down in the form.
    :param minimum: the smallest number that it may have.
    """

    name: str
    label: str
    description: str
    kind: Literal["string", "integer", "number"] = "string"
    choices: tuple[str, ...] = ()
    minimum: float | None = None


EXTRA_FIELDS = (
    ExtraField(
        "environment",
        "Environment",
        "Which SmartRecruiters answers, unless a base URL is given. Default: production.",
        choices=("production", "sandbox"),
    ),
    ExtraField(
        "token_url",
        "Token URL",
        "OAuth only: where tokens are fetched. Default: /identity/oauth/token at the base URL.",
    ),
    ExtraField(
        "scope",
        "Scope",
        "OAuth only: scopes to ask for, separated by spaces. Default: all that the client has.",
    ),
    ExtraField(
        "timeout",
        "Timeout",
        "Seconds to wait for an answer. Default: 128, the least that SmartRecruiters advises.",
        kind="number",
        minimum=0.1,
    ),
    ExtraField(
        "requests_per_second",
        "Requests per second",
        "How many requests one process sends in a second. Default: 10, the credential's limit. 0: any number.",
        kind="number",
        minimum=0,
    ),
    ExtraField(
        "max_concurrent",
        "Requests at once",
        "How many requests one process has under way. Default: 8, the credential's limit. 0: any number.",
        kind="integer",
        minimum=0,
    ),
    ExtraField(
        "rate_limit_store",
        "Rate limit store",
        "Where tasks share the pace: a file's absolute path (one host), redis://… or postgresql://… (a cluster). "
        "Default: each process keeps its own.",
    ),
)


@dataclass(frozen=True)
class StandardField:
    """One of the fields that every Airflow connection has; hidden where it has no label."""

    name: str
    label: str = ""
    placeholder: str = ""


STANDARD_FIELDS = (
    StandardField("login", "Client ID (OAuth; leave empty for an API key)"),
    StandardField("password", "API key, or client secret"),
    StandardField("host", "Base URL (instead of the environment's)", "https://api.smartrecruiters.com"),
    # The base URL holds both; connections written as a URI or in JSON may still set them.
    StandardField("schema"),
    StandardField("port"),
)


def conn_fields() -> dict[str, dict[str, Any]]:
    """Return the extra fields as the provider metadata's ``conn-fields``.

    :return: field name to label, description and JSON schema.
    """
    rendered = {}
    for field in EXTRA_FIELDS:
        schema: dict[str, Any] = {"type": [field.kind, "null"]}
        if field.choices:
            schema["enum"] = list(field.choices)
        if field.minimum is not None:
            schema["minimum"] = field.minimum
        rendered[field.name] = {"label": field.label, "description": field.description, "schema": schema}
    return rendered


def ui_field_behaviour() -> dict[str, Any]:
    """Return the standard fields as the provider metadata's ``ui-field-behaviour``.

    :return: ``hidden-fields``, ``relabeling`` and ``placeholders``.
    """
    return {
        "hidden-fields": [field.name for field in STANDARD_FIELDS if not field.label],
        "relabeling": {field.name: field.label for field in STANDARD_FIELDS if field.label},
        "placeholders": {field.name: field.placeholder for field in STANDARD_FIELDS if field.placeholder},
    }


def hook_field_behaviour() -> dict[str, Any]:
    """Return the standard fields as the hook's ``get_ui_field_behaviour`` has to.

    :return: ``hidden_fields``, ``relabeling`` and ``placeholders``.
    """
    return {key.replace("-", "_"): value for key, value in ui_field_behaviour().items()}


def form_widgets() -> dict[str, Any]:
    """Return the extra fields as the hook's ``get_connection_form_widgets`` has to.

    Airflow 3.1 calls this with WTForms and Flask-AppBuilder replaced by stand-ins, which know only the names imported
    here.

    :return: field name to unbound WTForms field.
    :raises ImportError: WTForms or Flask-AppBuilder is not installed; Airflow expects and handles that.
    """
    from flask_appbuilder.fieldwidgets import BS3TextFieldWidget  # type: ignore[import-untyped, import-not-found, unused-ignore]
    from flask_babel import lazy_gettext  # type: ignore[import-untyped, import-not-found, unused-ignore]
    from wtforms import IntegerField, StringField  # type: ignore[import-untyped, import-not-found, unused-ignore]
    from wtforms.validators import Optional, any_of  # type: ignore[import-untyped, import-not-found, unused-ignore]

    widgets = {}
    for field in EXTRA_FIELDS:
        validators: list[Any] = [Optional()]
        if field.choices:
            validators.append(any_of(list(field.choices)))
        if field.minimum is not None:
            validators.append(_AtLeast(field.minimum))
        # Airflow 2.11 takes fields of four classes only, none of them for fractions or for a choice.
        field_class = IntegerField if field.kind == "integer" else StringField
        widgets[field.name] = field_class(
            lazy_gettext(field.label),
            widget=_DropDown(field.choices) if field.choices else BS3TextFieldWidget(),
            description=field.description,
            validators=validators,
        )
    return widgets


@dataclass(frozen=True)
class _AtLeast:
    """A WTForms validator of numbers, also of those that a text field holds."""

    minimum: float

    def __call__(self, form: Any, field: Any) -> None:
        from wtforms.validators import ValidationError  # type: ignore[import-untyped, import-not-found, unused-ignore]

        try:
            fits = float(field.data) >= self.minimum
        except (TypeError, ValueError):
            fits = False
        if not fits:
            raise ValidationError(f"Must be a number of at least {self.minimum:g}.")


@dataclass(frozen=True)
class _DropDown:
    """A WTForms widget that offers choices for a text field."""

    choices: tuple[str, ...]

    def __call__(self, field: Any, **attributes: Any) -> Any:
        from markupsafe import Markup
        from wtforms.widgets import html_params  # type: ignore[import-untyped, import-not-found, unused-ignore]

        attributes = {"id": field.id, "name": field.name, **attributes, "class": "form-control"}
        # A value that is no choice is offered too: opening the form and saving it must not change the connection.
        values = dict.fromkeys(("", *self.choices, field.data or ""))
        options = (
            f"<option {html_params(value=value, selected=value == (field.data or ''))}>{Markup.escape(value)}</option>"
            for value in values
        )
        return Markup(f"<select {html_params(**attributes)}>{''.join(options)}</select>")
