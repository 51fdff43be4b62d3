"""
Try the wheel on every supported Airflow and Python, and write docs/compatibility.md and the README's line.

    python scripts/matrix.py [CELL ...]

A cell is an Airflow, with what is installed beside it, on one Python: `3.1.8-py3.12`, `newest-3.3-py3.13`, or a pattern
(`3.1.8-*`). Each gets an environment of its own with the wheel, never the sources. A cell that fails does not stop the
others; the exit status is 1 if any failed. Cells that are not named keep their row of the table.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = "airflow_provider_smartrecruiters"
PROVIDER = "airflow-provider-smartrecruiters"
UV = ROOT / ".venv" / "tools" / "bin" / "uv"
WORK = ROOT / ".airflow" / "matrix"
PAGE = ROOT / "docs" / "compatibility.md"
README = ROOT / "README.md"
TESTS = ("tests/compatibility", "tests/api", "tests/hooks", "tests/operators", "tests/use_cases")

# Pins, the Airflow in them, and the Pythons that this Airflow takes and this package does.
AIRFLOWS = (
    ("lowest", "lowest", ("3.11", "3.12")),
    ("2.11.2", "release-day-2.11.2", ("3.11", "3.12")),
    ("3.0.6", "release-day-3.0.6", ("3.11", "3.12")),
    ("3.1.8", "release-day-3.1.8", ("3.11", "3.12", "3.13")),
    ("3.2.2", "release-day-3.2.2", ("3.11", "3.12", "3.13", "3.14")),
    ("3.3.2", "release-day-3.3.2", ("3.11", "3.12", "3.13", "3.14")),
    ("newest-2.11", "airflow-2.11", ("3.11", "3.12")),
    ("newest-3.3", "airflow-3.3", ("3.11", "3.12", "3.13", "3.14")),
)

NOT_RUN = "not run"


@dataclass(frozen=True)
class Cell:
    """
    One environment.

    :param name: what it is called on the command line and in the table.
    :param pins: the file with its packages.
    :param python: the Python, such as ``3.12``.
    """

    name: str
    pins: Path
    python: str

    def pinned(self, distribution: str) -> str:
        """Return the version of a distribution in this cell."""
        found = re.search(rf"^{distribution}==([\w.]+)", self.pins.read_text(), re.MULTILINE)
        return found.group(1) if found else ""

    def row(self, failed: str = "", why: str = "") -> Row:
        """Return this cell's row of the table."""
        compat = self.pinned("apache-airflow-providers-common-compat")
        return Row(self.name, self.pinned("apache-airflow"), compat, self.python, failed=failed, why=why)

    @property
    def bin(self) -> Path:
        """The folder with the environment's commands."""
        return ROOT / ".venv" / "matrix" / self.name / "bin"


CELLS = tuple(
    Cell(f"{name}-py{python}", ROOT / "requirements" / f"{pins}.txt", python)
    for name, pins, pythons in AIRFLOWS
    for python in pythons
)


@dataclass
class Row:
    """What became of a cell, as the table shows it."""

    cell: str
    airflow: str
    compat: str
    python: str
    passed: str = ""
    failed: str = ""
    why: str = ""
    tried: str = field(default_factory=lambda: time.strftime("%Y-%m-%d"))

    @property
    def good(self) -> bool:
        """Whether everything was run and passed."""
        return self.failed == "0"

    @property
    def minor(self) -> str:
        """The Airflow without its patch level, such as ``3.1``."""
        return self.airflow.rpartition(".")[0]

    def line(self) -> str:
        """Return it as a line of a Markdown table."""
        return "| " + " | ".join(vars(self).values()) + " |"


class StepError(Exception):
    """A step of a cell failed; the message is the reason in one line."""


def run(log: Path, *command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    """Run a command, keep what it prints in the cell's log, and return it; raise StepError with its last line."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON", "VIRTUAL_ENV"))
    }
    done = subprocess.run(
        command,
        cwd=cwd,
        env=kept | environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    with log.open("a") as out:
        out.write(f"$ {' '.join(map(str, command))}\n{done.stdout}\n")
    if done.returncode:
        last = next((line for line in reversed(done.stdout.splitlines()) if line.strip()), "no output")
        raise StepError(f"{Path(command[0]).name} {command[1]}: {last.strip()}")
    return done.stdout


def build() -> Path:
    """Build the wheel twice, compare the bytes, and return it."""
    built = []
    for folder in (WORK / "dist", WORK / "dist-again"):
        run(
            WORK / "build.log",
            UV,
            "build",
            "--quiet",
            "--build-constraints",
            "requirements/tools.txt",
            "--out-dir",
            folder,
        )
        built.append({path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".whl", ".gz")})
    if built[0] != built[1]:
        raise SystemExit(
            "Two builds of the same sources differ. What to do: Find what puts the time or an order into them."
        )
    (wheel,) = (WORK / "dist").glob("*.whl")
    return wheel


def tree_without_the_package() -> Path:
    """Copy what git tracks, but for the package: the tests then find the wheel, and nothing else."""
    tree = WORK / "tree"
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if not name.startswith(f"{PACKAGE}/") and (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    return tree


def install(cell: Cell, wheel: Path, log: Path) -> None:
    """Create the cell's environment from scratch: its pins, then the wheel."""
    try:
        run(log, UV, "venv", "--quiet", "--clear", "--python", cell.python, cell.bin.parent, PATH=search_path())
    except StepError as error:
        raise LookupError(f"no Python {cell.python} here") from error
    run(log, UV, "pip", "sync", "--quiet", "--python", cell.bin / "python", cell.pins)
    run(log, UV, "pip", "install", "--quiet", "--python", cell.bin / "python", "--no-deps", wheel)


def search_path() -> str:
    """Return PATH with pyenv's own folders first: its shims answer for the selected version only."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    return os.pathsep.join([*map(str, sorted(pyenv.glob("versions/*/bin"))), os.environ.get("PATH", os.defpath)])


def try_out(cell: Cell, tree: Path, log: Path) -> tuple[int, list[str]]:
    """Check, list, demonstrate and test; return how many passed, and what failed."""
    home = WORK / "homes" / cell.name
    failed = []
    passed = 0
    for name, command in {
        "pip check": (UV, "pip", "check", "--python", cell.bin / "python"),
        "providers list": (cell.bin / "airflow", "providers", "list"),
        "demo": (cell.bin / "python", "scripts/demo.py", "--home", home / "demo"),
    }.items():
        try:
            printed = run(log, *command, cwd=tree, AIRFLOW_HOME=str(home))
            if name == "providers list" and PROVIDER not in printed:
                raise StepError(f"{PROVIDER} is not in it")
        except StepError as error:
            failed.append(f"{name} ({error})")
        else:
            passed += 1
    report = WORK / f"{cell.name}.xml"
    try:
        options = ("-q", "-m", "not slow", "-n", str(2 * (os.cpu_count() or 1)), "-p", "no:cacheprovider")
        run(log, cell.bin / "python", "-m", "pytest", *TESTS, *options, f"--junitxml={report}", cwd=tree)
    except StepError as error:
        if not report.exists():
            failed.append(f"pytest ({error})")
    if report.exists():
        counted, names = read(report)
        passed += counted
        failed += names
    return passed, failed


def read(report: Path) -> tuple[int, list[str]]:
    """Return how many tests of a JUnit report passed, and the names of those that failed."""
    cases = list(ElementTree.parse(report).iter("testcase"))
    failed = [
        case.get("name", "") for case in cases if case.find("failure") is not None or case.find("error") is not None
    ]
    skipped = [case for case in cases if case.find("skipped") is not None]
    return len(cases) - len(failed) - len(skipped), failed


def row_of(cell: Cell, wheel: Path, tree: Path) -> Row:
    """Make a cell and try everything in it."""
    row = Row(
        cell.name, cell.pinned("apache-airflow"), cell.pinned("apache-airflow-providers-common-compat"), cell.python
    )
    log = WORK / f"{cell.name}.log"
    try:
        install(cell, wheel, log)
        passed, failed = try_out(cell, tree, log)
    except LookupError as error:
        row.passed, row.failed, row.why = "", NOT_RUN, str(error)
    except StepError as error:
        row.passed, row.failed, row.why = "0", "1", f"installation ({error})".replace("|", "/")
    else:
        row.passed, row.failed = str(passed), str(len(failed))
        row.why = ", ".join(failed[:3] + ["…"] * (len(failed) > 3)).replace("|", "/")
    return row


def rows_of(page: str) -> dict[str, Row]:
    """Return the table of a page, by cell."""
    lines = re.findall(r"^\| (.*) \|$", page, re.MULTILINE)
    rows = (Row(*line.split(" | ")) for line in lines if re.match(r"[\w.-]+-py3\.\d+ ", line))
    return {row.cell: row for row in rows}


def supported(rows: dict[str, Row]) -> str:
    """Return in a sentence what the table proves: each Airflow with the Pythons on which no row of it failed."""
    good, bad = (
        {(row.minor, row.python) for row in rows.values() if row.failed != NOT_RUN and row.good is wanted}
        for wanted in (True, False)
    )
    pythons: dict[str, list[str]] = {}
    for minor, python in sorted(good - bad, key=lambda pair: [int(part) for part in ".".join(pair).split(".")]):
        pythons.setdefault(minor, []).append(python)
    if not pythons:
        return "Airflow 2.11 and later, Python 3.11 and later (no environment was tried yet)."
    return "Airflow " + ", ".join(f"{minor} (Python {', '.join(known)})" for minor, known in pythons.items()) + "."


def fill(page: str, rows: dict[str, Row]) -> str:
    """Return a page with the sentence and the table, where it has places for them."""
    table = "".join(f"{rows[cell.name].line()}\n" for cell in CELLS if cell.name in rows)
    page = re.sub(r"(?s)(<!-- table -->\n(?:\|.*?\n){2}).*?(?=<!-- end -->)", lambda found: found[1] + table, page)
    return re.sub(
        r"(?s)(<!-- supported -->\n).*?(?=<!-- end -->)", lambda found: f"{found[1]}{supported(rows)}\n", page
    )


def main() -> int:
    """Try the cells that are named, or all; print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cells", nargs="*", default=["*"], metavar="CELL", help="names or patterns (default: all)")
    patterns = parser.parse_args().cells
    chosen = [cell for cell in CELLS if any(fnmatch(cell.name, pattern) for pattern in patterns)]
    if not chosen:
        parser.error(f"no such cell; there are {', '.join(cell.name for cell in CELLS)}")
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    wheel, tree = build(), tree_without_the_package()
    rows = {cell.name: cell.row(failed=NOT_RUN, why="not tried yet") for cell in CELLS} | rows_of(PAGE.read_text())
    failed = False
    print(f"{wheel.name}, in {len(chosen)} environments", flush=True)
    for cell in chosen:
        began = time.monotonic()
        row = rows[cell.name] = row_of(cell, wheel, tree)
        failed |= not row.good and row.failed != NOT_RUN
        print(f"{row.line()} {time.monotonic() - began:.0f} s", flush=True)
        for path in (PAGE, README):
            path.write_text(fill(path.read_text(), rows))
    print(f"written: {PAGE.relative_to(ROOT)}, {README.name}; logs: {WORK.relative_to(ROOT)}/")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
