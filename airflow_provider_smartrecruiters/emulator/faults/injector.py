"""The rules in force: which of them hits which request."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from airflow_provider_smartrecruiters.emulator.faults import targets
from airflow_provider_smartrecruiters.emulator.faults.actions import ACTIONS, Hit
from airflow_provider_smartrecruiters.emulator.faults.kinds import FAULTS
from airflow_provider_smartrecruiters.emulator.faults.rules import Rule
from airflow_provider_smartrecruiters.emulator.http.answer import Answer, Proceed
from airflow_provider_smartrecruiters.emulator.http.auth import Authenticator
from airflow_provider_smartrecruiters.emulator.http.errors import ApiError
from airflow_provider_smartrecruiters.emulator.http.operation import Call, Operation

Refuse = Callable[[float], None]


@dataclass(slots=True)
class ArmedRule:
    """A rule that was set, and how often it applied.

    :param seen: requests that it targets, hit or not
    :param fired: requests that it hit
    """

    rule: Rule
    seen: int = 0
    fired: int = 0
    _random: Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = Random(self.rule.seed)

    def as_dict(self) -> dict[str, Any]:
        """Return its JSON form: the parameters that the rule was given, and the counts."""
        return {**self.rule.model_dump(mode="json", exclude_unset=True), "seen": self.seen, "fired": self.fired}

    def sees(self, operation: Operation | None, path: str) -> bool:
        """Count a request; return whether the rule would hit it."""
        rule = self.rule
        meant = (rule.operation,) if isinstance(rule.operation, str) else rule.operation
        here = rule.path in path and any(targets.matches(target, operation) for target in meant)
        if FAULTS[rule.fault].at_once or not here:
            return False
        self.seen += 1
        if self.seen <= rule.skip or (rule.times is not None and self.fired >= rule.times):
            return False
        return rule.probability == 1 or self._random.random() < rule.probability


class FaultInjector:
    """Holds the rules in order; the first rule with hits left hits a request.

    :param authenticator: knows the credentials that a fault revokes
    """

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator
        self._lock = threading.Lock()
        self._rules: list[ArmedRule] = []
        # The server sets this: it closes the port for the given seconds, 0 to open it.
        self.refuse: Refuse = _cannot_refuse

    def arm(self, rule: Rule) -> ArmedRule:
        """Add a rule after the existing ones.

        :raises RuntimeError: the rule closes the port, and the server cannot do that
        """
        armed = ArmedRule(rule)
        if FAULTS[rule.fault].at_once:
            self.refuse(rule.seconds)
            armed.fired = 1
        with self._lock:
            self._rules.append(armed)
        return armed

    def rules(self) -> list[ArmedRule]:
        """Return the rules in order, including those without hits left."""
        with self._lock:
            return list(self._rules)

    def clear(self) -> None:
        """Remove all rules, open the port, and accept a revoked API key again. Revoked tokens stay revoked."""
        with self._lock:
            self._rules.clear()
        self._authenticator.accept_key_again()
        self.refuse(0)

    async def intercept(self, call: Call, proceed: Proceed) -> Answer:
        """Handle a request, or let the first rule that hits it act."""
        armed = self._hitting(call.operation, call.raw_path)
        if armed is None:
            return await proceed()
        rule = armed.rule
        fault = FAULTS[rule.fault]
        call.fault = rule.fault
        with contextlib.suppress(ApiError):
            # The journal has the credential even of a request that is never handled.
            call.credential = self._authenticator.authenticate(call.headers)
        if rule.latency:
            await asyncio.sleep(rule.latency)
        return await ACTIONS[fault.action](Hit(rule, call, fault.applied, proceed, self.refuse))

    def _hitting(self, operation: Operation | None, path: str) -> ArmedRule | None:
        with self._lock:
            # Every rule sees every request, whichever hits it.
            hitting = [armed for armed in self._rules if armed.sees(operation, path)]
            if not hitting:
                return None
            hitting[0].fired += 1
            return hitting[0]


def _cannot_refuse(seconds: float) -> None:
    if seconds:
        raise RuntimeError("This fault needs the emulator's own server: EmulatorServer, or make_server()")
