from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from importlib.metadata import distribution
from importlib.resources import files

import jsonschema
import pytest

import airflow_provider_smartrecruiters
from airflow_provider_smartrecruiters.provider_info import get_provider_info

DISTRIBUTION = "airflow-provider-smartrecruiters"
KINDS = ("operators", "sensors", "triggers", "hooks")


def airflow_schema(name: str) -> dict:
    return json.loads((files("airflow") / name).read_text())


def test_it_is_valid_for_the_schema_that_airflow_loads_providers_with():
    jsonschema.validate(get_provider_info(), airflow_schema("provider_info.schema.json"))


def test_the_form_fits_the_schema_of_airflows_own_providers():
    # The loader's schema is silent about forms; that of provider.yaml is not, where this Airflow knows the keys.
    schema = airflow_schema("provider.yaml.schema.json")
    of_connections = schema["properties"]["connection-types"]
    if "conn-fields" not in of_connections["items"]["properties"]:
        pytest.skip("this Airflow takes the form from the hook")
    jsonschema.validate(get_provider_info()["connection-types"], of_connections)


def test_the_entry_point_and_the_name_are_those_of_the_distribution():
    (entry_point,) = (
        point for point in distribution(DISTRIBUTION).entry_points if point.group == "apache_airflow_provider"
    )
    info = entry_point.load()()
    assert info == get_provider_info()
    assert info["package-name"] == distribution(DISTRIBUTION).metadata["Name"] == DISTRIBUTION
    assert info["versions"] == [airflow_provider_smartrecruiters.__version__]


def test_the_providers_page_links_the_address_alone():
    # What the page does to a description before it turns addresses into links.
    shown = re.sub(r"[`_<>]", "", get_provider_info()["description"].strip(" \n."))
    (address,) = re.findall(r"https?://\S+", shown)
    assert address == "https://www.smartrecruiters.com/"


def test_what_it_names_exists():
    info = get_provider_info()
    names = [name for kind in KINDS for entry in info[kind] for name in entry["python-modules"]]
    assert len(names) > 4
    for name in names:
        importlib.import_module(name)
    (connection_type,) = info["connection-types"]
    module, _, name = connection_type["hook-class-name"].rpartition(".")
    hook = getattr(importlib.import_module(module), name)
    assert (hook.conn_type, hook.hook_name) == (connection_type["connection-type"], connection_type["hook-name"])
    assert "__" not in hook.conn_type
    integrations = {entry["integration-name"] for entry in info["integrations"]}
    assert {entry["integration-name"] for kind in KINDS for entry in info[kind]} == integrations


def test_airflow_lists_the_provider_and_its_connection_type(caplog):
    from airflow.providers_manager import ProvidersManager

    manager = ProvidersManager()
    assert manager.providers[DISTRIBUTION].version == airflow_provider_smartrecruiters.__version__
    hook = manager.hooks["smartrecruiters"]
    assert hook.hook_name == "SmartRecruiters"
    assert hook.connection_id_attribute_name == "smartrecruiters_conn_id"
    assert hook.connection_testable
    assert not [record for record in caplog.records if "smartrecruiters" in record.getMessage().lower()]


def test_loading_it_imports_the_standard_library_only():
    # It runs inside `import airflow`, in every process of an installation.
    code = """
import json, sys
before = set(sys.modules)
from airflow_provider_smartrecruiters.provider_info import get_provider_info
get_provider_info()
print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - before})))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    packages = set(json.loads(run.stdout))
    assert packages - sys.stdlib_module_names == {"airflow_provider_smartrecruiters"}
