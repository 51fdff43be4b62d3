"""
What happens to the canaries on their way: one local SmartRecruiters for each thing that can go wrong.

All of them hold the same canaries in their records, and what is wrong is wrong with every request of its kind.
"""

from __future__ import annotations

import json
import re
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.api.reads.watch_audit import AUDIT_EVENTS
from airflow_provider_smartrecruiters.emulator.config import Config
from airflow_provider_smartrecruiters.emulator.faults.kinds import FAULTS
from airflow_provider_smartrecruiters.emulator.faults.rules import Rule, read_rule
from airflow_provider_smartrecruiters.emulator.faults.targets import name_of
from airflow_provider_smartrecruiters.emulator.http.answer import Answer
from airflow_provider_smartrecruiters.emulator.routes.operations import OPERATIONS
from airflow_provider_smartrecruiters.emulator.server import EmulatorServer
from airflow_provider_smartrecruiters.emulator.tenant import audit
from airflow_provider_smartrecruiters.emulator.tenant.seed import seeded_tenant
from tests.security.canaries import Canary, person, secret
from tests.support import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from airflow_provider_smartrecruiters.emulator.app import Emulator
    from airflow_provider_smartrecruiters.emulator.http.answer import Interceptor, Proceed
    from airflow_provider_smartrecruiters.emulator.http.operation import Call
    from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant
    from tests.use_cases.use_case import UseCase

STATUSES = (400, 401, 403, 404, 409, 422, 500)
TEXTS = {
    "put_update_job_note": '{} said "it\'s <b>naïve</b>" &\nlives in Łódź',
    "put_update_job_position": "Zoë O'{}",
    "put_update_job_ad": "<p>{} · welcome</p>",
    "put_update_job_and_jobad": "<p>{} · welcome</p>",
}
"""What people write where it is unlike `TEXT`, by use case; ``{}`` is where the canary goes."""
TEXT = '{} & "co"'


def carriers() -> list[type[UseCase]]:
    """Return the use cases that carry what people wrote."""
    return [case for case in catalogue.cases() if text_fields(case)]


def text_fields(case: type[UseCase]) -> set[str]:
    """Return the parameters of a use case that hold what people wrote; a path holds only where it is, and a name in
    place of an id has a canary of its own.
    """
    fields = {*case.operator.private_fields, *case.operator.free_text_fields}
    names = {name.argument for name in catalogue.operators()[case.operator].names.values()}
    return {name for name in fields - names if not name.endswith("_path")}


def name_of_case(case: type[UseCase]) -> str:
    """Return the name of a use case's task, and of the canary that it carries."""
    return case.__module__.rpartition(".test_")[2]


def writes() -> dict[str, str]:
    """Return the operations that carry a canary, in plain words, and which."""
    return {
        name_of(operation): name_of_case(case)
        for case in carriers()
        for operation in OPERATIONS
        if operation.writes and operation.id in (case.operation, *case.sends_also)
    }


def _texts() -> dict[str, Canary]:
    return {name_of_case(case): person(name_of_case(case), TEXTS.get(case.use_case, TEXT)) for case in carriers()}


@dataclass(frozen=True)
class Canaries:
    """What goes through Airflow, and what SmartRecruiters holds already."""

    api_key: Canary = field(default_factory=lambda: secret("api_key", "{}/+=&%\"'x"))
    client_secret: Canary = field(default_factory=lambda: secret("client_secret", '{}+/=:\\"?#'))
    texts: dict[str, Canary] = field(default_factory=_texts)
    """What each use case carries that takes texts."""
    email: Canary = field(default_factory=lambda: person("email", "{}+jobs@example.com"))
    user_email: Canary = field(default_factory=lambda: person("user_email", "{}@example.com"))
    old_note: Canary = field(default_factory=lambda: person("previous_note"))
    old_tag: Canary = field(default_factory=lambda: person("former_tag"))
    old_incumbent: Canary = field(default_factory=lambda: person("whoever"))
    last_name: Canary = field(default_factory=lambda: person("last_name"))
    old_ad: Canary = field(default_factory=lambda: person("ad_text", "<p>{}</p>"))
    audited: Canary = field(default_factory=lambda: person("audited", "{}@example.com"))
    """What the audit log has of people."""

    def all(self) -> list[Canary]:
        """Return every one of them."""
        return [value for value in [*vars(self).values(), *self.texts.values()] if isinstance(value, Canary)]

    def named(self, name: str) -> Canary:
        """Return the one of this name."""
        return next(canary for canary in self.all() if canary.name == name)

    def tenant(self) -> Tenant:
        """Return the seeded records, with canaries where somebody wrote something."""
        tenant = seeded_tenant()
        for job in tenant.jobs.values():
            job.note = self.old_note.value
            for position in job.positions.values():
                position.incumbent_name = self.old_incumbent.value
            for ad in job.ads.values():
                for section in ad.content.sections.values():
                    section.text = self.old_ad.value
        next(user for user in tenant.users.values() if user.access == "full").email = self.user_email.value
        for candidate in tenant.candidates.values():
            candidate.email, candidate.last_name = self.email.value, self.last_name.value
            candidate.tags = [self.old_tag.value]
        self._audit(tenant)
        return tenant

    def _audit(self, tenant: Tenant) -> None:
        """Fill the audit log: with what people did, and with entries that have texts where ids and codes belong."""
        text = self.audited.value
        for name in AUDIT_EVENTS:
            members = ("tags", "currentStatus", "previousStatus", "currentStep", "jobName", "keyword", "comment")
            position = dict.fromkeys(("id", "positionId", "status", "type"), text)
            context = {**dict.fromkeys(members, text), "current": position, "previous": position}
            audit.note(tenant, name, "CANDIDATE", text, **context)
            tenant.audit[-1].author_id = text


@dataclass(frozen=True)
class Scenario:
    """
    Something that can happen to a request.

    :param name: of letters, digits and underscores.
    :param arm: makes a local SmartRecruiters behave so.
    """

    name: str
    arm: Callable[[Emulator, Canaries], None]

    @property
    def timeout(self) -> float:
        """Seconds that a connection waits for an answer: few only where none comes, for the rest never is too late."""
        return 1.0 if self.name in ("fault_timeout_before", "fault_timeout_after", "fault_slow_trickle") else 30.0


def scenarios() -> list[Scenario]:
    """Return everything that can happen: success, documented errors, echoes, and every kind of fault."""
    return [
        Scenario("success", lambda emulator, canaries: None),
        Scenario("told", lambda emulator, canaries: None),
        *(Scenario(f"status_{status}", _echo(status)) for status in STATUSES),
        Scenario("echo_upper_case", _echo(422, str.upper)),
        Scenario("echo_html", _echo(400, escape)),
        Scenario("echo_json", _echo(400, json.dumps)),
        Scenario("echo_cut", _echo(422, lambda text: text[:20])),
        Scenario("echo_late", _echo(400, lambda text: "x" * 290 + " " + text)),
        Scenario("echo_as_code", _echo_as_code),
        Scenario("echo_of_everything", _echo_everything),
        Scenario("token_refused", _token_status(401)),
        Scenario("token_broken", _token_status(500)),
        Scenario("token_page", _token_fault("page_instead")),
        Scenario("token_reset", _token_fault("reset_after")),
        Scenario("token_not_json", _token_fault("not_json")),
        *(Scenario(f"fault_{name}", _fault(name)) for name in FAULTS),
    ]


def _echo(status: int, form: Callable[[str], str] = str) -> Callable[[Emulator, Canaries], None]:
    """Answer with an error whose message repeats what was sent, and whose other message holds an address."""

    def arm(emulator: Emulator, canaries: Canaries) -> None:
        carrying = {**writes(), "get candidates": "email"}
        for operation, name in carrying.items():
            said = form(canaries.named(name).value)
            body = {"message": f"Ask {canaries.email.value}", "errors": [{"code": "REFUSED", "message": said}]}
            _arm(emulator, operation=operation, status=status, body=body, times=None)
        # The use cases that carry nothing of their own.
        emulator.interceptors.append(_all_that_was_sent(status, but=carrying))

    return arm


def _echo_as_code(emulator: Emulator, canaries: Canaries) -> None:
    for operation, name in writes().items():
        # Only what looks like a code can be taken for one.
        code = "".join(character for character in canaries.named(name).value if character.isalnum())[:60]
        body = {"message": "Refused", "errors": [{"code": code, "message": "Refused"}]}
        _arm(emulator, operation=operation, status=400, body=body, times=None)


def _echo_everything(emulator: Emulator, canaries: Canaries) -> None:
    emulator.interceptors.append(_all_that_was_sent(400))


def _all_that_was_sent(status: int, but: Collection[str] = ()) -> Interceptor:
    """Answer a write or a search with an error that repeats all that was sent, the credential first."""

    async def echo(call: Call, proceed: Proceed) -> Answer:
        operation = call.operation
        if operation is None or not (operation.writes or operation.id == "candidates.all") or name_of(operation) in but:
            return await proceed()
        credential = call.headers.get("authorization") or call.headers.get("x-smarttoken")
        said = f"Bad request: {credential} {call.query} {call.body[:2000].decode(errors='replace')}"
        body = json.dumps({"message": said}).encode()
        return Answer(status, [(b"content-type", b"application/json")], body, made_up="echo")

    return echo


def _token_status(status: int) -> Callable[[Emulator, Canaries], None]:
    def arm(emulator: Emulator, canaries: Canaries) -> None:
        body = {"error": "invalid_client", "error_description": f"No client has {canaries.client_secret.value}"}
        _arm(emulator, operation="token", status=status, body=body, times=None)

    return arm


def _token_fault(name: str) -> Callable[[Emulator, Canaries], None]:
    def arm(emulator: Emulator, canaries: Canaries) -> None:
        emulator.faults.arm(Rule.ready(name, "token", times=None))

    return arm


def _fault(name: str) -> Callable[[Emulator, Canaries], None]:
    fault = FAULTS[name]

    def arm(emulator: Emulator, canaries: Canaries) -> None:
        if fault.at_once:
            # For the whole run: the tasks come when they come.
            emulator.faults.arm(Rule.ready(name, "any", seconds=600))
            return
        # An outage is one for all: the searches would find the port closed by the writes.
        alone = fault.aim or name == "outage"
        for operation in ("any write", "get candidates")[: 1 if alone else 2]:
            emulator.faults.arm(Rule.ready(name, operation, **{"times": None, **_MILDER.get(name, {})}))

    return arm


def _arm(emulator: Emulator, **rule: Any) -> None:
    emulator.faults.arm(read_rule(rule))


_MILDER: dict[str, dict[str, Any]] = {
    "huge_body": {"size": 1024 * 1024},
    "rate_limited": {"times": 2},
    "unavailable": {"times": 2},
    # Longer than a call waits, so that it does not wait at all.
    "rate_limited_for_ever": {"retry_after": 90},
}
"""What would only cost time; how much is too much, and how long is too long, are other tests' questions."""


@dataclass
class Stage:
    """
    The local SmartRecruiters of all scenarios.

    :param urls: their addresses by the scenarios' names.
    :param tokens: the access tokens that they gave out, by the scenarios' names.
    """

    canaries: Canaries
    urls: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, set[str]] = field(default_factory=dict)
    servers: dict[str, EmulatorServer] = field(default_factory=dict)

    def secrets(self) -> list[Canary]:
        """Return the tokens that were given out, as canaries."""
        return [Canary(f"token_{name}", token, secret=True) for name, tokens in self.tokens.items() for token in tokens]


@contextmanager
def stage(canaries: Canaries) -> Iterator[Stage]:
    """Run a local SmartRecruiters for each scenario."""
    made = Stage(canaries)
    with ExitStack() as stack:
        for scenario in scenarios():
            config = Config(
                api_key=canaries.api_key.value,
                client_id="client",
                client_secret=canaries.client_secret.value,
                rate=0,
                concurrent=0,
            )
            tokens = made.tokens[scenario.name] = set()
            server = EmulatorServer(config, canaries.tenant(), wrap=partial(_TokenListener, tokens=tokens))
            made.servers[scenario.name] = stack.enter_context(server)
            made.urls[scenario.name] = server.url
            scenario.arm(server.emulator, canaries)
        yield made


class _TokenListener:
    """ASGI middleware that takes down the tokens on their way out."""

    def __init__(self, app: Any, tokens: set[str]) -> None:
        self._app = app
        self._tokens = tokens

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def listen(message: Any) -> None:
            if message["type"] == "http.response.body":
                # Not parsed: a token in a broken answer is a token too.
                self._tokens.update(re.findall(r'"access_token": ?"([^"]+)"', message.get("body", b"").decode()))
            await send(message)

        await self._app(scope, receive, listen if scope.get("path", "").endswith("/oauth/token") else send)
