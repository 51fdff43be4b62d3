"""The contract document, and whether checks against it can fail."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import openapi_spec_validator
import pytest
import yaml

from tests.support.contract import DOCUMENT, Contract, read_document
from tests.support.contract_examples import (
    CREDENTIALS,
    PNG,
    ExampleAnswer,
    ExampleRequest,
    example_answers,
    example_requests,
    write_requests,
)
from tests.support.contract_rules import API_KEY, OAUTH2
from tests.support.violations import Violation

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.contract_rules import Operation

KEY = CREDENTIALS[API_KEY]
BEARER = CREDENTIALS[OAUTH2]
JSON = ("Content-Type", "application/json")
LIMITS = [(f"X-RateLimit-{name}", "8") for name in ("Limit", "Remaining", "Concurrent-Limit", "Concurrent-Remaining")]

DIFFERENCES = DOCUMENT.with_name("differences.yaml")
"""Where the document differs from SmartRecruiters' own of April 2024, which cannot be here, and why."""

USE_CASES = {use_case for operation in Contract.load().operations.values() for use_case in operation.use_cases}


def rules(violations: list[Violation]) -> list[tuple[str, str]]:
    return [(violation.rule, violation.where) for violation in violations]


def check(method: str, target: str, headers: list[tuple[str, str]], body: Any = b"") -> list[tuple[str, str]]:
    encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
    return rules(Contract.load().check_request(method, target, headers, encoded))


def put(target: str, body: Any) -> list[tuple[str, str]]:
    return check("PUT", target, [KEY, JSON], body)


def changed(use_case: str, **changes: Any) -> list[tuple[str, str]]:
    """Check the use case's example with members replaced, or removed where the new value is ``...``."""
    request = write_requests()[use_case]
    body = {**json.loads(request.body), **changes}
    left = {name: value for name, value in body.items() if value is not ...}
    return check(request.operation.method, request.target, [KEY, JSON], left)


def answer(method: str, target: str, status: int, body: Any = None, headers: Any = None) -> list[tuple[str, str]]:
    sent = [JSON, *LIMITS] if headers is None else headers
    encoded = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return rules(Contract.load().check_response(method, target, status, sent, encoded))


def multipart(name: str = "file", filename: str | None = "a.png", content: bytes = PNG, times: int = 1) -> bytes:
    quoted = "" if filename is None else f'; filename="{filename}"'
    head = f'--B\r\nContent-Disposition: form-data; name="{name}"{quoted}\r\n\r\n'.encode()
    return (head + content + b"\r\n") * times + b"--B--\r\n"


def test_document_is_valid_openapi() -> None:
    openapi_spec_validator.validate(yaml.safe_load(DOCUMENT.read_bytes()))


@pytest.mark.parametrize("operation", Contract.load().operations.values(), ids=lambda operation: operation.id)
def test_an_operation_says_what_any_may_answer(operation: Operation) -> None:
    if operation.secured:
        assert {"401", "403", "429", "5XX"} <= operation.responses.keys()
    for status, answer in operation.responses.items():
        codes = answer.get("x-codes", [])
        assert not (answer.get("x-generic") and (status.startswith("2") or codes)), f"{status} is not for everybody"
        assert all(re.fullmatch(r"[A-Z]+(_[A-Z]+)*", code) for code in codes), f"{status}: {codes}"


def test_common_answers_are_said_once() -> None:
    document = yaml.safe_load(DOCUMENT.read_bytes())
    inline = {
        f"{method} {path} {status}"
        for path, item in document["paths"].items()
        for method, operation in item.items()
        for status, answer in operation["responses"].items()
        if "x-generic" in answer
    }
    assert not inline, "Put these under components/responses and refer to them"


@pytest.mark.parametrize(("key", "reason"), read_document(DIFFERENCES).items(), ids=str)
def test_a_difference_from_the_official_document_is_explained(key: str, reason: str) -> None:
    names = [f"{operation.method} {operation.path}" for operation in Contract.load().operations.values()]
    # A key is an operation and what differs there, or an operation alone that only this contract has.
    patterns = [re.compile(".*".join(map(re.escape, part.split("*")))) for part in (key, key.rpartition(" ")[0])]
    assert any(pattern.fullmatch(name) for pattern in patterns for name in names), "There is no such operation"
    assert re.search(r"\b20\d\d\b", reason), "Give the date of the source"


def test_document_has_an_example_of_each_write() -> None:
    assert set(write_requests()) == USE_CASES


@pytest.mark.parametrize("auth", [API_KEY, OAUTH2])
@pytest.mark.parametrize("request_", list(example_requests()), ids=lambda r: f"{r.operation.id}-{r.name}")
def test_example_requests_pass(request_: ExampleRequest, auth: str) -> None:
    found = Contract.load().check_request(
        request_.operation.method, request_.target, request_.headers(auth), request_.body
    )
    assert not found


@pytest.mark.slow
@pytest.mark.parametrize("answer_", list(example_answers()), ids=lambda a: f"{a.operation.id}-{a.status}-{a.name}")
def test_example_answers_pass(answer_: ExampleAnswer) -> None:
    found = Contract.load().check_response(
        answer_.operation.method, answer_.target, answer_.status, answer_.headers, answer_.body
    )
    assert not found


@pytest.mark.parametrize(
    "use_case", sorted(name for name, request in write_requests().items() if request.operation.takes_body)
)
def test_each_write_needs_its_body(use_case: str) -> None:
    request = write_requests()[use_case]
    found = check(request.operation.method, request.target, [KEY])
    assert ("missing-body", "body") in found


@pytest.mark.parametrize(
    "use_case", sorted(name for name, request in write_requests().items() if request.content_type == "application/json")
)
def test_each_json_write_is_held_to_its_schema(use_case: str) -> None:
    assert changed(use_case, notDocumented=1) == [("unknown-member", "body")]
    for member in json.loads(write_requests()[use_case].body):
        assert changed(use_case, **{member: [{}, 7]}), f"{member} may be anything"


@pytest.mark.parametrize(
    ("use_case", "changes", "expected"),
    [
        ("put_update_candidate_status_in_interview_timeslot", {"status": "ACCEPTED"}, ("enum", "body: status")),
        ("put_update_candidate_status_in_interview_timeslot", {"status": "null"}, ("enum", "body: status")),
        ("put_update_candidate_tags", {"tags": ...}, ("required", "body")),
        ("put_update_candidate_tags", {"tags": "python"}, ("type", "body: tags")),
        ("put_update_candidate_tags", {"tags": ["python", 7]}, ("type", "body: tags[1]")),
        ("put_update_candidate_tags", {"tags": None}, ("type", "body: tags")),
        ("put_update_candidates_job_status", {"status": "OFFER"}, ("enum", "body: status")),
        ("put_update_candidates_job_status", {"startsOn": "2026-12-01"}, ("format", "body: startsOn")),
        ("put_update_candidates_source", {"sourceTypeId": ""}, ("minLength", "body: sourceTypeId")),
        ("put_update_candidates_source", {"sourceId": ...}, ("required", "body")),
        ("put_update_job_ad", {"title": ""}, ("minLength", "body: title")),
        ("put_update_job_ad", {"jobAd": {"sections": {}}}, ("unknown-member", "body: jobAd")),
        ("put_update_job_and_jobad", {"title": "x" * 257}, ("maxLength", "body: title")),
        ("put_update_job_and_jobad", {"industry": ...}, ("required", "body")),
        ("put_update_job_and_jobad", {"industry": {"id": "it", "label": "IT"}}, ("unknown-member", "body: industry")),
        ("put_update_job_and_jobad", {"template": "false"}, ("type", "body: template")),
        ("put_update_job_note", {"content": "x" * 20_001}, ("maxLength", "body: content")),
        ("put_update_job_position", {"type": "BACKFILL"}, ("enum", "body: type")),
        ("put_update_job_position", {"positionOpenDate": "soon"}, ("format", "body: positionOpenDate")),
        ("put_update_job_status", {"status": "OTHER"}, ("enum", "body: status")),
        ("reject_an_application", {"reason": 12}, ("type", "body: reason")),
    ],
)
def test_wrong_member_is_caught(use_case: str, changes: dict[str, Any], expected: tuple[str, str]) -> None:
    assert changed(use_case, **changes) == [expected]


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", "/job", ("unknown-operation", "path")),
        ("GET", "/jobs/", ("unknown-operation", "path")),
        ("GET", "/v1/jobs", ("unknown-operation", "path")),
        ("GET", "/jobs/a/b/c", ("unknown-operation", "path")),
        ("GET", "//jobs", ("unknown-operation", "path")),
        ("PATCH", "/jobs/J1/note", ("unknown-operation", "path")),
        ("get", "/jobs", ("unknown-operation", "path")),
        ("GET", "/jobs/J 1", ("path-encoding", "path")),
        ("GET", "/jobs/Krak\u00f3w", ("path-encoding", "path")),
        ("GET", "/jobs/a|b", ("path-encoding", "path")),
        ("GET", "/jobs/100%", ("path-encoding", "path")),
        ("GET", "/jobs/%zz", ("path-encoding", "path")),
        ("GET", "/jobs//note", ("path-segment", "path")),
        ("GET", "/jobs/..", ("path-segment", "path")),
        ("GET", "/jobs/%2E%2e/note", ("path-segment", "path")),
        ("GET", "/jobs/a%0Ab", ("path-control", "path")),
        ("GET", "/jobs?page=2", ("unknown-query", "query: page")),
        ("GET", "/jobs?limit=5&limit=6", ("repeated-query", "query: limit")),
        ("GET", "/jobs?limit=many", ("unreadable", "query: limit")),
        ("GET", "/jobs?limit=101", ("maximum", "query: limit")),
        ("GET", "/jobs?q=a b", ("query-encoding", "query")),
        ("GET", "/jobs?q=", ("parameter", "query: q")),
        ("GET", "/candidates?status=LEAD&status=OFFER", ("enum", "query: status: [1]")),
        ("GET", "/candidates?updatedAfter=2026-01-01", ("format", "query: updatedAfter")),
        ("GET", "/interviews-api/v201904/interviews", ("missing-parameter", "query: applicationId")),
    ],
)
def test_wrong_target_is_caught(method: str, target: str, expected: tuple[str, str]) -> None:
    assert expected in check(method, target, [KEY])


@pytest.mark.parametrize(
    "target",
    [
        "/jobs/a%2Fb",
        "/jobs/J%201?",
        "/jobs/Krak%C3%B3w",
        "/candidates?status=LEAD&status=NEW",
        "http://h:1/jobs?q=a%26b",
    ],
)
def test_encoded_target_passes(target: str) -> None:
    assert check("GET", target, [KEY]) == []


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], ("credential", "headers")),
        ([KEY, BEARER], ("credential", "headers")),
        ([("X-SmartToken", "")], ("credential", "header: X-SmartToken")),
        ([("Authorization", "Basic YTpi")], ("credential", "header: Authorization")),
        ([("Authorization", "Bearer")], ("credential", "header: Authorization")),
        ([("Authorization", "Bearer Bearer x")], ("credential", "header: Authorization")),
        ([KEY, ("x-smarttoken", "DCRA1-other")], ("repeated-header", "header: x-smarttoken")),
        ([KEY, ("Content-Type", "text/html"), JSON], ("repeated-header", "header: content-type")),
    ],
)
def test_wrong_headers_are_caught(headers: list[tuple[str, str]], expected: tuple[str, str]) -> None:
    assert expected in check("GET", "/jobs", headers)


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ([], b'{"status": "FILLED"}', ("content-type", "header: Content-Type")),
        ([("Content-Type", "text/plain")], b'{"status": "FILLED"}', ("content-type", "body")),
        ([("Content-Type", "application/json; nonsense")], b'{"status": "FILLED"}', ("unreadable", "body")),
        ([("Content-Type", "application/json; charset=latin-1")], b'{"status": "FILLED"}', ("unreadable", "body")),
        ([JSON], b"status=FILLED", ("unreadable", "body")),
        ([JSON], b'{"status": "FILLED", "status": "OFFER"}', ("unreadable", "body")),
        ([JSON], b'{"status": NaN}', ("unreadable", "body")),
        ([JSON], b'{"status": "\xff"}', ("unreadable", "body")),
        ([JSON], b'["FILLED"]', ("type", "body")),
        ([JSON], b"null", ("type", "body")),
    ],
)
def test_unreadable_body_is_caught(headers: list[tuple[str, str]], body: bytes, expected: tuple[str, str]) -> None:
    assert expected in check("PUT", "/jobs/J1/status", [KEY, *headers], body)


def test_json_may_name_its_encoding() -> None:
    headers = [KEY, ("Content-Type", "application/json; charset=UTF-8")]
    assert check("PUT", "/jobs/J1/status", headers, {"status": "FILLED"}) == []


def test_body_of_a_read_is_caught() -> None:
    assert check("GET", "/jobs", [KEY, JSON], {}) == [("unexpected-body", "body")]


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("multipart/form-data; boundary=B", multipart(name="avatar"), [
            ("unknown-member", "body: avatar"), ("required", "body"),
        ]),
        ("multipart/form-data; boundary=B", multipart(times=2), [("repeated-member", "body: file")]),
        ("multipart/form-data; boundary=B", multipart(filename=None), [("no-file", "body: file")]),
        ("multipart/form-data; boundary=B", multipart(content=b""), [("no-file", "body: file")]),
        ("multipart/form-data", multipart(), [("unreadable", "body")]),
        ("multipart/form-data; boundary=C", multipart(), [("unreadable", "body")]),
        ("image/png", PNG, [("content-type", "body")]),
    ],
)  # fmt: skip
def test_wrong_multipart_is_caught(content_type: str, body: bytes, expected: list[tuple[str, str]]) -> None:
    found = check("PUT", "/user-api/v201804/users/U1/avatar", [KEY, ("Content-Type", content_type)], body)
    assert found == expected


TOKEN_FORM = b"grant_type=client_credentials&client_id=i&client_secret=s"


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ([], TOKEN_FORM, []),
        ([], TOKEN_FORM + b"&scope=jobs_read+jobs_manage", []),
        ([("Authorization", "Basic aTpz")], b"grant_type=client_credentials", []),
        ([], TOKEN_FORM + b"&scope=", [("minLength", "body: scope")]),
        ([], TOKEN_FORM + b"&audience=x", [("unknown-member", "body: audience")]),
        ([], TOKEN_FORM + b"&client_id=other", [("repeated-member", "body: client_id")]),
        ([], TOKEN_FORM.replace(b"client_credentials", b"password"), [("enum", "body: grant_type")]),
        ([], b"client_id=i&client_secret=s", [("required", "body")]),
        ([], b"grant_type=client_credentials", [("credential", "body")]),
        ([], b"grant_type=client_credentials&client_id=i", [("credential", "body")]),
        ([("Authorization", "Basic aTpz")], TOKEN_FORM, [("credential", "body")]),
        ([KEY], TOKEN_FORM, [("credential", "headers")]),
        ([BEARER], TOKEN_FORM, [("credential", "headers")]),
    ],
)
def test_token_request(headers: list[tuple[str, str]], body: bytes, expected: list[tuple[str, str]]) -> None:
    typed = [*headers, ("Content-Type", "application/x-www-form-urlencoded")]
    assert check("POST", "/identity/oauth/token", typed, body) == expected


@pytest.mark.parametrize(
    ("target", "status", "body", "expected"),
    [
        ("/jobs/J1/status", 200, {"status": "FILLED"}, ("undocumented-status", "status")),
        ("/jobs/J1/status", 409, {"errors": []}, ("undocumented-status", "status")),
        ("/jobs/J1/status", 404, {"message": "No"}, ("required", "body")),
        ("/jobs/J1/status", 201, {"status": "OPEN"}, ("enum", "body: status")),
        ("/jobs/J1/status", 201, {"state": "FILLED"}, ("unknown-member", "body")),
        ("/jobs/J1/status", 201, None, ("missing-body", "body")),
        ("/jobs/J1/status", 201, b"FILLED", ("unreadable", "body")),
        ("/jobs/J1/status", 404, {"detail": "Not Found"}, ("unknown-member", "body")),
        ("/jobs/J1/status", 404, {"errors": [{"message": "no code"}]}, ("required", "body: errors[0]")),
        ("/jobs/J1/status", 503, {"detail": "busy"}, ("unknown-member", "body")),
        ("/candidates/C1/tags", 201, {"tags": "python"}, ("type", "body: tags")),
        ("/candidates/C1/jobs/J1/status", 204, {}, ("unexpected-body", "body")),
        (
            "/candidates/C1/jobs/J1/status",
            400,
            {"message": "No", "errors": [{"code": "INVALID_REASON", "message": "No"}]},
            ("unknown-code", "body: errors"),
        ),
    ],
)
def test_wrong_answer_is_caught(target: str, status: int, body: Any, expected: tuple[str, str]) -> None:
    assert expected in answer("PUT", target, status, body)


@pytest.mark.parametrize(
    ("headers", "status", "expected"),
    [
        (LIMITS, 201, ("content-type", "header: Content-Type")),
        ([("Content-Type", "text/html"), *LIMITS], 201, ("content-type", "body")),
        ([JSON, *LIMITS[1:]], 201, ("missing-header", "header: X-RateLimit-Limit")),
        ([JSON, *LIMITS[:3]], 429, ("missing-header", "header: X-RateLimit-Concurrent-Remaining")),
        ([JSON, ("X-RateLimit-Limit", "ten"), *LIMITS[1:]], 201, ("unreadable", "header: X-RateLimit-Limit")),
    ],
)
def test_wrong_answer_header_is_caught(headers: list[tuple[str, str]], status: int, expected: tuple[str, str]) -> None:
    body = {"status": "FILLED"} if status == 201 else {"message": "Too many requests", "errors": []}
    assert expected in answer("PUT", "/jobs/J1/status", status, body, headers)


def test_server_error_may_be_html() -> None:
    assert answer("GET", "/jobs", 502, b"<html>", [("Content-Type", "text/html")]) == []


def test_answer_to_an_unknown_request_is_not_judged() -> None:
    assert answer("GET", "/nothing", 404, {"detail": "Not Found"}) == []


def test_one_of_tells_the_closest_alternative() -> None:
    hook = {"callbackUrl": "https://h", "events": ["job.created"]}
    wrong = {"type": "oauth2", "clientId": 7}
    found = check("POST", "/webhooks-api/v201907/subscriptions", [KEY, JSON], {**hook, "callbackAuthentication": wrong})
    assert found == [("type", "body: callbackAuthentication.clientId")]


def test_violation_says_which_operation_and_no_body() -> None:
    secret = "Grace Kowalska declined because of the salary; " * 3
    found = Contract.load().check_request(
        "PUT", "/jobs/J1/note", [KEY, JSON], json.dumps({"content": [secret], "x" * 500: secret}).encode()
    )
    text = "\n".join(map(str, found))
    assert "request PUT /jobs/{jobId}/note [jobs.notes.update] body: content: expected string, got list" in text
    assert "Grace" not in text
    assert max(len(line) for line in text.splitlines()) < 250


def test_rejecting_is_told_from_other_status_changes() -> None:
    writes = write_requests()
    other = writes["put_update_candidates_job_status"]
    assert other.operation == writes["reject_an_application"].operation
    assert other.operation.use_case(b"not json") == "put_update_candidates_job_status"


def test_a_document_that_is_no_yaml_ends_the_run_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    file = tmp_path / "contract.yaml"
    file.write_text("paths:\n  /jobs: [\n", encoding="utf-8")
    with pytest.raises(pytest.exit.Exception) as caught:
        read_document(file)
    assert str(caught.value).startswith(f"{file}: cannot be read as YAML: ")
    assert "line 3" in str(caught.value)
    assert "\n" not in str(caught.value)
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    with pytest.raises(ValueError, match="cannot be read as YAML"):
        read_document(file)
