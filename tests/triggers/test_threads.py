"""What the threads of triggers load is no burden to the event loop afterwards."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import asyncio, gc, sys
from airflow_provider_smartrecruiters.triggers.threads import in_thread

async def use():
    before = "requests" in sys.modules
    loaded = await in_thread(lambda: "requests" in sys.modules)
    frozen = gc.get_freeze_count()
    kept = [[] for _ in range(1000)]
    await in_thread(lambda: None)
    return before, loaded, frozen > len(sys.modules), gc.get_freeze_count() < frozen + len(kept)

print(asyncio.run(use()))
"""


@pytest.mark.slow
def test_what_is_loaded_is_left_out_of_garbage_collection_once() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], check=False, capture_output=True, text=True)
    assert run.stdout.splitlines()[-1:] == ["(False, True, True, True)"], run.stderr
