"""The rules for faults, under ``/__emulator__/faults``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Body
from starlette.responses import JSONResponse, Response

from airflow_provider_smartrecruiters.emulator.faults.kinds import read_rule
from airflow_provider_smartrecruiters.emulator.http.errors import bad_request

if TYPE_CHECKING:
    from fastapi import APIRouter

    from airflow_provider_smartrecruiters.emulator.faults.injector import FaultInjector


def add_fault_routes(router: APIRouter, faults: FaultInjector) -> None:
    """Add the routes that set, list and clear rules."""

    @router.post("/faults", status_code=201, response_model=None)
    async def arm(given: Annotated[Any, Body()]) -> Response:
        try:
            # All are read before the first is set.
            read = [read_rule(one) for one in (given if isinstance(given, list) else [given])]
        except ValueError as problem:
            raise bad_request(str(problem), "INVALID_FAULT") from None
        armed = [faults.arm(rule) for rule in read]
        return JSONResponse([one.as_dict() for one in armed], status_code=201)

    @router.get("/faults", response_model=None)
    async def rules() -> Response:
        return JSONResponse([one.as_dict() for one in faults.rules()])

    @router.delete("/faults", status_code=204, response_model=None)
    async def clear() -> None:
        faults.clear()
