"""A real browser for the tests of what a person sees."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from scripts.screenshots import browser as chromium

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Browser]:
    if chromium.programs() is None:
        if os.environ.get("SMARTRECRUITERS_TESTS_REQUIRE_BROWSER"):
            pytest.fail(chromium.MISSING)
        pytest.skip(chromium.MISSING)
    driver = chromium.start(tmp_path_factory.mktemp("chromium"))
    yield chromium.Browser(driver)
    driver.quit()
