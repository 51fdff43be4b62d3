"""Fixtures of the use cases."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

# Without this, a failed assertion of the base class would only show "AssertionError".
pytest.register_assert_rewrite("tests.use_cases.base", "tests.use_cases.use_case", "tests.use_cases.refusals")


@pytest.fixture(scope="session")
def error_messages() -> Iterator[dict[str, list[str]]]:
    """All messages of refusals by use case, written to the file in SR_MESSAGES_OUT."""
    messages: dict[str, list[str]] = {}
    yield messages
    if target := os.environ.get("SR_MESSAGES_OUT"):
        parts = [f"== {use_case}\n\n" + "\n\n".join(found) for use_case, found in sorted(messages.items())]
        Path(target).write_text("\n\n\n".join(parts) + "\n", encoding="utf-8")
