"""Every supported Airflow can mask secrets, with any version of common-compat."""

from __future__ import annotations

import sys

import pytest
from airflow.providers.common.compat.sdk import redact

from airflow_provider_smartrecruiters.hooks import masking


def test_a_text_is_masked():
    masking.mask_secret("masked-by-the-first-place")
    assert redact("a masked-by-the-first-place b") == "a *** b"


def test_an_old_common_compat_works_too(monkeypatch):
    # What common-compat before 1.22.0 is like: it has the module, and not the name.
    compat = type(sys)("airflow.providers.common.compat.sdk")
    monkeypatch.setitem(sys.modules, "airflow.providers.common.compat.sdk", compat)
    masking.mask_secret("masked-by-another-place")
    assert redact("a masked-by-another-place b") == "a *** b"


def test_without_mask_secret_an_error_is_raised(monkeypatch):
    monkeypatch.setattr(masking, "_HOMES", ("airflow_provider_smartrecruiters.no_such_module", "json"))
    with pytest.raises(ImportError, match="not supported"):
        masking.mask_secret("secret")
