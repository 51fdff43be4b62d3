"""The matrix of faults, run once a session as far as the chosen tests need it; its size is printed at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.reliability.matrix import Matrix, cells

if TYPE_CHECKING:
    from tests.reliability.matrix import Place

_RUN = pytest.StashKey[Matrix]()


@pytest.fixture(scope="session")
def matrix(request: pytest.FixtureRequest) -> Matrix:
    """The outcomes of all cells whose tests were chosen."""
    chosen: list[tuple[Place, str]] = [
        item.callspec.params["row"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and "matrix" in item.fixturenames and hasattr(item, "callspec")
    ]
    made = Matrix()
    made.run([cell for row in chosen for cell in cells(row)])
    request.config.stash[_RUN] = made
    return made


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the size of the matrix and what it found."""
    if _RUN in config.stash:
        terminalreporter.write_line(config.stash[_RUN].summary())
