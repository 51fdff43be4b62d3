"""Mask secrets in Airflow's logs, on every version of Airflow that this package supports."""

from __future__ import annotations

from importlib import import_module

# Newest first. common-compat exports `mask_secret` since 1.22.0. An Airflow from the official image, or installed with
# its constraints file, has an older version.
_HOMES = (
    "airflow.providers.common.compat.sdk",
    "airflow.sdk.log",  # Airflow 3.1 and later
    "airflow.sdk.execution_time.secrets_masker",  # Airflow 3.0
    "airflow.utils.log.secrets_masker",  # Airflow 2.11
)


def mask_secret(secret: str) -> None:
    """Mask a text in everything that Airflow logs from now on.

    :param secret: the text to mask, such as an access token.
    :raises ImportError: none of the known modules of this Airflow has ``mask_secret``. Callers let the error propagate,
        because a secret that cannot be masked must not be used.
    """
    for home in _HOMES:
        try:
            mask = import_module(home).mask_secret
        except (ImportError, AttributeError):
            continue
        mask(secret)
        return
    raise ImportError(
        "This version of Airflow is not supported: it cannot mask secrets in its logs. What to do: Install a version "
        f"that the README lists. (No mask_secret in {', '.join(_HOMES)}.)"
    )
