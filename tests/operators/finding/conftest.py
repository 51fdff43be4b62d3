"""The emulator and its connection, without pacing."""

from __future__ import annotations

from tests.operators.bulk.conftest import emulator, impatient

__all__ = ["emulator", "impatient"]
