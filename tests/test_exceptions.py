"""The error tree: classes, messages, pickling."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import pytest

from airflow_provider_smartrecruiters import exceptions
from airflow_provider_smartrecruiters.exceptions import (
    AnswerLostError,
    ApiError,
    BadRequestError,
    CompletionTimeoutError,
    ConnectionFailedError,
    DeadlineExceededError,
    InvalidInputError,
    RateLimitedError,
    ServerError,
    SmartRecruitersError,
)


def tree(root: type[SmartRecruitersError]) -> list[type[SmartRecruitersError]]:
    return [root, *(error for child in root.__subclasses__() for error in tree(child))]


EVERY_ERROR = tree(SmartRecruitersError)


def everything_set(error_class: type[SmartRecruitersError]) -> SmartRecruitersError:
    return error_class(
        "it went wrong.",
        hint="Fix it.",
        use_case="put_update_job_status",
        method="PUT",
        path_template="/jobs/{jobId}/status",
        status=418,
        code="SOME_CODE",
        api_message="no",
        retryable=True,
        may_have_been_applied=True,
        retry_after=2.5,
    )


def test_the_tree_is_the_documented_one() -> None:
    documented = {line.split("``")[1] for line in exceptions.__doc__.splitlines() if line.lstrip().startswith("``")}
    assert {error.__name__ for error in EVERY_ERROR} == documented
    assert {error.__name__ for error in tree(ApiError)} == {
        "ApiError",
        "BadRequestError",
        "AuthenticationError",
        "PermissionDeniedError",
        "NotFoundError",
        "ConflictError",
        "UnprocessableError",
        "RateLimitedError",
        "ServerError",
        "UnexpectedResponseError",
    }


@pytest.mark.parametrize("error_class", EVERY_ERROR)
@pytest.mark.parametrize("duplicate", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy, copy.deepcopy])
def test_an_error_survives_pickling_and_copying(error_class, duplicate) -> None:
    error = everything_set(error_class)
    twin = duplicate(error)
    assert type(twin) is error_class
    assert vars(twin) == vars(error)
    assert str(twin) == str(error)
    assert twin.args == error.args


def test_the_fields_of_invalid_input_survive_pickling() -> None:
    error = InvalidInputError("no.", fields=("job_id", "status"), hint="Give them.")
    twin = pickle.loads(pickle.dumps(error))
    assert twin.fields == ("job_id", "status")
    assert twin.hint == "Give them."


def test_invalid_input_is_a_value_error_too() -> None:
    with pytest.raises(ValueError, match="no"):
        raise InvalidInputError("no.")


@pytest.mark.parametrize("error_class", EVERY_ERROR)
def test_retryable_by_kind_and_overridable(error_class) -> None:
    transient = {
        AnswerLostError,
        CompletionTimeoutError,
        ConnectionFailedError,
        DeadlineExceededError,
        RateLimitedError,
        ServerError,
    }
    assert error_class("x").retryable is (error_class in transient)
    assert error_class("x", retryable=True).retryable is True
    assert error_class("x", retryable=False).retryable is False


def test_overriding_retryable_does_not_change_the_class() -> None:
    ServerError("x", retryable=False)
    assert ServerError("y").retryable is True


def test_the_message_has_cause_consequence_hint_and_code() -> None:
    assert str(everything_set(BadRequestError)) == (
        "it went wrong. SmartRecruiters says: no. The change may have been applied anyway. "
        "What to do: Fix it. Error code: SOME_CODE."
    )


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"code": "SOME_CODE"}, "x. Error code: SOME_CODE."),
        ({"api_message": "Reason is required."}, "x. SmartRecruiters says: Reason is required."),
        ({}, "x."),
    ],
)
def test_the_message_without_one_part_of_the_envelope(said, text) -> None:
    assert str(BadRequestError("x.", **said)) == text


def test_standard_library_only() -> None:
    script = (
        "import sys\n"
        "import airflow_provider_smartrecruiters.exceptions\n"
        "foreign = {name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)\n"
        "print(sorted(foreign & {'airflow', 'requests', 'pydantic', 'urllib3'}))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == "[]"
