"""Carry out the Python blocks of a page as a reader does: one after the other, against the local SmartRecruiters."""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import logging
import re
import shutil
import sys
from typing import TYPE_CHECKING, Any

from tests.docs.blocks import blocks_of, pages
from tests.support import catalogue
from tests.use_cases import dag_runs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from tests.docs.blocks import Block

LOGGER = "airflow_provider_smartrecruiters"
_ON_2 = re.compile(r"^from airflow\.sdk import .*?# on Airflow 2\.11: (.*)$", re.MULTILINE)
_TIME = re.compile(r"\bin (less than 1|\d+(\.\d+)?) s\b")


class PythonPage:
    """
    What the blocks of a page have in common: names, files, the emulator, and what was logged.

    :param request: gives a ``test_`` function of a block its fixtures.
    :param emulator: the local SmartRecruiters; the default connection leads to it.
    :param folder: stands for object storage and for /tmp.
    """

    def __init__(self, request: pytest.FixtureRequest, emulator: SmartRecruitersEmulator, folder: Path) -> None:
        self._request = request
        self._emulator = emulator
        self._folder = folder
        self._names: dict[str, Any] = {"__name__": "page", "smartrecruiters_emulator": emulator}
        self._dags: dict[str, Any] = {}
        self.logs: list[list[str]] = []
        """What each run of the last DAG logged."""

    def run(self, block: Block) -> None:
        """Carry out a block, run the DAG that it defines, and call its tests and task functions."""
        before = dict(self._names)
        exec(compile(self.adapted(block.text), str(block), "exec"), self._names)
        self._emulator.clear_faults()
        new = {name: value for name, value in self._names.items() if before.get(name) is not value}
        for name, value in new.items():
            if name == "dag":
                self.logs = []
                self._last = value
                self.run_again()
            elif name.startswith("test_"):
                self._call(value)
            elif hasattr(value, "function") and "with DAG(" not in block.text:
                self._call(value.function)

    def run_again(self) -> None:
        """Run the last DAG, and keep what it logs."""
        dag_runs.serialize(self._last)
        with captured() as lines:
            result = self._last.test()
        assert str(result.state) == "success", {one.task_id: one.state for one in result.get_task_instances()}
        self.logs.append(lines)

    def said(self, what: str) -> str:
        """Return what a ``log`` comment asks for, as the docs show it."""
        if found := re.fullmatch(r"run (\d) of the DAG above", what):
            while len(self.logs) < int(found[1]):
                self.run_again()
            return self._public("\n".join(self.logs[int(found[1]) - 1])) + "\n"
        if found := re.fullmatch(r"the last (\d+) lines of the DAG above", what):
            lines = [line for said in self.logs[-1] for line in said.splitlines() if "Results file" not in line]
            return self._public(_TIME.sub("in 1 s", "\n".join(lines[-int(found[1]) :]))) + "\n"
        assert what == "a row of the results file of the DAG above", what
        (written,) = self._folder.glob("rejected/*.jsonl")
        row = re.sub(r'"ms":\d+', '"ms":205', written.read_text(encoding="utf-8").splitlines()[0])
        # The digest depends on the port of the emulator.
        return re.sub(r'"connection":"\w+"', '"connection":"0123456789abcdef"', row) + "\n"

    def _public(self, said: str) -> str:
        return said.replace(self._emulator.url, "https://www.smartrecruiters.com")

    def _call(self, function: Any) -> None:
        for mark in getattr(function, "pytestmark", ()):
            self._emulator.configure(**mark.kwargs)
        known = {"job_id": self._emulator.state.job_ids[0]}
        names = inspect.signature(function).parameters
        function(**{name: known.get(name) or self._request.getfixturevalue(name) for name in names})
        self._emulator.configure()
        self._emulator.reset()

    def adapted(self, text: str) -> str:
        """Return a block with the places of this machine: a folder for object storage, the emulator for the API."""
        if importlib.util.find_spec("airflow.sdk") is None:
            text = _ON_2.sub(lambda found: found[1].replace("; ", "\n"), text)
        text = text.replace('"/tmp/', f'"{self._folder}/').replace("s3://", f"{self._folder}/s3/")
        local = f'password="{self._emulator.api_key}", base_url="{self._emulator.url}"'
        return text.replace('password="<API key>"', local)


def prepare(emulator: SmartRecruitersEmulator, folder: Path) -> None:
    """Write the files that the blocks name: an image, a CSV, and the DAG of the first pages as a module."""
    pictures, bucket = folder / "s3" / "aws_default@pictures", folder / "s3" / "bucket"
    for made in (pictures, bucket):
        made.mkdir(parents=True)
    shutil.copyfile(catalogue.EXAMPLES / "assets" / "avatar.png", pictures / "ada.png")
    rows = [f"{one.candidate_id},{one.job_id}" for one in emulator.state.applications("NEW")[:3]]
    (bucket / "stale.csv").write_text("\n".join(["candidate_id,job_id", *rows]), encoding="utf-8")


@contextlib.contextmanager
def my_dags(page: PythonPage, folder: Path) -> Iterator[None]:
    """Make ``my_dags.reject_one`` importable: the DAG of the README."""
    block = next(one for one in blocks_of("README.md", pages()["README.md"]) if '"reject_one"' in one.text)
    (folder / "my_dags").mkdir()
    (folder / "my_dags" / "reject_one.py").write_text(page.adapted(block.text), encoding="utf-8")
    sys.path.insert(0, str(folder))
    try:
        dag_runs.serialize(importlib.import_module("my_dags.reject_one").dag)
        yield
    finally:
        sys.path.remove(str(folder))
        for name in ("my_dags", "my_dags.reject_one"):
            sys.modules.pop(name, None)


@contextlib.contextmanager
def captured() -> Iterator[list[str]]:
    """Collect the messages of the package, whatever Airflow does with its own loggers."""
    lines: list[str] = []
    handler = logging.Handler(logging.INFO)
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger(LOGGER)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
