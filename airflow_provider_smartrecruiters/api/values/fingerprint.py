"""Fingerprints: what stands for the state of a record in plans, results and guards, and holds nothing of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


class LeftStates(frozenset[str]):
    """Fingerprints of the states that a change may have left a record in: ``expect`` of the change that takes it back.

    Usually one. There are several where the API does not say whether it keeps what a write leaves out.
    """


def fingerprint_of(use_case: str, target: Mapping[str, str], content: Mapping[str, Any]) -> str:
    """Return what stands for the state of a record.

    :param use_case: id of the use case that compares the record.
    :param target: ids of the record, by argument name.
    :param content: the state, in the form in which the use case compares it.
    """
    # Canonical JSON, because the plan may be made on another worker than the apply.
    canonical = json.dumps([use_case, target, content], sort_keys=True, separators=(",", ":"), default=repr)
    return hashlib.sha256(canonical.encode()).hexdigest()
