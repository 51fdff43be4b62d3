"""A file that the processes of one host share."""

from __future__ import annotations

import os
import signal
import stat
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
from airflow_provider_smartrecruiters.api.pacing import file_store
from airflow_provider_smartrecruiters.api.pacing.rate import StoreLostError
from airflow_provider_smartrecruiters.api.pacing.store import open_store
from airflow_provider_smartrecruiters.exceptions import ConfigurationError
from tests.api.pacing.processes import HOLD_FILE, TAKE_TURNS, started, together

pytestmark = pytest.mark.slow


def test_nobody_else_may_write_it(tmp_path: Path, key: str) -> None:
    open_store(f"file://{tmp_path}/pace.db").schedule(key)
    for name in os.listdir(tmp_path):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600, name


def test_all_spellings_of_its_place(tmp_path: Path, key: str) -> None:
    for location in (f"{tmp_path}/pace 1.db", f"file://{tmp_path}/pace%201.db", f"sqlite://{tmp_path}/pace%201.db"):
        open_store(location).schedule(key).reserve(100)
    assert os.listdir(tmp_path) == ["pace 1.db"]


def test_one_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Something else, and long enough not to be taken for an empty file." * 99)
    with pytest.raises(ConfigurationError, match="the file holds something else") as caught:
        SmartRecruitersClient.from_credentials(password="key", rate_limit_store=str(tmp_path / "notes.txt"))
    assert not caught.value.retryable
    assert (tmp_path / "notes.txt").read_text().startswith("Something else")


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everything")
def test_one_that_may_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "pace.db").touch(0o400)
    with pytest.raises(ConfigurationError, match=r"cannot be written \(PermissionError\)"):
        open_store(str(tmp_path / "pace.db")).schedule("key")


def test_schedules_keep_apart_in_one_file(tmp_path: Path) -> None:
    location, keys = str(tmp_path / "pace.db"), [uuid4().hex * 2 for _ in range(20)]
    for number, key in enumerate(keys):
        open_store(location).advance(key, interval=1_000_000 * (1000 + 100 * number), lead=0, far=10**12)
    for number, key in enumerate(keys):
        ((taken,),) = together(TAKE_TURNS, [[location, key, 1, 0.1]]) if number % 10 == 0 else ((None,),)
        ahead = open_store(location).schedule(key).reserve(0.1)
        assert ahead == pytest.approx(1000 + 100 * number + 10 * (taken is not None), abs=45)


def test_a_record_that_was_cut_short_is_written_anew(tmp_path: Path, key: str) -> None:
    location = tmp_path / "pace.db"
    open_store(str(location)).schedule("another").reserve(1)
    whole = location.stat().st_size
    with location.open("ab") as file:
        file.write(b"cut short")
    turns = open_store(str(location)).schedule(key)
    first = turns.reserve(0.01)
    assert turns.reserve(0.01) - first == pytest.approx(100, abs=30)
    assert location.stat().st_size == whole + 24


def test_a_system_without_flock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with pytest.raises(ConfigurationError, match="cannot lock files") as caught:
        open_store(str(tmp_path / "pace.db"))
    assert "Redis" in caught.value.hint
    assert not caught.value.retryable


def test_a_process_that_hangs_with_it(tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_store, "TIMEOUT", 0.3)
    location = str(tmp_path / "pace.db")
    turns = open_store(location).schedule(key)
    turns.reserve(10)
    holder = started(HOLD_FILE, location)
    try:
        holder.send_signal(signal.SIGSTOP)
        with pytest.raises(StoreLostError, match="Timeout"):
            turns.reserve(10)
        with pytest.raises(ConfigurationError, match="another process holds the file's lock") as caught:
            open_store(location).schedule("another")
        assert caught.value.retryable
    finally:
        holder.kill()
        holder.communicate()
    assert turns.reserve(10) < 1


def test_one_that_is_removed_meanwhile(tmp_path: Path, key: str) -> None:
    location = tmp_path / "pace.db"
    turns = open_store(str(location)).schedule(key)
    turns.reserve(0.001)
    location.unlink()
    # Both use the new file; nobody goes on with the one that is gone.
    ((first,),) = together(TAKE_TURNS, [[str(location), key, 1, 0.01]])
    assert turns.reserve(0.01) + time.time() - first == pytest.approx(100, abs=30)


def test_one_that_is_removed_while_its_lock_is_waited_for(tmp_path: Path, key: str) -> None:
    location = tmp_path / "pace.db"
    turns = open_store(str(location)).schedule(key)
    turns.reserve(0.001)
    holder = started(HOLD_FILE, str(location))
    with ThreadPoolExecutor(1) as pool:
        taken = pool.submit(turns.reserve, 0.01)
        time.sleep(0.05)
        location.unlink()
        # The new file is free, whatever becomes of the lock on the old one.
        first = taken.result()
    holder.kill()
    holder.communicate()
    assert first < 500
    assert turns.reserve(0.01) - first == pytest.approx(100, abs=30)


def test_its_folder_is_gone(tmp_path: Path, key: str) -> None:
    location = tmp_path / "folder" / "pace.db"
    location.parent.mkdir()
    turns = open_store(str(location)).schedule(key)
    location.unlink()
    location.parent.rmdir()
    with pytest.raises(StoreLostError, match="FileNotFoundError"):
        turns.reserve(10)
