from __future__ import annotations

import contextlib
import inspect
import pickle
import traceback

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from airflow_provider_smartrecruiters import exceptions
from airflow_provider_smartrecruiters.exceptions import (
    AnswerLostError,
    InvalidInputError,
    NotFoundError,
    RateLimitedError,
    ServerError,
    SmartRecruitersError,
)
from airflow_provider_smartrecruiters.hooks.errors import as_airflow_error

KINDS = [kind for _, kind in inspect.getmembers(exceptions, inspect.isclass) if issubclass(kind, SmartRecruitersError)]
PERMANENT = [kind for kind in KINDS if not kind.retryable]
RETRYABLE = [kind for kind in KINDS if kind.retryable]
STATE = {
    "hint": "Look the id up.",
    "use_case": "put_update_job_status",
    "method": "PUT",
    "path_template": "/jobs/{jobId}/status",
    "status": 404,
    "code": "JOB_NOT_FOUND",
    "api_message": "Job not found",
    "may_have_been_applied": False,
    "retry_after": 1.5,
}


def leaving(error):
    with pytest.raises(SmartRecruitersError) as caught, as_airflow_error():
        raise error
    return caught.value


@contextlib.contextmanager
def counting(caplog):
    """Check that the log has the error already when it passes here."""
    try:
        yield
    finally:
        assert len(caplog.records) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_is_logged_once_before_it_is_raised(kind, caplog):
    error = kind("Could not do it." + " What it is about takes many words." * 5, **STATE)
    with pytest.raises(kind) as caught, as_airflow_error("sr_prod"), counting(caplog), as_airflow_error("sr_prod"):
        raise error
    (record,) = caplog.records
    lines = record.getMessage().splitlines()
    assert max(map(len, lines)) <= 100
    assert " ".join(line.strip() for line in lines) == str(caught.value)
    starts = ("Could", "SmartRecruiters says:", "What to do:", "Connection: sr_prod.", "Error code:")
    assert tuple(line for line in lines if line.startswith(starts)) == tuple(line for line in lines if line[0] != " ")


def test_both_lists_hold_something():
    assert {kind.__name__ for kind in RETRYABLE} >= {"RateLimitedError", "ServerError", "AnswerLostError"}
    assert {kind.__name__ for kind in PERMANENT} >= {"NotFoundError", "ConfigurationError", "InvalidInputError"}


@pytest.mark.parametrize("kind", PERMANENT)
def test_a_permanent_error_also_ends_the_task(kind):
    error = kind("Job 5 is not there.", **STATE)
    left = leaving(error)
    assert isinstance(left, kind)
    assert isinstance(left, AirflowFailException)
    assert str(left) == str(error)
    assert vars(left) == vars(error)
    assert left.args == error.args
    # What a log and an alert call it.
    assert (type(left).__module__, type(left).__qualname__) == (kind.__module__, kind.__qualname__)


@pytest.mark.parametrize("kind", RETRYABLE)
def test_a_retryable_error_is_raised_unchanged(kind):
    error = kind("Not now.")
    assert leaving(error) is error
    assert not isinstance(error, AirflowException)


def test_the_instance_decides_whether_an_error_is_retryable():
    once = exceptions.UnexpectedResponseError("A page, not JSON.", retryable=True)
    assert leaving(once) is once
    never = ServerError("Not implemented (501).", retryable=False)
    assert isinstance(leaving(never), AirflowFailException)


def test_a_converted_error_is_not_converted_again():
    once = leaving(NotFoundError("Job 5 is not there."))
    assert leaving(once) is once


def test_other_exceptions_are_raised_unchanged():
    error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError) as caught, as_airflow_error():
        raise error
    assert caught.value is error


@pytest.mark.parametrize("kind", PERMANENT)
def test_it_survives_pickling(kind):
    left = leaving(kind("Job 5 is not there.", **STATE))
    again = pickle.loads(pickle.dumps(left))
    assert type(again) is type(left)
    assert isinstance(again, AirflowFailException)
    assert str(again) == str(left)
    assert vars(again) == vars(left)


def test_the_names_of_invalid_arguments_are_kept():
    assert leaving(InvalidInputError("It is too long.", fields=("content",))).fields == ("content",)


def test_the_traceback_shows_the_place_but_no_underlying_error():
    def send():
        try:
            raise KeyError("s3cr3t")
        except KeyError as under:
            raise NotFoundError("Job 5 is not there.") from under

    with pytest.raises(NotFoundError) as caught, as_airflow_error():
        send()
    printed = "".join(traceback.format_exception(caught.value))
    assert "s3cr3t" not in printed
    assert "in send" in printed


def test_an_error_that_may_have_been_applied_still_says_so():
    error = AnswerLostError("No answer.", may_have_been_applied=True)
    assert leaving(error).may_have_been_applied


def test_airflow_can_serialize_it():
    name, arguments, _ = leaving(NotFoundError("Job 5 is not there.")).serialize()
    assert name == "airflow_provider_smartrecruiters.exceptions.NotFoundError"
    assert arguments == ("Job 5 is not there.",)


def test_all_errors_of_a_kind_share_one_class():
    assert type(leaving(NotFoundError("a"))) is type(leaving(NotFoundError("b")))
    assert RateLimitedError is type(leaving(RateLimitedError("a")))
