from __future__ import annotations

import pytest

# Without this, a failed assertion of a helper would only show "AssertionError".
pytest.register_assert_rewrite("tests.operators.bulk.reading")


@pytest.fixture
def file(tmp_path):
    """Write a file with text or bytes, and return its path."""

    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write
