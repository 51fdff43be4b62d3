"""What a test gets: a running emulator, with everything that a test needs from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from airflow_provider_smartrecruiters.emulator.config import Config
from airflow_provider_smartrecruiters.emulator.connection import connection, connection_json, connection_uri
from airflow_provider_smartrecruiters.emulator.faults.injector import ArmedRule
from airflow_provider_smartrecruiters.emulator.faults.rules import Rule, RuleOptions, read_rule
from airflow_provider_smartrecruiters.emulator.journal import JournalEntry, RequestEntry
from airflow_provider_smartrecruiters.emulator.server import EmulatorServer
from airflow_provider_smartrecruiters.emulator.tenant.integrity import check_settings
from airflow_provider_smartrecruiters.emulator.tenant.known_records import KnownRecords
from airflow_provider_smartrecruiters.emulator.tenant.settings import Settings


class JournalView(list["JournalEntry"]):
    """The journal at one moment: requests that changed or tried to change something, oldest first."""

    def writes(self, operation_id: str | None = None) -> list[JournalEntry]:
        """Return those that wrote the records, even if nothing changed.

        :param operation_id: only those of one operation, such as ``jobs.status.update``
        """
        return [entry for entry in self if entry.applied and operation_id in (None, entry.operation_id)]


class SmartRecruitersEmulator:
    """A running emulator, as one test sees it.

    :param server: the server, which many tests share
    """

    def __init__(self, server: EmulatorServer) -> None:
        self.emulator = server.emulator
        """The emulator itself, for what has no shortcut here."""
        self.url: str = server.url
        """The address, without a trailing slash."""
        self.state = KnownRecords(server.emulator.store)
        """Ids of records fit for a purpose, copies of what is stored, and ``editing()`` to change it."""

    @property
    def config(self) -> Config:
        """Limits, latency, credentials; may be changed. The next test starts with the defaults."""
        return self.emulator.config

    @property
    def api_key(self) -> str:
        """The key that is accepted."""
        return self.config.api_key

    @property
    def client_id(self) -> str:
        """The OAuth client that is accepted."""
        return self.config.client_id

    @property
    def client_secret(self) -> str:
        """The secret of the OAuth client."""
        return self.config.client_secret

    @property
    def connection(self) -> dict[str, Any]:
        """The Airflow connection with the API key, as keyword arguments of ``Connection``."""
        return connection(self.url, password=self.api_key)

    @property
    def connection_json(self) -> str:
        """The same, as the JSON text for an ``AIRFLOW_CONN_…`` variable."""
        return connection_json(self.url, password=self.api_key)

    @property
    def connection_uri(self) -> str:
        """The same, as the URI for an ``AIRFLOW_CONN_…`` variable. Airflow moves its port into ``port``."""
        return connection_uri(self.url, password=self.api_key)

    @property
    def oauth_connection(self) -> dict[str, Any]:
        """The Airflow connection with the OAuth client, as keyword arguments of ``Connection``."""
        return connection(self.url, login=self.client_id, password=self.client_secret)

    @property
    def oauth_connection_json(self) -> str:
        """The same, as the JSON text for an ``AIRFLOW_CONN_…`` variable."""
        return connection_json(self.url, login=self.client_id, password=self.client_secret)

    @property
    def journal(self) -> JournalView:
        """The requests that changed or tried to change something since the test began."""
        return JournalView(self.emulator.journal.entries())

    @property
    def requests(self) -> list[RequestEntry]:
        """All requests since the test began, reads and token requests included."""
        return self.emulator.journal.requests()

    @property
    def stats(self) -> dict[str, Any]:
        """Counts since the test began: ``requests``, ``write_attempts``, ``writes`` (applied), ``rate_limited``, …"""
        return self.emulator.journal.stats()

    def fail_next(
        self, operation: str | Sequence[str] = "any", fault: str | None = None, **options: Unpack[RuleOptions]
    ) -> ArmedRule:
        """Make the next requests for an operation fail: ``fail_next("put job status", status=429, times=2)``.

        :param operation: such as ``put job status``, ``get job``, ``token``, ``any write``; see :class:`.rules.Rule`
        :param fault: a name in :data:`.kinds.FAULTS`, such as ``reset_after``; not needed with ``status``
        :param options: as in :class:`.rules.Rule`; ``times`` is 1 unless the fault has another default
        :return: the rule, with the counts ``seen`` and ``fired``
        :raises ValueError: an unknown operation, fault or option; lists the known ones
        """
        return self.emulator.faults.arm(read_rule({"operation": operation, "fault": fault, **options}))

    def fail(
        self, operation: str | Sequence[str] | Rule = "any", fault: str | None = None, **options: Unpack[RuleOptions]
    ) -> ArmedRule:
        """Make every request for an operation fail from now on: ``fail("any read", status=503, skip=3)``.

        Parameters and result are those of :meth:`fail_next`, but ``times`` is None: the rule stays in force.

        :param operation: or a complete rule: ``fail(Rule.ready("reset_after", "put job note"))``
        """
        if isinstance(operation, Rule):
            if fault is not None or options:
                raise TypeError("A complete rule takes no further parameters")
            return self.emulator.faults.arm(operation)
        options.setdefault("times", None)
        return self.fail_next(operation, fault, **options)

    @property
    def faults(self) -> list[ArmedRule]:
        """The rules in their order, with the counts ``seen`` and ``fired``."""
        return self.emulator.faults.rules()

    def clear_faults(self) -> None:
        """Remove all faults: the port is open and the API key valid again."""
        self.emulator.faults.clear()

    def expire_tokens(self) -> None:
        """Make every issued access token invalid, as if it had expired."""
        self.emulator.authenticator.revoke_all()

    def reset(self) -> None:
        """Reset the records, the journal, the limits and the faults."""
        self.emulator.reset()

    def configure(self, **settings: Any) -> None:
        """Set how the emulator behaves; settings that are left out get their defaults.

        :param settings: fields of :class:`.config.Config`, such as ``rate=0`` for no rate limit, and of the company's
            :class:`.settings.Settings`, such as ``require_rejection_reason=True`` or ``publish_delay=0``
        :raises TypeError: a setting is unknown
        :raises ValueError: a value is invalid, or a label or id in it is not the company's
        """
        company = {name: settings.pop(name) for name in Settings.model_fields.keys() & settings.keys()}
        wanted = Config(**settings)
        for name in Config.__slots__:
            setattr(self.config, name, getattr(wanted, name))
        with self.state.editing() as tenant:
            wanted_settings = self.emulator.store.seeded_settings.changed(company)
            check_settings(tenant, wanted_settings)
            tenant.settings = wanted_settings
