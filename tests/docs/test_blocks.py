"""Every code block of the README and the docs runs, or is shown to be valid.

`DOCS_WRITE=1` writes the quotes of logs anew, as `make docs-logs` does.
"""

from __future__ import annotations

import ast
import configparser
import importlib.util
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.docs.blocks import Block, blocks_of, pages
from tests.docs.python_blocks import PythonPage, my_dags, prepare
from tests.docs.shell_blocks import Shell, airflow_environment, check_connection, commands
from tests.support.catalogue import ROOT
from tests.support.warm_airflow import start as warm_airflow_program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

ALL = {page: blocks_of(page, text) for page, text in pages().items()}
_CHECKED = ("python", "console", "bash", "json", "ini", "log", "file", "not run")
each_page_with = {
    kinds: pytest.mark.parametrize("page", [page for page, all_ in ALL.items() if any(b.kind in kinds for b in all_)])
    for kinds in (("python", "log"), ("console", "bash"), ("json", "ini", "file"))
}


@pytest.mark.airflow_run
@each_page_with["python", "log"]
@pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)
def test_python_runs(
    page: str, request: pytest.FixtureRequest, airflow_db: None, connected_emulator: Any, tmp_path: Path
) -> None:
    prepare(connected_emulator, tmp_path)
    reader = PythonPage(request, connected_emulator, tmp_path)
    with my_dags(reader, tmp_path):
        for block in ALL[page]:
            if block.kind == "python":
                _needs_airflow_33(block)
                reader.run(block)
            elif block.kind == "log":
                _compare(block, reader.said(block.note[1]))


def _needs_airflow_33(block: Block) -> None:
    if "retry_policy" in block.text and importlib.util.find_spec("airflow.sdk") is None:
        pytest.skip("the retry policy needs Airflow 3.3")
    if "AssetWatcher" in block.text and importlib.util.find_spec("airflow.sdk") is None:
        pytest.skip("a watcher needs Airflow 3")


def _compare(block: Block, said: str) -> None:
    if os.environ.get("DOCS_WRITE"):
        path = ROOT / block.page
        fence = f"<!-- log: {block.note[1]} -->\n```{block.language}\n"
        path.write_text(
            path.read_text(encoding="utf-8").replace(f"{fence}{block.text}```", f"{fence}{said}```"), encoding="utf-8"
        )
    else:
        assert block.text == said, f"{block}: the log has changed. Run: make docs-logs"


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home for Airflow's own commands, with the DAG of the README in its folder."""
    home = tmp_path_factory.mktemp("airflow-of-the-docs")
    (home / "dags").mkdir()
    dag = next(block.text for block in ALL["README.md"] if '"reject_one"' in block.text)
    if importlib.util.find_spec("airflow.sdk") is None:
        dag = dag.replace("airflow.sdk", "airflow")
    (home / "dags" / "reject_one.py").write_text(dag, encoding="utf-8")
    command = [str(Path(sys.executable).parent / "airflow"), "db", "migrate"]
    subprocess.run(command, env=airflow_environment(home), check=True, capture_output=True)
    return home


@pytest.fixture(scope="session")
def warm_airflow(airflow_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a program ``airflow`` that starts in a moment."""
    with warm_airflow_program(tmp_path_factory.mktemp("bin"), airflow_environment(airflow_home)) as folder:
        yield folder


@pytest.mark.airflow_run
@each_page_with["console", "bash"]
def test_commands_run(
    page: str, smartrecruiters_emulator: SmartRecruitersEmulator, airflow_home: Path, warm_airflow: Path
) -> None:
    shell = Shell(smartrecruiters_emulator, airflow_home, warm_airflow)
    for block in ALL[page]:
        if block.kind == "console":
            for command in commands(block.text):
                shell.run(command)
        elif block.kind == "bash":
            shell.run_script(block.text)


@each_page_with["json", "ini", "file"]
def test_data_can_be_read(page: str, tmp_path: Path) -> None:
    for block in ALL[page]:
        if block.kind == "json":
            for connection in _connections(json.loads(block.text)):
                check_connection(json.dumps(connection))
        elif block.kind == "ini":
            configparser.ConfigParser(interpolation=None).read_string(block.text)
        elif block.kind == "file":
            assert _rows(block, tmp_path), str(block)


def _connections(data: Any) -> list[Any]:
    """Return the connections to SmartRecruiters: the object itself, or those of a file of connections by id."""
    if "conn_type" in data:
        return [data]
    return [one for one in data.values() if isinstance(one, dict) and one.get("conn_type") == "smartrecruiters"]


def _rows(block: Block, folder: Path) -> list[Any]:
    from airflow_provider_smartrecruiters.operators.bulk.sources.given import source_of

    path = folder / block.note[1]
    path.write_text(block.text, encoding="utf-8")
    items = list(source_of("items", str(path)))
    assert not [item for item in items if item.problem]
    return items


def test_no_block_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    everything = [block for found in ALL.values() for block in found]
    assert [str(block) for block in everything if block.kind not in _CHECKED] == []
    assert [str(block) for block in everything if block.kind == "not run" and len(block.note[1].split()) < 3] == []
    counts = Counter(block.kind for block in everything)
    with capsys.disabled():
        print(f"\n{len(everything)} code blocks on {len(ALL)} pages: {dict(counts.most_common())}")  # noqa: T201


def test_python_of_the_docs_is_valid_python() -> None:
    for block in (block for found in ALL.values() for block in found if block.kind == "python"):
        ast.parse(block.text, str(block))
