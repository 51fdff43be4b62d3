"""The hook: from an Airflow connection to a client, and from the client's errors to Airflow's."""

from __future__ import annotations

from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_smartrecruiters import connection_form
from airflow_provider_smartrecruiters.hooks.errors import as_airflow_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_smartrecruiters.api.change import Change
    from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient


class SmartRecruitersHook(BaseHook):
    """Talk to SmartRecruiters with the credential, the pacing and the errors of one connection.

    Nothing is looked up or sent before the first call. Errors that a retry cannot cure are also
    ``AirflowFailException``, so that they end a task at once; see
    :func:`~airflow_provider_smartrecruiters.hooks.errors.as_airflow_error`.

    :param smartrecruiters_conn_id: id of the Airflow connection, of type ``smartrecruiters``.
    """

    conn_name_attr = "smartrecruiters_conn_id"
    default_conn_name = "smartrecruiters_default"
    conn_type = connection_form.CONN_TYPE
    hook_name = connection_form.HOOK_NAME

    def __init__(self, smartrecruiters_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.smartrecruiters_conn_id = smartrecruiters_conn_id
        self._client: SmartRecruitersClient | None = None
        # Two threads that each made a client would each fetch a token.
        self._client_lock = Lock()

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Return the form's extra fields as WTForms fields; read by Airflow 2.11 to 3.1.

        :return: field name to unbound WTForms field.
        """
        return connection_form.form_widgets()

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Return which standard fields the form hides and renames; read by Airflow 2.11 to 3.1.

        :return: ``hidden_fields``, ``relabeling`` and ``placeholders``.
        """
        return connection_form.hook_field_behaviour()

    def get_conn(self) -> SmartRecruitersClient:
        """Return the client for the connection, the same one at every call.

        :return: the client; its methods raise the plain errors of
            :mod:`~airflow_provider_smartrecruiters.exceptions`.
        :raises ConfigurationError: a field of the connection cannot be used; the message names it.
        :raises AirflowNotFoundException: there is no such connection.
        """
        with self._client_lock:
            if self._client is None:
                self._client = self._make_client()
            return self._client

    def _make_client(self) -> SmartRecruitersClient:
        # Imported here: DAG files import operators, and the parser pays for all that they import.
        from airflow import __version__ as airflow_version

        from airflow_provider_smartrecruiters import __version__
        from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
        from airflow_provider_smartrecruiters.hooks.connection import client_arguments, store_passwords
        from airflow_provider_smartrecruiters.hooks.masking import mask_secret

        connection = self.get_connection(self.smartrecruiters_conn_id)
        with as_airflow_error():
            arguments = client_arguments(connection)
            for password in store_passwords(arguments.get("rate_limit_store")):
                # Airflow masks extras whose name looks secret, and this one's does not.
                mask_secret(password)
            return SmartRecruitersClient.from_credentials(
                **arguments,
                user_agent=f"airflow-provider-smartrecruiters/{__version__} apache-airflow/{airflow_version}",
                # Airflow masks what a connection holds; a token fetched at run time it has never seen.
                on_token=mask_secret,
            )

    def apply(
        self,
        change: Change,
        *,
        force: bool = False,
        read_first: bool = True,
        return_response: bool = True,
        expect: str | None = None,
    ) -> dict[str, Any]:
        """Make the record be as the change says; send nothing where it is already.

        :param change: one of the changes of ``airflow_provider_smartrecruiters.api``, ``UpdateJobStatus(...)``.
        :param force: write even if nothing differs.
        :param read_first: read the current state before writing, where the API can be asked for it.
        :param return_response: keep the API's answer in the result.
        :param expect: the ``fingerprint`` of an earlier plan: write only if the record still is what that plan saw.
        :return: ``use_case``, ``target`` (ids), ``changed`` (``None`` where it cannot be told), ``applied``, ``fields``
            (names of those that differ), ``diff``, ``details``, ``fingerprint`` (of the state that was read) and
            ``response``; all of it JSON-ready.
        :raises StalePlanError: the record moved on since the plan that ``expect`` names; nothing was sent.
        :raises InvalidInputError: the change does not fit the record; nothing was sent.
        :raises ApiError: the API refused a request; the subclass tells how.
        :raises AnswerLostError: sent, and whether it was carried out is unknown. Retryable.
        :raises SmartRecruitersError: any other error of the tree.
        """
        from airflow_provider_smartrecruiters.api.converge import apply

        client = self.get_conn()
        with as_airflow_error():
            result = apply(client, change, force=force, read_first=read_first, expect=expect)
            return result.as_dict(return_response=return_response)

    def plan(self, change: Change, *, read_first: bool = True) -> dict[str, Any]:
        """Tell what :meth:`apply` would change, and send no write.

        :param change: one of the changes of ``airflow_provider_smartrecruiters.api``.
        :param read_first: read the current state, where the API can be asked for it.
        :return: the same as :meth:`apply`, with ``applied`` false and ``response`` ``None``.
        :raises SmartRecruitersError: as :meth:`apply`.
        """
        from airflow_provider_smartrecruiters.api.converge import plan

        client = self.get_conn()
        with as_airflow_error():
            return plan(client, change, read_first=read_first).as_dict()

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
        """Send one request to any endpoint, with the same credential, pacing, retries and errors.

        :param method: HTTP verb, ``"GET"``.
        :param path: path below the API's address, literal (``"/jobs"``) or with placeholders (``"/jobs/{jobId}"``).
        :param path_params: values of the placeholders; they are percent-encoded.
        :param params: query parameters; a list gives a repeated key.
        :param json: body, sent as JSON.
        :param files: parts of a multipart body, as ``requests`` takes them.
        :return: the decoded answer; ``None`` where it has no body.
        :raises InvalidInputError: the path cannot be built from the parameters.
        :raises SmartRecruitersError: any other error of the tree; the subclass tells which.
        """
        client = self.get_conn()
        with as_airflow_error():
            return client.request(method, path, path_params=path_params, params=params, json=json, files=files)

    def test_connection(self) -> tuple[bool, str]:
        """Ask for one job to see whether the connection works; the form's Test button calls this.

        Sends ``GET /jobs?limit=1``. A 403 shows that the credential works, and that it may not read jobs.

        :return: whether the credential works, and a sentence for the user that holds neither a secret nor anything of
            an answer. Never raises.
        """
        from airflow.providers.common.compat.sdk import AirflowNotFoundException

        from airflow_provider_smartrecruiters.exceptions import SmartRecruitersError

        where = "SmartRecruiters"
        try:
            client = self.get_conn()
            where = client.base_url
            answer = client.request("GET", "/jobs", params={"limit": 1})
        except AirflowNotFoundException:
            return False, f"There is no connection {self.smartrecruiters_conn_id}."
        except SmartRecruitersError as error:
            if error.status == HTTPStatus.FORBIDDEN:
                return (
                    True,
                    f"{where} accepts the credential. It may not read jobs: for that it needs the scope jobs_read.",
                )
            # Neither the API's words nor the chain below the error: what an unknown server answers may be anything.
            said = f"{error.summary} {error.hint}".strip()
            return False, f"{where}: {said}" if error.method else said
        except Exception as error:
            self.log.debug("Testing the connection failed.", exc_info=True)
            return False, f"{where}: the test failed with {type(error).__name__}; the log of level DEBUG has the rest."
        if not isinstance(answer, dict) or "content" not in answer:
            return False, f"{where} answers, but not as SmartRecruiters does. Check the host."
        return True, f"{where} accepts the credential."
