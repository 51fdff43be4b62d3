"""What a forked child must not share with its parent: sockets, and locks that a thread of the parent may hold.

``fork()`` copies both. A child that reads from its parent's socket takes the parent's answer away, and waits for ever
for a lock whose holder exists in the parent alone.
"""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Forkable(Protocol):
    """An object that has something of its own in every process."""

    def after_fork(self) -> None:
        """In the child: make new locks and sessions, and leave the old ones to the parent."""


_alive: WeakSet[Forkable] = WeakSet()


def start_anew_in_children(thing: Forkable) -> None:
    """Call ``after_fork`` of an object in every child process that is forked while it exists.

    :param thing: the object; not kept alive.
    """
    _alive.add(thing)


def _in_child() -> None:
    for thing in list(_alive):
        thing.after_fork()


# Windows does not fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
