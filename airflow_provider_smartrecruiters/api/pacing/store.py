"""The store that a connection names, so that workers with one credential share a rate limit.

A file for one host, Redis or PostgreSQL for a cluster; :mod:`.schedule` says what is in it.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from airflow_provider_smartrecruiters.api.pacing.file_store import FileStore
from airflow_provider_smartrecruiters.api.pacing.postgres_store import PostgresStore
from airflow_provider_smartrecruiters.api.pacing.redis_store import RedisStore
from airflow_provider_smartrecruiters.api.pacing.schedule import Store, in_use, unreadable, unusable

_stores: dict[str, Store] = {}


def open_store(location: str) -> Store:
    """Return the store at a location, the same one at every call in a process.

    Nothing is connected to before :meth:`~.schedule.Store.schedule` is called. The libraries for servers are imported
    only for a location that needs them.

    :param location: an absolute path or ``file:///…`` for the processes of one host; ``redis://``, ``rediss://`` or
        ``postgresql://`` for those of a cluster.
    :raises ConfigurationError: it is none of these, or its library is missing. The error does not contain the location,
        which may hold a password.
    """
    with in_use:
        if location not in _stores:
            _stores[location] = _open(location)
        return _stores[location]


def _open(location: str) -> Store:
    try:
        parts = urlsplit(location)
    except ValueError:
        raise unreadable("ValueError") from None
    if parts.scheme in ("redis", "rediss"):
        return RedisStore(location)
    if parts.scheme in ("postgresql", "postgres"):
        return PostgresStore(location)
    # sqlite: what the file was at first. An address that was written for it still names a file.
    path = Path(unquote(parts.path)) if parts.scheme in ("file", "sqlite") and not parts.netloc else Path(location)
    if not path.is_absolute():
        raise unusable(
            "it is neither an absolute path nor an address that begins with redis://, rediss:// or postgresql://",
            "Write the whole path of a file. Or leave it empty: then each process keeps a pace of its own.",
        )
    return FileStore(path)


def _after_fork_in_child() -> None:
    for store in _stores.values():
        store.after_fork()
    in_use.release()


# The lock is taken before a fork, so that no other thread is in the middle of an exchange. The child would inherit that
# half done, and the lock locked for good. Windows does not fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=in_use.acquire, after_in_parent=in_use.release, after_in_child=_after_fork_in_child)
