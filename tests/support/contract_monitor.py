"""The record of the exchanges that were checked against the contract: what was seen, and what was wrong."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.support.contract import Contract
from tests.support.contract_rules import auth_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.contract_rules import HeaderPairs
    from tests.support.violations import Side, Violation

SIDES: tuple[Side, ...] = ("request", "response")


class ContractMonitor:
    """
    Checks exchanges and remembers them. Threads may share one.

    :param contract: what to check against, the document of ``tests/contract`` by default.
    """

    def __init__(self, contract: Contract | None = None) -> None:
        self.contract = contract or Contract.load()
        self.violations: list[Violation] = []
        self._seen: Counter[tuple[str, str, str | None]] = Counter()
        self._excused: Counter[Side] = Counter()
        self._lock = threading.Lock()

    def request(self, method: str, target: str, headers: HeaderPairs, body: bytes) -> None:
        """
        Check and count a request.

        :param method: HTTP method as sent.
        :param target: request target as sent, percent-encoding included.
        :param headers: header names and values.
        :param body: request body.
        """
        found = self.contract.check_request(method, target, headers, body)
        operation = self.contract.operation(method, target)
        with self._lock:
            if operation is not None:
                self._seen[operation.id, auth_kind(headers), operation.use_case(body)] += 1
            self._record("request", found)

    def response(self, method: str, target: str, status: int, headers: HeaderPairs, body: bytes) -> None:
        """
        Check the answer to a request.

        :param method: HTTP method of the request.
        :param target: request target of the request.
        :param status: status code of the answer.
        :param headers: header names and values of the answer.
        :param body: body of the answer.
        """
        found = self.contract.check_response(method, target, status, headers, body)
        with self._lock:
            self._record("response", found)

    def _record(self, side: Side, found: list[Violation]) -> None:
        if not self._excused[side]:
            self.violations.extend(found)

    @contextmanager
    def excuse(self, *sides: Side) -> Iterator[None]:
        """
        Let pass what breaks the contract on purpose, for the time of the block.

        :param sides: ``request``, ``response`` or both.
        :raises ValueError: for any other word.
        """
        if unknown := set(sides) - set(SIDES):
            raise ValueError(f"{sorted(unknown)} is no side of an exchange; give 'request', 'response' or both")
        with self._lock:
            self._excused.update(sides)
        try:
            yield
        finally:
            with self._lock:
                self._excused.subtract(sides)

    def take(self) -> list[Violation]:
        """Return the violations recorded so far and forget them."""
        with self._lock:
            taken, self.violations = self.violations, []
        return taken

    def seen(self) -> dict[tuple[str, str, str | None], int]:
        """Return how many requests there were of each operation, kind of authentication and use case."""
        with self._lock:
            return dict(self._seen)

    def use_cases(self) -> set[tuple[str, str]]:
        """Return which writes were seen with which kind of authentication (``smartToken``, ``oauth2``)."""
        return {(use_case, auth) for _, auth, use_case in self.seen() if use_case}
