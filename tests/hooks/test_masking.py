"""Every supported Airflow has a place to mask secrets, whatever common-compat stands beside it."""

from __future__ import annotations

import sys

import pytest
from airflow.providers.common.compat.sdk import redact

from airflow_provider_smartrecruiters.hooks import masking


def test_a_text_is_masked():
    masking.mask_secret("masked-by-the-first-place")
    assert redact("a masked-by-the-first-place b") == "a *** b"


def test_an_old_common_compat_is_no_obstacle(monkeypatch):
    # What common-compat before 1.22.0 is like: it has the module, and not the name.
    compat = type(sys)("airflow.providers.common.compat.sdk")
    monkeypatch.setitem(sys.modules, "airflow.providers.common.compat.sdk", compat)
    masking.mask_secret("masked-by-another-place")
    assert redact("a masked-by-another-place b") == "a *** b"


def test_no_place_is_an_error_rather_than_an_unmasked_secret(monkeypatch):
    monkeypatch.setattr(masking, "_HOMES", ("airflow_provider_smartrecruiters.no_such_module", "json"))
    with pytest.raises(ImportError, match="not supported"):
        masking.mask_secret("secret")
