"""Tell Airflow which texts to keep out of its logs, on every Airflow that this package supports."""

from __future__ import annotations

from importlib import import_module

# Newest first. common-compat has `mask_secret` only since 1.22.0, and an Airflow that was installed with its
# constraints file, or that comes as an image, has an older one.
_HOMES = (
    "airflow.providers.common.compat.sdk",
    "airflow.sdk.log",  # Airflow 3.1 and later
    "airflow.sdk.execution_time.secrets_masker",  # Airflow 3.0
    "airflow.utils.log.secrets_masker",  # Airflow 2.11
)


def mask_secret(secret: str) -> None:
    """Mask a text in all that Airflow logs from now on.

    :param secret: the text, such as an access token.
    :raises ImportError: this Airflow has no ``mask_secret`` in any known place. A secret that cannot be masked must
        not be used, so the caller lets it pass.
    """
    for home in _HOMES:
        try:
            mask = import_module(home).mask_secret
        except (ImportError, AttributeError):
            continue
        mask(secret)
        return
    raise ImportError(f"No mask_secret in {', '.join(_HOMES)}: this version of Airflow is not supported.")
