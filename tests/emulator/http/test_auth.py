"""API keys, OAuth tokens and their scopes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from airflow_provider_smartrecruiters.emulator.config import ALL_SCOPES
from airflow_provider_smartrecruiters.emulator.routes.operations import OPERATIONS
from tests.emulator.conftest import Api, wait_for
from tests.support.contract import DOCUMENT, read_document

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

pytestmark = pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)

TOKEN = "/identity/oauth/token"


def fetch(emulator: SmartRecruitersEmulator, **options: Any) -> requests.Response:
    form = {
        "grant_type": "client_credentials",
        "client_id": emulator.client_id,
        "client_secret": emulator.client_secret,
        **options.pop("form", {}),
    }
    return Api(emulator.url).post(
        TOKEN, data={name: value for name, value in form.items() if value is not None}, **options
    )


def bearer(emulator: SmartRecruitersEmulator, **options: Any) -> Api:
    token = fetch(emulator, **options).json()["access_token"]
    return Api(emulator.url, Authorization=f"Bearer {token}")


def test_scopes_are_those_of_the_contract() -> None:
    document = read_document(DOCUMENT)
    documented = {
        operation["operationId"]: next(
            (scopes[0] for entry in operation["security"] for name, scopes in entry.items() if name == "oauth2"), None
        )
        for path in document["paths"].values()
        for operation in path.values()
    }
    assert {operation.id: operation.scope for operation in OPERATIONS}.items() <= documented.items()
    assert {operation.scope for operation in OPERATIONS} - {None} == ALL_SCOPES


@pytest.mark.off_contract
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-SmartToken": "wrong"},
        {"X-SmartToken": ""},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic wrong"},
        {"X-SmartToken": "wrong", "Authorization": "Bearer {token}"},
    ],
)
def test_without_a_valid_credential(smartrecruiters_emulator: SmartRecruitersEmulator, headers: dict[str, str]) -> None:
    token = fetch(smartrecruiters_emulator).json()["access_token"]
    headers = {name: value.format(token=token) for name, value in headers.items()}
    answer = Api(smartrecruiters_emulator.url, **headers).put("/jobs/none/note", json={"content": "x"})
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized", "errors": []})
    entry = smartrecruiters_emulator.journal[-1]
    assert (entry.credential, entry.status, entry.applied) == ("none", 401, False)


def test_a_token_from_the_form(smartrecruiters_emulator: SmartRecruitersEmulator) -> None:
    answer = fetch(smartrecruiters_emulator).json()
    assert (answer["token_type"], answer["expires_in"]) == ("bearer", 3600)
    api = Api(smartrecruiters_emulator.url, Authorization=f"Bearer {answer['access_token']}")
    job_id = smartrecruiters_emulator.state.job_ids[0]
    assert api.put(f"/jobs/{job_id}/note", json={"content": "x"}).status_code == 200
    assert smartrecruiters_emulator.journal[0].credential == "oauth"
    assert len(smartrecruiters_emulator.journal) == 1
    assert smartrecruiters_emulator.stats["token_requests"] == 1


def test_a_token_by_basic_authentication(smartrecruiters_emulator: SmartRecruitersEmulator) -> None:
    smartrecruiters_emulator.config.client_secret = "a:b%c d"
    client = (smartrecruiters_emulator.client_id, "a%3Ab%25c+d")
    answer = Api(smartrecruiters_emulator.url).post(TOKEN, data={"grant_type": "client_credentials"}, auth=client)
    assert answer.status_code == 200, answer.text


@pytest.mark.off_contract
@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "wrong"}, 401, "invalid_client"),
        ({"client_id": None}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": None}, 400, "invalid_request"),
        ({"scope": ""}, 400, "invalid_scope"),
        ({"scope": "jobs_read everything"}, 400, "invalid_scope"),
    ],
)
def test_tokens_that_are_refused(
    smartrecruiters_emulator: SmartRecruitersEmulator, form: dict[str, Any], status: int, error: str
) -> None:
    answer = fetch(smartrecruiters_emulator, form=form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


@pytest.mark.off_contract
def test_a_token_request_must_be_a_form(smartrecruiters_emulator: SmartRecruitersEmulator) -> None:
    answer = Api(smartrecruiters_emulator.url).post(TOKEN, json={"grant_type": "client_credentials"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.slow
@pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0, token_lifetime=3.0)
def test_tokens_expire(smartrecruiters_emulator: SmartRecruitersEmulator) -> None:
    api = bearer(smartrecruiters_emulator)
    assert api.get("/jobs").status_code == 200
    wait_for(lambda: api.get("/jobs").status_code == 401)
    assert bearer(smartrecruiters_emulator).get("/jobs").status_code == 200


def test_tokens_can_be_made_to_expire(smartrecruiters_emulator: SmartRecruitersEmulator) -> None:
    api = bearer(smartrecruiters_emulator)
    assert api.get("/jobs").status_code == 200
    smartrecruiters_emulator.expire_tokens()
    assert api.get("/jobs").status_code == 401


def test_a_token_does_what_its_scopes_allow(smartrecruiters_emulator: SmartRecruitersEmulator) -> None:
    job_id = smartrecruiters_emulator.state.job_ids[0]
    api = bearer(smartrecruiters_emulator, form={"scope": "jobs_read"})
    assert api.get(f"/jobs/{job_id}").status_code == 200
    answer = api.put(f"/jobs/{job_id}/status", json={"status": "FILLED"})
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["code"] == "OAuthPermissionsException"

    smartrecruiters_emulator.config.client_scopes = frozenset({"jobs_manage"})
    api = bearer(smartrecruiters_emulator)
    assert api.get(f"/jobs/{job_id}").status_code == 403
    assert api.put(f"/jobs/{job_id}/status", json={"status": "FILLED"}).status_code == 201
