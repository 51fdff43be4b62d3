"""Where the matches of a search are kept until it is finished, in parts that only ever grow.

A part is written as a whole, and a longer one begins with what the shorter one had. So whoever knows how many matches
counted gets exactly these back, however a worker died: what is beyond is cut off. Object storage, which cannot append,
does as well as a disk.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_smartrecruiters.operators.common.files import open_stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_smartrecruiters.operators.bulk.state_store import StateStore

KEY = "smartrecruiters_search"

Item = dict[str, str]


class Home(Protocol):
    """Where parts are."""

    size: int
    """Most items of a part."""

    def write(self, number: int, run: str, items: list[Item]) -> None:
        """Write a part, replacing it."""

    def read(self, number: int, run: str) -> list[Item]:
        """Return the items of a part; none if it is not there, or belongs to another run."""

    def delete(self, number: int) -> None:
        """Remove a part, if it is there."""


class PartsInStore:
    """Parts in Airflow's task state store, for a search whose result goes to XCom.

    :param store: the store.
    """

    size = 250
    """About 27 KB; Airflow advises at most 64 KB a value."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def write(self, number: int, run: str, items: list[Item]) -> None:
        """Write a part, replacing it."""
        self._store.set(f"{KEY}.{number}", {"run": run, "items": items})

    def read(self, number: int, run: str) -> list[Item]:
        """Return the items of a part; none if it is not there, or belongs to another run."""
        value = self._store.get(f"{KEY}.{number}")
        return list(value["items"]) if isinstance(value, dict) and value.get("run") == run else []

    def delete(self, number: int) -> None:
        """Remove a part, if it is there."""
        self._store.delete(f"{KEY}.{number}")


class PartsInFiles:
    """Parts beside the results file: ``found.jsonl.0.part``. The first line has the run, each other one an item.

    :param location: the results file's path or URI.
    """

    size = 2000
    """About 220 KB. Every page with a match rewrites the last part: doubled, each such page writes twice as much, and
    there are half as many files."""

    def __init__(self, location: str) -> None:
        self._location = location

    def write(self, number: int, run: str, items: list[Item]) -> None:
        """Write a part, replacing it, all or nothing."""
        lines = [json.dumps({"run": run}), *(json.dumps(item, separators=(",", ":")) for item in items)]
        content = "\n".join([*lines, ""]).encode()
        path = self._path(number)
        if path.protocol in ("", "file", "local"):
            whole = os.path.realpath(path.path)
            with open(f"{whole}~", "wb") as file:
                file.write(content)
            os.replace(f"{whole}~", whole)
        else:
            path.fs.pipe_file(path.path, content)

    def read(self, number: int, run: str) -> list[Item]:
        """Return the items of a part; none if it is not there, or belongs to another run."""
        from airflow_provider_smartrecruiters.exceptions import InvalidInputError

        try:
            return list(self._items(number, run))
        except (InvalidInputError, ValueError):
            return []

    def _items(self, number: int, run: str) -> Iterator[Item]:
        with open_stream("results_path", str(self._path(number))) as (file, _):
            if json.loads(file.readline()) == {"run": run}:
                yield from map(json.loads, file)

    def delete(self, number: int) -> None:
        """Remove a part, if it is there."""
        path = self._path(number)
        # What is left behind costs a little space. A connection that may not delete is enough for a search.
        with suppress(Exception):
            path.fs.rm_file(path.path)

    def _path(self, number: int) -> Any:
        from airflow.providers.common.compat.sdk import ObjectStoragePath

        return ObjectStoragePath(f"{self._location}.{number}.part")
