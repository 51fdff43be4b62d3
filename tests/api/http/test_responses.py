"""From the bytes of a response to a value, or to an error that is safe to log."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smartrecruiters import exceptions
from airflow_provider_smartrecruiters.api.http.responses import (
    error_for,
    is_page,
    parse_error,
    presentable,
    read_body,
    repeatable,
)
from airflow_provider_smartrecruiters.exceptions import ApiError, UnexpectedResponseError

BY_STATUS = [
    (400, exceptions.BadRequestError, False),
    (401, exceptions.AuthenticationError, False),
    (403, exceptions.PermissionDeniedError, False),
    (404, exceptions.NotFoundError, False),
    (408, exceptions.ServerError, True),
    (409, exceptions.ConflictError, True),
    (423, exceptions.ConflictError, True),
    (425, exceptions.ServerError, True),
    (422, exceptions.UnprocessableError, False),
    (429, exceptions.RateLimitedError, True),
    (500, exceptions.ServerError, True),
    (502, exceptions.ServerError, True),
    (503, exceptions.ServerError, True),
    (504, exceptions.ServerError, True),
    (599, exceptions.ServerError, True),
    (301, UnexpectedResponseError, False),
    (302, UnexpectedResponseError, False),
    (304, UnexpectedResponseError, False),
    (405, UnexpectedResponseError, False),
    (410, UnexpectedResponseError, False),
    (413, exceptions.BadRequestError, False),
    (415, exceptions.BadRequestError, False),
    (600, UnexpectedResponseError, False),
]


@pytest.mark.parametrize(("status", "error_class", "retryable"), BY_STATUS)
def test_each_status_has_its_error(status: int, error_class: type[ApiError], retryable: bool) -> None:
    error = error_for(status, b"")
    assert type(error) is error_class
    assert error.retryable is retryable
    assert error.status == status
    assert str(status) in str(error)
    assert error.hint.endswith(".")
    assert vars(pickle.loads(pickle.dumps(error))) == vars(error)


def test_a_401_of_a_credential_that_is_accepted_elsewhere_is_about_the_record() -> None:
    error = error_for(401, b"", credential_accepted=True)
    assert type(error) is exceptions.PermissionDeniedError
    assert error.status == 401
    assert "administrator" in error.hint


@pytest.mark.parametrize(
    ("method", "code", "retryable"),
    [
        ("GET", None, True),
        ("PUT", None, True),
        ("PUT", "CONCURRENT_MODIFICATION", True),
        ("PUT", "REF_NUMBER_ALREADY_EXISTS", False),
        ("PUT", "RESOURCE_ALREADY_EXIST", False),
        ("PATCH", "INTERVIEW_TYPES_SIZE_EXCEEDED", False),
        ("DELETE", "CANNOT_DELETE_LAST_TIMESLOT", False),
        ("POST", None, False),
    ],
)
def test_a_conflict_passes_where_the_change_is_made_anew(method: str, code: str | None, retryable: bool) -> None:
    error = error_for(409, json.dumps({"code": code, "message": "conflict"}).encode(), method=method)
    assert type(error) is exceptions.ConflictError
    assert error.retryable is retryable


@pytest.mark.parametrize(("status", "word"), [(413, "smaller"), (415, "PNG or JPEG")])
@pytest.mark.parametrize("body", [b"{}", b"<html>"])
def test_a_picture_that_is_refused_is_advised_about(status: int, word: str, body: bytes) -> None:
    error = error_for(status, body, method="PUT", path="/user-api/v201804/users/1/avatar")
    assert word in error.hint
    assert not error.retryable
    assert not error.may_have_been_applied
    # Nothing else that is sent is a picture.
    assert "picture" not in error_for(status, body, method="PUT", path="/jobs/1").hint


@pytest.mark.parametrize(
    ("content_type", "body", "page"),
    [
        ("text/html; charset=utf-8", b"", True),
        ("TEXT/HTML", b"Forbidden", True),
        ("application/xhtml+xml", b"x", True),
        ("application/json", b" \n<!DOCTYPE html>", True),
        (None, b"\xef\xbb\xbf<html>", True),
        ("text/html", b'{"message": "mislabelled"}', False),
        ("application/json", b"{}", False),
        ("text/plain", b"Unauthorized", False),
        (None, b"", False),
    ],
)
def test_what_is_a_page(content_type: str | None, body: bytes, page: bool) -> None:
    assert is_page(content_type, body) is page


@pytest.mark.parametrize(
    ("method", "path", "may_be_sent_twice"),
    [
        ("GET", "/jobs", True),
        ("PUT", "/jobs/1", True),
        ("POST", "/candidates/1/tags", True),
        ("POST", "/candidates", False),
        ("POST", "/candidates/1/tags/2", False),
        ("PATCH", "/jobs/1", False),
        ("DELETE", "/jobs/1", False),
    ],
)
def test_which_requests_may_be_sent_twice(method: str, path: str, may_be_sent_twice: bool) -> None:
    assert repeatable(method, path) is may_be_sent_twice
    assert error_for(503, b"", method=method, path=path).retryable is may_be_sent_twice


def test_the_wait_that_was_asked_for_is_kept() -> None:
    assert error_for(429, b"", retry_after=7.0).retry_after == 7.0


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"message": "top", "errors": [{"code": "A_B", "message": "inner"}]}, "A_B", "inner"),
        ({"message": "top", "errors": [{"code": "A_B"}]}, "A_B", "top"),
        ({"message": "top"}, None, "top"),
        ({"message": "top", "errors": []}, None, "top"),
        ({"message": "top", "errors": None}, None, "top"),
        ({"message": "top", "errors": ["x"]}, None, "top"),
        ({"message": "top", "errors": "x"}, None, "top"),
        ({"errors": [{"code": "A_B", "message": "inner"}]}, "A_B", "inner"),
        ({"errors": [{"message": "inner"}]}, None, "inner"),
        ({"message": None, "errors": [{"code": None, "message": None}]}, None, ""),
        ({"message": 5, "errors": [{"code": 5, "message": ["x"]}]}, None, ""),
        ({"message": "  ", "errors": [{"code": "A_B", "message": " "}]}, "A_B", ""),
        ({"id": "1", "httpCode": 403, "code": "ACCESS.DENIED", "message": "no", "helpUrl": "x"}, "ACCESS.DENIED", "no"),
        ({"error": "invalid_client", "error_description": "Unknown client"}, "invalid_client", "Unknown client"),
        ({"errors": [{"code": "a text instead of a code", "message": "m"}]}, None, "m"),
        ({"errors": [{"code": "X" * 65, "message": "m"}]}, None, "m"),
        ({}, None, ""),
        ([], None, ""),
        (None, None, ""),
        ("text", None, ""),
    ],
)
def test_the_envelope_is_read_leniently(body: Any, code: str | None, message: str) -> None:
    assert parse_error(json.dumps(body).encode()) == (code, message)


@pytest.mark.parametrize("body", [b"", b"<html>500</html>", b"{", b"\xff\xfe", b"\x1f\x8b\x08", b"[" * 100_000])
def test_a_body_that_is_not_json_has_no_code_and_no_message(body: bytes) -> None:
    assert parse_error(body) == (None, "")


@given(st.binary(max_size=200) | st.text(max_size=50).map(lambda t: json.dumps({"message": t, "code": t}).encode()))
def test_any_body_gives_an_error(body: bytes) -> None:
    assert error_for(400, body).status == 400
    assert error_for(500, body).retryable


def test_a_page_of_html_is_not_repeated() -> None:
    error = error_for(500, b"<html><title>Secret gateway 10.0.0.7</title></html>")
    assert "gateway" not in str(error)
    assert error.api_message == ""


@pytest.mark.parametrize("body", [b"", b"  \r\n"])
def test_an_empty_success_is_none(body: bytes) -> None:
    assert read_body(204, body) is None


def test_a_success_is_parsed() -> None:
    assert read_body(200, '{"a": "é"}'.encode()) == {"a": "é"}


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b'{"a": ', b"\xff", b"[" * 100_000])
def test_a_success_that_is_not_json(body: bytes) -> None:
    with pytest.raises(UnexpectedResponseError) as caught:
        read_body(200, body)
    assert caught.value.status == 200
    assert caught.value.retryable
    assert "proxy" in caught.value.hint
    assert "Sign in" not in str(caught.value)
    # The parser's own error has the whole body with it.
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        ("The tag 'needs visa sponsoring' is too long", {"tags": ["needs visa sponsoring"]}),
        ("Value NEEDS VISA SPONSORING refused", {"tags": ["needs  visa sponsoring"]}),
        ("Cannot store 'Ada Lovelace has'", {"content": "Yesterday Ada Lovelace has called"}),
        ("Bad value: Ada", {"incumbentName": "Ada"}),
        ("Bad value: ada.", {"deep": [{"er": {"incumbentName": "Ada"}}]}),
        ("value 'é' refused", {"x": "é"}),
        ("Refused: one two three four", "one two three four"),
        ("Tag BLOCKED refused", {"tags": ["BLOCKED"]}),
        ("Nobody has 4f0c81d2a97b", [None, {"q": ["4f0c81d2a97b"]}, "secret"]),
    ],
)
def test_a_message_that_echoes_what_was_sent_is_withheld(message: str, sent: Any) -> None:
    assert presentable(message, sent) == ""
    assert message not in str(error_for(400, json.dumps({"message": message}).encode(), sent=sent))


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        ("Status REJECTED needs a reason", {"status": "REJECTED"}),
        ("Cannot be accepted now", {"status": "accepted"}),
        ("Candidate access denied", {"sourceTypeId": "JOB_BOARD", "sourceId": "7"}),
        ("Adam is not Ada's name", {"x": "Dam"}),
        ("Reason is required", {"reason": ""}),
        ("Reason is required", {"reason": None, "n": 5, "b": True}),
        ("Reason is required", None),
    ],
)
def test_a_message_that_only_names_things_is_kept(message: str, sent: Any) -> None:
    assert presentable(message, sent) == message


def test_the_code_is_kept_if_the_message_is_withheld() -> None:
    body = json.dumps({"errors": [{"code": "TAG_TOO_LONG", "message": "Tag visa sponsoring is too long"}]}).encode()
    error = error_for(400, body, sent={"tags": ["visa sponsoring"]})
    assert (error.code, error.api_message) == ("TAG_TOO_LONG", "")
    assert "TAG_TOO_LONG" in str(error)
    assert error.hint


@pytest.mark.parametrize("code", ["AdaLovelace", "VALUE_ADA_BYRON_LOVELACE", "adalovelacehas"])
def test_a_code_that_echoes_what_was_sent_is_withheld(code: str) -> None:
    body = json.dumps({"errors": [{"code": code, "message": "Refused"}]}).encode()
    error = error_for(400, body, sent={"tags": ["Ada Byron Lovelace", "Ada Lovelace has called"]})
    assert (error.code, error.api_message) == (None, "Refused")


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("User ada@example.com has no access", "User [address] has no access"),
        ("No result for q=ada%40example.com", "No result for [address]"),
        ("x" * 290 + " ada.lovelace@example.com", "x" * 290 + " [address]"),
        ("<ada.b+c@example.co.uk>, 'x@y.z'", "<[address]>, '[address]'"),
        ("line one\nline two\ttab\x00end", "line one line two tab end"),
        ("\x1b[31mred", "[31mred"),
        ("a\u202eb", "a b"),
    ],
)
def test_what_a_log_line_must_not_contain(message: str, shown: str) -> None:
    assert presentable(message) == shown


def test_a_message_is_cut() -> None:
    assert len(presentable("x" * 5000)) == 300


@given(st.text(max_size=400))
def test_any_message_is_one_short_printable_line(message: str) -> None:
    shown = presentable(message)
    assert shown.isprintable()
    # An address that is masked may be shorter than its mask.
    assert len(shown) <= 300 + shown.count("[address]") * len("[address]")
