"""Errors as the API answers them.

Every code is one that the official document of April 2024 has for the operation. Where it has a status without a code,
or nothing at all, as for a body of the wrong shape, the answer has no code either: the emulator invents none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from airflow_provider_smartrecruiters.emulator.nearest import near_choice


class ApiError(Exception):
    """An error answer.

    :param status: the HTTP status
    :param message: the envelope's message
    :param errors: (code, message) pairs for the envelope's errors
    """

    def __init__(self, status: int, message: str, errors: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = list(errors)

    def envelope(self) -> dict[str, Any]:
        """Return the body of the answer."""
        errors = [{"code": code, "message": message} for code, message in self.errors]
        return {"message": self.message, "errors": errors}


def refusal(status: int, message: str, code: str | None = None) -> ApiError:
    """Return an error; with a code, the envelope holds one error."""
    return ApiError(status, message, [(code, message)] if code else [])


def bad_request(message: str, code: str | None = None) -> ApiError:
    """Return a 400."""
    return refusal(400, message, code)


def not_found(what: str, code: str | None = None) -> ApiError:
    """Return a 404 that names the kind of record, never its id."""
    return refusal(404, f"{what} not found", code)


def validation_failed(status: int, problems: Sequence[Mapping[str, Any]]) -> ApiError:
    """Return the answer to a request that does not have the documented shape.

    :param status: what the operation documents for this, 400 or 422
    :param problems: pydantic's error list; the values that were sent are left out
    """
    found = []
    for problem in problems:
        where = ".".join(str(part) for part in problem["loc"] if part not in {"body", "query"})
        said = problem["msg"] + near_choice(problem)
        found.append(f"{where}: {said}" if where else said)
    return ApiError(status, "; ".join(["Validation failed", *found]))
