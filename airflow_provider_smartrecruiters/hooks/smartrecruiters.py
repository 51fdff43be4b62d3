"""The hook: builds a client from an Airflow connection and maps the client's errors to Airflow's."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_smartrecruiters import connection_form
from airflow_provider_smartrecruiters.hooks.errors import as_airflow_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.providers.common.compat.sdk import Connection

    from airflow_provider_smartrecruiters.api.change import Change
    from airflow_provider_smartrecruiters.api.converge.guards import Terms
    from airflow_provider_smartrecruiters.api.converge.view import View
    from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient


class SmartRecruitersHook(BaseHook):
    """Call SmartRecruiters with the credential and the rate limit of one Airflow connection.

    The connection is read, and requests are sent, only when a method is called. Permanent errors are also
    ``AirflowFailException``, so that they fail the task at once; see
    :func:`~airflow_provider_smartrecruiters.hooks.errors.as_airflow_error`.

    :param smartrecruiters_conn_id: id of an Airflow connection of type ``smartrecruiters``.
    """

    conn_name_attr = "smartrecruiters_conn_id"
    default_conn_name = "smartrecruiters_default"
    conn_type = connection_form.CONN_TYPE
    hook_name = connection_form.HOOK_NAME

    def __init__(self, smartrecruiters_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.smartrecruiters_conn_id = smartrecruiters_conn_id
        self._client: SmartRecruitersClient | None = None
        self._app_url: str | None = None
        # Without the lock, two threads could build a client each, and each would fetch a token of its own.
        self._client_lock = Lock()

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Return the extra fields of the form as WTForms fields. Airflow 2.11 to 3.1 call this.

        :return: unbound WTForms field by field name.
        """
        return connection_form.form_widgets()

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Return which standard fields the form hides and relabels. Airflow 2.11 to 3.1 call this.

        :return: ``hidden_fields``, ``relabeling`` and ``placeholders``.
        """
        return connection_form.hook_field_behaviour()

    def get_conn(self) -> SmartRecruitersClient:
        """Return the client of the connection. Every call returns the same client.

        :return: the client. Its methods raise the plain errors of
            :mod:`~airflow_provider_smartrecruiters.exceptions`.
        :raises ConfigurationError: a field of the connection has an unusable value; the message names the field.
        :raises AirflowNotFoundException: the connection does not exist.
        """
        with self._client_lock:
            if self._client is None:
                self._client = self._make_client(self.get_connection(self.smartrecruiters_conn_id))
            return self._client

    def _make_client(self, connection: Connection, **options: Any) -> SmartRecruitersClient:
        # Imported late: DAG files import the operators, and each import here would slow down DAG parsing.
        from airflow import __version__ as airflow_version

        from airflow_provider_smartrecruiters import __version__
        from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
        from airflow_provider_smartrecruiters.hooks.connection import (
            client_arguments,
            store_address,
            store_passwords,
            web_application,
        )
        from airflow_provider_smartrecruiters.hooks.counters import counters_of
        from airflow_provider_smartrecruiters.hooks.masking import mask_secret

        with as_airflow_error(self.smartrecruiters_conn_id):
            arguments = client_arguments(connection)
            self._app_url = web_application(connection, arguments["base_url"])
            if store := arguments.get("rate_limit_store"):
                arguments["rate_limit_store"] = store_address(connection.conn_id, store, self.get_connection)
            for password in store_passwords(arguments.get("rate_limit_store")):
                # Airflow masks only extras whose name looks secret, and `rate_limit_store` does not.
                mask_secret(password)
            return SmartRecruitersClient.from_credentials(
                **(arguments | options),
                user_agent=f"airflow-provider-smartrecruiters/{__version__} apache-airflow/{airflow_version}",
                # Airflow masks the values of a connection, but not a token that is fetched at run time.
                on_token=mask_secret,
                observer=counters_of(self.smartrecruiters_conn_id),
            )

    def web_addresses(self, ids: Mapping[str, str]) -> dict[str, str]:
        """Return the pages in SmartRecruiters' web application that ids lead to. Sends no request.

        :param ids: ids by name, such as the ``target`` of a change.
        :return: address by record (``candidate``, ``job``, ``interview``, ``user``), the record itself first; empty if
            the connection's web application is not known (see its field ``app_url``).
        :raises ConfigurationError: a field of the connection has an unusable value.
        :raises AirflowNotFoundException: the connection does not exist.
        """
        from airflow_provider_smartrecruiters.api.values.addresses import web_addresses

        self.get_conn()
        return web_addresses(self._app_url, ids)

    def apply(
        self,
        change: Change,
        *,
        force: bool = False,
        read_first: bool = True,
        return_response: bool = True,
        expect: str | None = None,
        terms: Terms | None = None,
    ) -> dict[str, Any]:
        """Apply a change: read the record, and write only if it differs.

        :param change: a change from ``airflow_provider_smartrecruiters.api``, such as ``UpdateJobStatus(...)``.
        :param force: write even if the record is unchanged.
        :param read_first: read the current state before writing, if the API offers a way to read it.
        :param return_response: include the API's response in the result.
        :param expect: ``fingerprint`` of an earlier plan: write only if the record is still in the state of that plan.
        :param terms: the guards, such as ``Terms(only_if_status_in=["NEW"])``, from
            ``airflow_provider_smartrecruiters.api``. By default a hired application keeps its status.
        :return: ``use_case``, ``target`` (ids), ``changed`` (``None`` if unknown), ``applied``, ``fields`` (names of
            the fields that differ), ``diff``, ``details``, ``fingerprint`` (of the state that was read), ``skipped``
            (why a guard left the record alone, ``None`` if none did) and ``response``, all JSON-serializable.
        :raises StalePlanError: the record changed since the plan given as ``expect``; nothing was sent.
        :raises InvalidInputError: the change does not fit the record; nothing was sent.
        :raises IgnoredValuesError: SmartRecruiters dropped a value, and ``terms`` says to fail then.
        :raises ApiError: the API rejected a request; the subclass states the reason.
        :raises AnswerLostError: the write was sent, and whether it was applied is unknown. Retryable.
        :raises SmartRecruitersError: any other error of the package.
        """
        from airflow_provider_smartrecruiters.api.converge.apply import apply

        client, change = self.get_conn(), self.identified(change, "change")
        with as_airflow_error(self.smartrecruiters_conn_id):
            view = self._view(change)
            result = apply(client, change, force=force, read_first=read_first, expect=expect, terms=terms, view=view)
            return result.as_dict(return_response=return_response)

    def plan(
        self,
        change: Change,
        *,
        read_first: bool = True,
        why_planned: str = "this is a plan",
        terms: Terms | None = None,
    ) -> dict[str, Any]:
        """Return what :meth:`apply` would change, without sending a write (dry run).

        :param change: a change from ``airflow_provider_smartrecruiters.api``.
        :param read_first: read the current state, if the API offers a way to read it.
        :param why_planned: why nothing is sent, for the last line of the log.
        :param terms: the guards, as for :meth:`apply`. ``skipped`` says which one would leave the record alone.
        :return: as for :meth:`apply`, with ``applied`` false and ``response`` ``None``.
        :raises SmartRecruitersError: as for :meth:`apply`.
        """
        from airflow_provider_smartrecruiters.api.converge.apply import plan

        client, change = self.get_conn(), self.identified(change, "plan")
        with as_airflow_error(self.smartrecruiters_conn_id):
            view = self._view(change, why_planned=why_planned)
            return plan(client, change, read_first=read_first, terms=terms, view=view).as_dict()

    def identified(self, change: Change, verb: str = "change") -> Change:
        """Return a change with the ids of its record in place of names, such as a job's reference number.

        :meth:`apply` and :meth:`plan` do this first. Sends no request if the change has the ids already.

        :param change: a change from ``airflow_provider_smartrecruiters.api``.
        :param verb: what is to be done with it, for an error: ``change`` or ``plan``.
        :return: the change, with every member of its ``target``.
        :raises InvalidInputError: no record has the name, or several have it.
        :raises PermissionDeniedError: the credential may not read the list of names.
        :raises SmartRecruitersError: the look-up failed.
        """
        from airflow_provider_smartrecruiters.api.converge.apply import identified

        client = self.get_conn()
        with as_airflow_error(self.smartrecruiters_conn_id):
            return identified(client, change, verb)

    def _view(self, change: Change, **options: Any) -> View:
        from airflow_provider_smartrecruiters.api.converge.view import View

        # The page of the record itself comes first.
        return View(page=next(iter(self.web_addresses(change.target).values()), None), **options)

    def request(
        self,
        method: str,
        path: str,
        *,
        path_params: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        files: Mapping[str, Any] | None = None,
    ) -> Any:
        """Send a request to any endpoint, with the same credential, rate limit, retries and errors.

        Nothing is read first. A ``POST``, ``PATCH`` or ``DELETE`` whose answer is lost is therefore a permanent error:
        Airflow's retries could apply it twice. Check the record before you send it again.

        :param method: HTTP method, ``"GET"``.
        :param path: path below the base URL, literal (``"/jobs"``) or with placeholders (``"/jobs/{jobId}"``).
        :param path_params: values of the placeholders; they are percent-encoded.
        :param params: query parameters; a list gives a repeated key.
        :param json: body to send as JSON.
        :param files: parts of a multipart body, in the format of ``requests``. Open files are read once, from their
            current position.
        :return: the parsed response; ``None`` if it has no body.
        :raises InvalidInputError: the path cannot be built from the parameters.
        :raises SmartRecruitersError: any other error of the package; the subclass states the reason.
        """
        client = self.get_conn()
        with as_airflow_error(self.smartrecruiters_conn_id):
            return client.request(method, path, path_params=path_params, params=params, json=json, files=files)

    def test_connection(self) -> tuple[bool, str]:
        """Test the connection with a few reads. The Test button of the connection form calls this.

        Reads a job, a candidate, a user and the company's sources, within ten seconds in total. A 403 counts as
        success: the credential works, but may not read that.

        :return: whether the credential works, and sentences for the user that contain neither a secret nor any part
            of a response. Never raises.
        """
        from airflow.providers.common.compat.sdk import AirflowNotFoundException

        try:
            connection = self.get_connection(self.smartrecruiters_conn_id)
        except AirflowNotFoundException:
            return False, f"The connection {self.smartrecruiters_conn_id} does not exist."
        except Exception as error:
            self.log.debug("Testing the connection failed.", exc_info=True)
            return False, f"The connection cannot be read ({type(error).__name__})."
        return self._check(connection)

    def _check(self, connection: Connection) -> tuple[bool, str]:
        from airflow_provider_smartrecruiters.exceptions import ConfigurationError
        from airflow_provider_smartrecruiters.hooks import check
        from airflow_provider_smartrecruiters.hooks.connection import unknown_extras

        try:
            client = self._make_client(connection, timeout=check.EXCHANGE, retry=check.NO_RETRIES)
            works, said = check.check(client, check.credential_of(connection.login))
            return works, " ".join([said, *(f"{each[:1].upper()}{each[1:]}" for each in unknown_extras(connection))])
        except ConfigurationError as error:
            return False, check.unusable(error, connection.conn_id)
        except Exception as error:
            self.log.debug("Testing the connection failed.", exc_info=True)
            return False, f"The connection cannot be used ({type(error).__name__})."
