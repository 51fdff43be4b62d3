"""The README and the metadata claim what `make test-matrix` has shown, and nothing else."""

from __future__ import annotations

import re
import tomllib

import pytest

from scripts import matrix

ROWS = matrix.rows_of(matrix.PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", [matrix.PAGE, matrix.README], ids=lambda path: path.name)
def test_a_page_says_what_the_table_shows(path):
    page = path.read_text(encoding="utf-8")
    assert matrix.supported(ROWS) in page, "run: make test-matrix"
    assert matrix.fill(page, ROWS) == page, "run: make test-matrix"


def test_every_environment_is_in_the_table_or_is_said_not_to_be():
    assert list(ROWS) == [cell.name for cell in matrix.CELLS], "run: make test-matrix"
    for cell in matrix.CELLS:
        row = ROWS[cell.name]
        assert (row.airflow, row.python) == (cell.pinned("apache-airflow"), cell.python)
        assert row.good or row.why


def test_the_pythons_of_the_metadata_are_those_that_are_tried():
    project = tomllib.loads((matrix.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    classified = re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"]))
    assert classified == sorted({cell.python for cell in matrix.CELLS}, key=lambda python: int(python.split(".")[1]))


def test_a_version_with_a_failed_environment_is_not_claimed():
    rows = {
        "2.11.2-py3.12": matrix.Row("2.11.2-py3.12", "2.11.2", "1.14.1", "3.12", "900", "0"),
        "newest-2.11-py3.12": matrix.Row("newest-2.11-py3.12", "2.11.2", "1.23.0", "3.12", "899", "1", "test_x"),
        "2.11.2-py3.11": matrix.Row("2.11.2-py3.11", "2.11.2", "1.14.1", "3.11", "900", "0"),
        "3.3.2-py3.9": matrix.Row("3.3.2-py3.9", "3.3.2", "1.19.0", "3.9", "900", "0"),
        "3.3.2-py3.13": matrix.Row("3.3.2-py3.13", "3.3.2", "1.19.0", "3.13", "900", "0"),
        "3.3.2-py3.14": matrix.Row(
            "3.3.2-py3.14", "3.3.2", "1.19.0", "3.14", "", matrix.NOT_RUN, "no Python 3.14 here"
        ),
    }
    assert matrix.supported(rows) == "Airflow 2.11 (Python 3.11), 3.3 (Python 3.9, 3.13)."
    table = "\n".join(row.line() for row in rows.values())
    assert matrix.rows_of(f"| a | b |\n|---|---|\n{table}\n") == rows
