"""The connection form, declared once for every supported version of Airflow.

Airflow 3.2 and later read the form from the provider metadata; 2.11 to 3.1 call methods of the hook. Both are rendered
from :data:`EXTRA_FIELDS` and :data:`STANDARD_FIELDS`. The same lists decide which extras a connection may have.

``provider_info`` imports this module during ``import airflow``, in every process, so the module level imports only the
standard library.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

CONN_TYPE = "smartrecruiters"
HOOK_NAME = "SmartRecruiters"


@dataclass(frozen=True)
class ExtraField:
    """A form field that is stored in the connection's extras.

    :param name: key in the extras.
    :param label: label in the form.
    :param description: help text in the form.
    :param kind: JSON schema type of the value.
    :param choices: allowed values, shown as a drop-down; empty for any.
    :param minimum: smallest allowed number; None for no bound.
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
        "SmartRecruiters environment to call. Ignored if a base URL is given. Default: production.",
        choices=("production", "sandbox"),
    ),
    ExtraField(
        "app_url",
        "Web address",
        "Web application that tasks link to, such as https://www.smartrecruiters.com. Default: that of production; for "
        "the sandbox and other hosts there are no links.",
    ),
    ExtraField(
        "token_url",
        "Token URL",
        "OAuth only: token endpoint. Default: /identity/oauth/token below the base URL.",
    ),
    ExtraField(
        "scope",
        "Scope",
        "OAuth only: scopes to request, separated by spaces. Default: all scopes of the client.",
    ),
    ExtraField(
        "timeout",
        "Timeout",
        "Seconds to wait for a response. Default: 128, the minimum that SmartRecruiters recommends.",
        kind="number",
        minimum=0.1,
    ),
    ExtraField(
        "requests_per_second",
        "Requests per second",
        "Rate limit of one process. Default: 10, the API's limit. 0: unlimited.",
        kind="number",
        minimum=0,
    ),
    ExtraField(
        "limits",
        "Rate limit counts",
        "What SmartRecruiters counts: all requests of the credential, or those to each endpoint. Default: auto, find "
        "out from its headers.",
        choices=("auto", "per-credential", "per-endpoint"),
    ),
    ExtraField(
        "max_concurrent",
        "Concurrent requests",
        "Requests that one process has in flight at once. Default: 8, the credential's limit. 0: unlimited.",
        kind="integer",
        minimum=0,
    ),
    ExtraField(
        "rate_limit_store",
        "Rate limit store",
        "Where tasks share the rate limit: the id of a Redis, Postgres or File (path) connection. Or an absolute path, "
        "redis://… or postgresql://…, whose password everyone sees here. Default: each process counts for itself.",
    ),
)


@dataclass(frozen=True)
class StandardField:
    """A field that every Airflow connection has. The form hides it if it has no label."""

    name: str
    label: str = ""
    placeholder: str = ""


STANDARD_FIELDS = (
    StandardField("login", "Client ID", "OAuth only; leave empty for an API key"),
    StandardField("password", "API key or client secret", "In SmartRecruiters: Apps & Integrations > Credentials"),
    StandardField("host", "Base URL", "Default: https://api.smartrecruiters.com (production)"),
    # Hidden because the base URL holds both. Connections written as a URI or in JSON may still set them.
    StandardField("schema"),
    StandardField("port"),
    # On 2.11 a box for all extras as JSON, which stays empty: each extra has a field of its own.
    StandardField("extra"),
)


def conn_fields() -> dict[str, dict[str, Any]]:
    """Return the extra fields in the format of ``conn-fields`` in the provider metadata.

    :return: label, description and JSON schema by field name.
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
    """Return the standard fields in the format of ``ui-field-behaviour`` in the provider metadata.

    :return: ``hidden-fields``, ``relabeling`` and ``placeholders``.
    """
    return {
        "hidden-fields": [field.name for field in STANDARD_FIELDS if not field.label],
        "relabeling": {field.name: field.label for field in STANDARD_FIELDS if field.label},
        "placeholders": {field.name: field.placeholder for field in STANDARD_FIELDS if field.placeholder},
    }


def hook_field_behaviour() -> dict[str, Any]:
    """Return the standard fields in the format of the hook's ``get_ui_field_behaviour``.

    :return: ``hidden_fields``, ``relabeling`` and ``placeholders``.
    """
    return {key.replace("-", "_"): value for key, value in ui_field_behaviour().items()}


def form_widgets() -> dict[str, Any]:
    """Return the extra fields in the format of the hook's ``get_connection_form_widgets``.

    Airflow 3.1 replaces WTForms and Flask-AppBuilder with stubs before it calls this. The stubs define only the names
    imported here, so do not import others.

    :return: unbound WTForms field by field name.
    :raises ImportError: WTForms or Flask-AppBuilder is not installed. Airflow expects and handles this.
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
        # Airflow 2.11 accepts four field classes only, and none of them is for fractions or for a choice.
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
    """A WTForms validator for numbers, including numbers in a text field."""

    minimum: float

    def __call__(self, form: Any, field: Any) -> None:
        from wtforms.validators import ValidationError  # type: ignore[import-untyped, import-not-found, unused-ignore]

        try:
            fits = float(field.data) >= self.minimum
        except (TypeError, ValueError):
            fits = False
        if not fits:
            raise ValidationError(f"Enter a number of at least {self.minimum:g}.")


@dataclass(frozen=True)
class _DropDown:
    """A WTForms widget that shows a text field as a drop-down."""

    choices: tuple[str, ...]

    def __call__(self, field: Any, **attributes: Any) -> Any:
        from markupsafe import Markup
        from wtforms.widgets import html_params  # type: ignore[import-untyped, import-not-found, unused-ignore]

        attributes = {"id": field.id, "name": field.name, **attributes, "class": "form-control"}
        # Also offer a stored value that is not a choice: opening the form and saving it must not change the connection.
        values = dict.fromkeys(("", *self.choices, field.data or ""))
        options = (
            f"<option {html_params(value=value, selected=value == (field.data or ''))}>{Markup.escape(value)}</option>"
            for value in values
        )
        return Markup(f"<select {html_params(**attributes)}>{''.join(options)}</select>")
