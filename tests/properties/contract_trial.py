"""
Requests that the contract document allows, and requests that it does not, and whether the answers are in it.

schemathesis makes them from the document and judges the answers. What is ours is which records they are about, and what
the document does not say.
"""

from __future__ import annotations

import re
from collections import Counter
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests
import schemathesis
from hypothesis import given, settings
from hypothesis import seed as with_seed
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from airflow_provider_smartrecruiters.emulator.config import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET
from tests.properties.trial import UNHURRIED
from tests.support import catalogue
from tests.support.contract import DOCUMENT, read_document

if TYPE_CHECKING:
    from schemathesis import Case
    from schemathesis.schemas import APIOperation

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from tests.properties.records import Records

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
"""As the document describes a request, and with something about it that the document rules out."""

_METHODS = ("get", "put", "post", "patch", "delete")
_CLIENT = {"client_id": DEFAULT_CLIENT_ID, "client_secret": DEFAULT_CLIENT_SECRET}


def _known_values() -> dict[str, dict[str, Any]]:
    """
    Return by operation what the document cannot know: values that this company has.

    Without them nothing would be answered but refusals.
    """
    found = {"POST /identity/oauth/token": dict[str, Any](_CLIENT)}
    for change in catalogue.changes():
        declared = catalogue.declaration(change)
        # A body has its members as the API writes them.
        found[change.endpoint] = declared.known_body or {
            re.sub(r"_(\w)", lambda it: it[1].upper(), name): it[0] for name, it in declared.known.items()
        }
    return found


@dataclass
class Findings:
    """What a run has seen."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)


def document() -> dict[str, Any]:
    """
    Return the contract document with what it leaves unsaid.

    It lists no 400 for many an operation, while the API's page on errors has it for all of them
    (https://developers.smartrecruiters.com/docs/error-handling), and a request that cannot be read has to be answered
    with something. So 400 with the usual envelope is added where it is missing; :func:`run` lets it pass only where
    the request did break the document.
    """
    whole = read_document(DOCUMENT)
    whole["paths"] = {
        path: {method: operation for method, operation in item.items() if operation.get("x-emulated", True)}
        for path, item in whole["paths"].items()
    }
    # Every answer has them, says the official page on limits; a header of OpenAPI is optional unless it is told.
    for name, header in whole["components"]["headers"].items():
        header["required"] = name.startswith("X-RateLimit-")
    refused = whole["components"]["responses"]["BadCredential"] | {"description": "The request cannot be read."}
    parameters = list(whole["components"]["parameters"].values())
    for item in whole["paths"].values():
        for method in _METHODS:
            parameters += item.get(method, {}).get("parameters", ())
            if method in item and "400" not in item[method]["responses"]:
                item[method]["responses"]["400"] = {**refused, "x-added": True}
    for parameter in parameters:
        if parameter.get("name") == "offset":
            # As where the document does say it: there is nothing before the first.
            parameter["schema"]["minimum"] = 0
    return whole


def operations() -> list[APIOperation]:
    """Return the operations of the document that the emulator has."""
    schema = schemathesis.openapi.from_dict(document())
    return [found.ok() for found in schema.get_all_operations()]


def modes(operation: APIOperation) -> list[GenerationMode]:
    """Return the kinds of requests of an operation; to one that takes only ids, the document rules nothing out."""
    return list(MODES) if operation.body or operation.query else [GenerationMode.POSITIVE]


class Requests:
    """
    Sends requests to a running emulator.

    :param emulator: without limits.
    :param records: what it is to know.
    """

    def __init__(self, emulator: SmartRecruitersEmulator, records: Records, findings: Findings | None = None) -> None:
        self.findings = findings or Findings()
        self._emulator = emulator
        self._records = records
        self._values = _known_values()
        self._companies = {change.endpoint: catalogue.declaration(change).company for change in catalogue.changes()}
        with emulator.state.editing() as tenant:
            self._settings = tenant.settings
        self._ids = {name: f"a-{name}" for name in catalogue.id_names().values()}
        self._session = requests.Session()
        self._session.trust_env = False

    def send(self, case: Case, *, known: bool) -> None:
        """
        Send one request and check its answer.

        :param known: whether it is about records that are there, rather than about those that its ids happen to name.
        :raises FailureGroup: the answer is not in the document.
        """
        operation = case.operation
        if known:
            case.path_parameters = {name: self._known(operation.path, name) for name in case.path_parameters or {}}
            if isinstance(case.body, dict) and _mode(case) is GenerationMode.POSITIVE:
                case.body = case.body | self._values.get(operation.label, {})
        headers = {"X-SmartToken": self._emulator.api_key} if operation.path != "/identity/oauth/token" else {}
        with self._records.under(self._ids):
            with self._emulator.state.editing() as tenant:
                tenant.settings = self._settings.changed(self._companies.get(operation.label, {}))
            answer = case.call(base_url=self._emulator.url, session=self._session, headers=headers, timeout=10)
        self.findings.requests += 1
        self.findings.statuses[answer.status_code] += 1
        try:
            case.validate_response(answer, checks=CHECKS)
            _no_reason_to_refuse(case, answer.status_code)
        except FailureGroup as group:
            for failure in group.exceptions:
                self.findings.failures[f"{operation.label}: {answer.status_code}: {failure}"] += 1
            raise

    def _known(self, path: str, name: str) -> str:
        beginning = path.partition("{" + name + "}")[0] + "{" + name + "}"
        if beginning in catalogue.id_names():
            return self._ids[catalogue.id_names()[beginning]]
        with self._emulator.state.editing() as tenant:
            source = tenant.source_types["JOB_BOARD"].values[0]
            return {
                "jobApplicationId": next(iter(tenant.applications)),
                "sourceType": "JOB_BOARD",
                "sourceValueId": source.id,
                "sourceIdentifier": source.identifier,
                "id": next(iter(tenant.hiring_processes)),
            }[name]


def _no_reason_to_refuse(case: Case, status: int) -> None:
    refused = case.operation.definition.raw["responses"].get(str(status), {})
    opaque = {"pageId", "nextPageId"} & set(case.query or {})
    if "x-added" in refused and _mode(case) is GenerationMode.POSITIVE and not opaque:
        # The token of a page is whatever the answer before said; the document cannot tell one that never was.
        failure = Failure(
            operation=case.operation.label,
            title="Refused without a reason",
            message="400 is not documented here, and the request is as the document describes it",
        )
        raise FailureGroup([failure])


def _mode(case: Case) -> GenerationMode | None:
    return case.meta.generation.mode if case.meta else None


def run(
    sender: Requests, operation: APIOperation, mode: GenerationMode, tried: settings, *, raising: bool, seed: int = 0
) -> None:
    """
    Try as many requests for an operation as the settings say.

    :param raising: whether the first answer that is not in the document ends the run.
    :param seed: of the requests, where the settings do not derive them.
    """

    @settings(tried, suppress_health_check=UNHURRIED, deadline=None)
    @given(case=operation.as_strategy(generation_mode=mode), known=st.sampled_from((True, True, False)))
    def try_one(case: Case, known: bool) -> None:
        with nullcontext() if raising else suppress(FailureGroup):
            sender.send(case, known=known)

    (try_one if tried.derandomize else with_seed(seed)(try_one))()
