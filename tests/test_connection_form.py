"""The form is declared once. These tests check it in each of the ways in which Airflow reads it."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from types import ModuleType

import pytest

from airflow_provider_smartrecruiters.api.pacing.lanes import LIMITS
from airflow_provider_smartrecruiters.connection_form import EXTRA_FIELDS, conn_fields
from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook
from airflow_provider_smartrecruiters.provider_info import get_provider_info

FIELDS = [
    "environment",
    "app_url",
    "token_url",
    "scope",
    "timeout",
    "requests_per_second",
    "limits",
    "max_concurrent",
    "rate_limit_store",
]
needs_wtforms = pytest.mark.skipif(find_spec("wtforms") is None, reason="Airflow 3 comes without WTForms")
needs_form_api = pytest.mark.skipif(
    find_spec("airflow.api_fastapi") is None
    or find_spec("airflow.api_fastapi.core_api.services.ui.connections") is None,
    reason="Airflow 2 has no such API",
)


def test_every_field_says_what_happens_when_it_is_empty():
    assert [field.name for field in EXTRA_FIELDS] == FIELDS
    for field in EXTRA_FIELDS:
        assert "Default: " in field.description or "Leave empty" in field.description, field.name


def test_the_store_field_lists_the_kinds_of_store():
    (store,) = (field.description for field in EXTRA_FIELDS if field.name == "rate_limit_store")
    for kind in ("Redis, Postgres or File (path) connection", "absolute path", "redis://", "postgresql://"):
        assert kind in store


def test_what_the_limit_counts_is_what_the_client_takes():
    (limits,) = (field for field in EXTRA_FIELDS if field.name == "limits")
    assert limits.choices == LIMITS


def test_both_renderings_of_the_standard_fields_are_the_same():
    (connection_type,) = get_provider_info()["connection-types"]
    metadata = connection_type["ui-field-behaviour"]
    assert SmartRecruitersHook.get_ui_field_behaviour() == {
        "hidden_fields": metadata["hidden-fields"],
        "relabeling": metadata["relabeling"],
        "placeholders": metadata["placeholders"],
    }
    assert metadata["hidden-fields"] == ["schema", "port", "extra"]
    assert metadata["relabeling"]["login"] == "Client ID"
    assert metadata["placeholders"]["login"] == "OAuth only; leave empty for an API key"
    assert metadata["relabeling"]["password"] == "API key or client secret"


class TestWidgets:
    """Airflow 2.11: real WTForms."""

    pytestmark = needs_wtforms

    @pytest.fixture
    def form(self):
        from wtforms import Form

        fields = SmartRecruitersHook.get_connection_form_widgets()
        return type("ConnectionForm", (Form,), fields)

    @pytest.fixture
    def filled(self, form):
        from werkzeug.datastructures import MultiDict

        return lambda **values: form(MultiDict(values))

    def test_they_are_the_fields_of_the_metadata(self, form):
        assert [field.name for field in form()] == list(conn_fields())

    def test_airflow_takes_their_classes(self):
        from wtforms import BooleanField, IntegerField, PasswordField, StringField

        for name, field in SmartRecruitersHook.get_connection_form_widgets().items():
            assert field.field_class in (BooleanField, IntegerField, PasswordField, StringField), name

    def test_an_empty_form_is_valid(self, filled):
        form = filled(**dict.fromkeys(FIELDS, ""))
        assert form.validate(), form.errors

    def test_a_form_of_another_connection_type_is_valid(self, filled):
        assert filled(extra__smtp__timeout="5").validate()

    def test_a_filled_form_is_valid(self, filled):
        form = filled(environment="sandbox", timeout="60.5", requests_per_second="0.5", max_concurrent="4")
        assert form.validate(), form.errors
        assert form.data["environment"] == "sandbox"
        assert form.data["max_concurrent"] == 4

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("environment", "staging"),
            ("timeout", "long"),
            ("timeout", "0"),
            ("timeout", "nan"),
            ("requests_per_second", "-1"),
            ("max_concurrent", "1.5"),
            ("max_concurrent", "-1"),
        ],
    )
    def test_unusable_values_are_rejected(self, filled, name, value):
        form = filled(**{name: value})
        assert not form.validate()
        assert list(form.errors) == [name]

    def test_the_environment_is_a_drop_down(self, filled):
        html = str(filled(environment="sandbox").environment(class_="x"))
        assert html.startswith("<select ")
        assert 'class="form-control"' in html
        assert 'id="environment"' in html
        assert html.count("<option") == 3
        assert '<option value="production">production</option>' in html
        assert '<option selected value="sandbox">sandbox</option>' in html

    def test_a_value_that_is_not_a_choice_is_kept_and_escaped(self, filled):
        html = str(filled(environment='"><script>').environment())
        assert "<script>" not in html
        assert html.count("<option") == 4
        assert html.count("selected") == 1


class TestStandIns:
    """Airflow 3.1: WTForms replaced by stubs, which still exist in 3.3."""

    pytestmark = needs_form_api

    @pytest.fixture
    def fields(self, monkeypatch):
        from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService as Service

        stand_ins = {
            "wtforms": {"StringField": Service.MockStringField, "IntegerField": Service.MockIntegerField},
            "wtforms.validators": {"Optional": Service.MockOptional, "any_of": Service.MockEnum},
            "flask_babel": {"lazy_gettext": str},
            "flask_appbuilder": {},
            "flask_appbuilder.fieldwidgets": {"BS3TextFieldWidget": Service.MockAnyWidget},
        }
        for name, members in stand_ins.items():
            module = ModuleType(name)
            vars(module).update(members)
            monkeypatch.setitem(sys.modules, name, module)
        widgets = SmartRecruitersHook.get_connection_form_widgets()
        return {name: field.param.dump() for name, field in widgets.items()}

    def test_they_give_the_form_of_the_metadata(self, fields):
        assert list(fields) == FIELDS
        for name, field in fields.items():
            declared = conn_fields()[name]
            assert field["schema"]["title"] == declared["label"]
            assert field["description"] == declared["description"]
            assert field["schema"].get("enum") == declared["schema"].get("enum")
        assert fields["max_concurrent"]["schema"]["type"] == ["integer", "null"]


@needs_form_api
def test_the_ui_of_airflow_3_gets_the_fields():
    """The response to ``GET /ui/connections/hook_meta``."""
    from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService

    (form,) = (meta for meta in HookMetaService.hook_meta_data() if meta.connection_type == "smartrecruiters")
    assert form.hook_name == "SmartRecruiters"
    assert list(form.extra_fields) == FIELDS
    environment = form.extra_fields["environment"]
    assert environment["schema"]["title"] == "Environment"
    assert environment["schema"]["enum"] == ["production", "sandbox"]
    assert environment["description"] == conn_fields()["environment"]["description"]
    assert form.extra_fields["timeout"]["schema"]["type"] == ["number", "null"]
    fields = form.standard_fields
    assert fields.login.title == "Client ID"
    assert fields.password.title == "API key or client secret"
    assert fields.host.placeholder == "Default: https://api.smartrecruiters.com (production)"
    assert all(len(field.title) <= 25 for field in (fields.login, fields.password, fields.host))
    assert fields.url_schema.hidden
    assert fields.port.hidden
    assert not fields.login.hidden
