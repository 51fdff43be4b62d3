"""What an error says about the change that it ended: every status and kind of body, for every change of the package."""

from __future__ import annotations

import re
from typing import Any

import pytest

from airflow_provider_smartrecruiters import exceptions
from airflow_provider_smartrecruiters.api.change import Change
from airflow_provider_smartrecruiters.api.converge.explain import explained
from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.http.responses import error_for, repeatable
from airflow_provider_smartrecruiters.api.http.retry import RetryPolicy
from airflow_provider_smartrecruiters.exceptions import SmartRecruitersError, UnexpectedResponseError
from tests.support.catalogue import changes
from tests.support.scripted_server import ScriptedServer, reply

PAGE = b"<!DOCTYPE html><html><body>Blocked by policy 7</body></html>"
ONCE = RetryPolicy(max_attempts=1, budget=0.5)
IDS = [change.__name__ for change in changes()]

BY_STATUS: dict[int, tuple[type[SmartRecruitersError], bool]] = {
    400: (exceptions.BadRequestError, False),
    403: (exceptions.PermissionDeniedError, False),
    404: (exceptions.NotFoundError, False),
    408: (exceptions.ServerError, True),
    409: (exceptions.ConflictError, True),
    413: (exceptions.BadRequestError, False),
    415: (exceptions.BadRequestError, False),
    422: (exceptions.UnprocessableError, False),
    423: (exceptions.ConflictError, True),
    425: (exceptions.ServerError, True),
    429: (exceptions.RateLimitedError, True),
}
"""Class and retryable of what SmartRecruiters itself answers; everything else is unexpected, or 5xx."""
REFUSED_UNREAD = {405, 406, 411, 412, 413, 414, 415, 416, 417, 426, 428, 429, 431}
STATUSES = [*range(400, 432), 451, *range(500, 512), 520, 599]


def made(change: type[Change]) -> Change:
    """Return a change of a record with the id 1, without arguments."""
    return change.model_construct(**dict.fromkeys(change.ids, "1"))


def target(change: type[Change]) -> tuple[str, str]:
    """Return method and path of a change's write to that record."""
    method, _, template = change.endpoint.partition(" ")
    return method, re.sub(r"\{\w+\}", "1", template)


def send(change: type[Change], *answers: Any, connect: Any) -> SmartRecruitersError:
    """Send the write of a change, as its own `send` does, to a server that answers so."""
    method, path = target(change)
    picture = {"files": {"file": ("a.png", b"png", "image/png")}} if path.endswith("/avatar") else {"json": {"a": "b"}}
    with ScriptedServer(*answers) as server, pytest.raises(SmartRecruitersError) as caught:
        connect(server.url, retry=ONCE).request(method, path, **picture)
    return caught.value


def assert_retried(error: SmartRecruitersError, change: type[Change], passes: bool, *, by_read: bool) -> None:
    """Check that what passes is retried; what may create a second record, and is `by_read`, only after a read."""
    at_once = passes and (repeatable(*target(change)) or not by_read)
    assert error.retryable is at_once, error.status
    assert (error.retryable or error.retryable_after_read) is passes, error.status


@pytest.mark.parametrize("change", changes(), ids=IDS)
def test_every_status_of_smartrecruiters_means_the_same_for_every_change(change: type[Change], connect: Any) -> None:
    for status in STATUSES:
        if status == 401:
            # It is asked about; see below.
            continue
        error = send(change, reply(status, {"message": "A word", "code": "A_CODE"}), connect=connect)
        fallback = (UnexpectedResponseError, False) if status < 500 else (exceptions.ServerError, True)
        wanted = BY_STATUS.get(status, fallback)
        assert (type(error), error.status) == (wanted[0], status)
        assert_retried(error, change, wanted[1], by_read=status == 409 or error.may_have_been_applied)
        assert (error.api_message, error.code) == ("A word", "A_CODE")
        doubtful = status == 408 or wanted == fallback
        assert error.may_have_been_applied is (doubtful and status not in REFUSED_UNREAD), status
        assert error.hint.endswith(".")


@pytest.mark.slow
@pytest.mark.parametrize("change", changes(), ids=IDS)
def test_a_page_is_never_smartrecruiters_word(change: type[Change], connect: Any) -> None:
    html = {"Content-Type": "text/html; charset=utf-8"}
    for status in STATUSES:
        # With and without the label: gateways send pages as anything.
        for page in (reply(status, PAGE, headers=html), reply(status, PAGE), reply(status, b"", headers=html)):
            error = send(change, page, connect=connect)
            kept = status in (408, 425, 429) or status >= 500
            assert type(error) is (
                BY_STATUS.get(status, (exceptions.ServerError,))[0] if kept else UnexpectedResponseError
            )
            assert error.summary == (
                f"A proxy or firewall answered {'to send fewer requests' if status == 429 else 'with a page'}, "
                f"not SmartRecruiters ({status})."
            )
            assert (error.code, error.api_message, error.status) == (None, "", status)
            assert "policy" not in str(error)
            assert "SmartRecruiters says" not in str(error)
            assert error.may_have_been_applied is (status not in REFUSED_UNREAD), status
            passes = status not in REFUSED_UNREAD - {429}
            assert_retried(error, change, passes, by_read=error.may_have_been_applied)


@pytest.mark.parametrize("change", changes(), ids=IDS)
@pytest.mark.parametrize("accepted", [True, False])
def test_a_401_is_settled_for_every_change(change: type[Change], accepted: bool, connect: Any) -> None:
    no, question = reply(401, {"message": "A word"}), reply(200 if accepted else 401, {})
    error = send(change, no, question, connect=connect)
    assert type(error) is (exceptions.PermissionDeniedError if accepted else exceptions.AuthenticationError)
    assert (error.status, error.retryable, error.may_have_been_applied) == (401, False, False)
    page = reply(401, PAGE)
    error = send(change, page, connect=connect)
    assert type(error) is UnexpectedResponseError
    assert "proxy or firewall" in error.summary


@pytest.mark.parametrize("change", changes(), ids=IDS)
def test_the_hints_of_a_change_are_not_about_a_page(change: type[Change]) -> None:
    method, path = target(change)
    for status in STATUSES:
        with pytest.raises(SmartRecruitersError) as caught, explained(made(change), "change"):
            raise error_for(status, PAGE, method=method, path=path)
        assert caught.value.hint not in change.hints.values()


@pytest.mark.parametrize("read_first", [True, False])
@pytest.mark.parametrize("change", changes(), ids=IDS)
def test_who_reads_first_is_told_so_and_nobody_else(change: type[Change], read_first: bool, connect: Any) -> None:
    with (
        ScriptedServer(reply(503)) as server,
        pytest.raises(exceptions.ServerError) as caught,
        explained(made(change), "change", read_first=read_first),
    ):
        connect(server.url).request(*target(change), json={})
    assert caught.value.may_have_been_applied
    assert_retried(caught.value, change, True, by_read=True)
    reads = made(change).readable and read_first
    told = "Run the task again: it reads the record first" if reads else "Check the record first"
    assert caught.value.hint.startswith(told)


def fail_after(client: SmartRecruitersClient, method: str, path: str, error: Exception) -> None:
    """Send a request that succeeds, and fail afterwards, as with a member that is not there."""
    client.request(method, path, json={})
    raise error


@pytest.mark.parametrize("error", [KeyError("Ada Lovelace"), TypeError("Ada"), RecursionError()], ids=repr)
@pytest.mark.parametrize("change", changes(), ids=IDS)
def test_what_fails_after_the_write_says_that_it_may_have_been_applied(
    change: type[Change], error: Exception, connect: Any
) -> None:
    with (
        ScriptedServer(reply(200, {"odd": True})) as server,
        pytest.raises(UnexpectedResponseError) as caught,
        explained(made(change), "change"),
    ):
        fail_after(connect(server.url), *target(change), error)
    assert caught.value.may_have_been_applied
    assert caught.value.use_case == change.use_case
    assert type(error).__name__ in caught.value.summary
    assert "Ada" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_read_leaves_an_error_as_it_is(connect: Any) -> None:
    with (
        ScriptedServer(reply(200, {})) as server,
        pytest.raises(KeyError),
        explained(made(changes()[0]), "change"),
    ):
        fail_after(connect(server.url), "GET", "/jobs", KeyError("a fault of ours"))


def test_an_earlier_write_says_nothing_about_a_later_change(connect: Any) -> None:
    with ScriptedServer(reply(200, {}), reply(404)) as server:
        client = connect(server.url)
        client.request("PUT", "/jobs/1", json={})
        with pytest.raises(exceptions.NotFoundError) as caught, explained(made(changes()[0]), "change"):
            client.request("PUT", "/jobs/1", json={})
    assert not caught.value.may_have_been_applied


@pytest.mark.parametrize("change", changes(), ids=IDS)
@pytest.mark.parametrize("status", [409, 423])
def test_a_conflict_is_permanent_where_nothing_is_read(change: type[Change], status: int) -> None:
    with pytest.raises(exceptions.ConflictError) as caught, explained(made(change), "change"):
        raise error_for(status, b"", method="PUT")
    assert caught.value.retryable is made(change).readable
