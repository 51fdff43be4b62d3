"""x."""

from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass(slots=True)
class Share:
    """How many of the places in the server's second this process takes.

    Processes that cannot talk settle by what the answers show to all of them. Who has few places takes a free one
    sooner, and who has more than two leaves one to others now and then: often at first, when they were shared out by
    chance, and ever more rarely.

    :param limit: all the places.
    """

    limit: int
    slots: int = field(init=False)
    _others_seen: float = -1e9
    _met_at: float = -1e9
    _free: float = 0.0
    _free_at: float = 0.0
    _not_free: float = 0.0
    _looked_free: float = 0.0
    _grew_at: float = -1e9
    _refused_at: float = -1e9
    _grow_not_before: float = 0.0
    _pause: float = 0.0
    _give_up_at: float = 0.0

    _STRANGERS_AFTER = 3.0
    _ALONE_AFTER = 1.2
    _FREE = 0.8
    _LOOK = 0.8
    _FAILED_WITHIN = 2.5
    _FIRST_PAUSE, _LONGEST_PAUSE = 4.0, 32.0
    _GIVE_UP_FIRST, _GIVE_UP_LAST = 2.0, 15.0
    _GIVE_UP_LATER = 0.25
    _GIVE_UP = 0.4

    def __post_init__(self) -> None:
        self.slots = self.limit
        self._pause = self._FIRST_PAUSE

    def refused(self, used_by_me: int, now: float) -> bool:
        """Learn that the server's second was full.

        :param used_by_me: how many of its places were this process's.
        :return: whether others took the rest of them.
        """
        if used_by_me >= self.limit:
            return False
        self.slots = max(1, min(self.slots - 1, used_by_me))
        if now - self._others_seen > self._STRANGERS_AFTER:
            self._meet(now)
        self._others_seen = self._refused_at = now
        if now - self._grew_at < self._FAILED_WITHIN:
            # What looked free was not: the answers of this process come at a moment at which a place is just empty.
            # They have to show more than that the next time.
            self._free = self._not_free = self._looked_free
            self._pause = min(self._LONGEST_PAUSE, 2 * self._pause)
            self._grew_at = -1e9
        else:
            self._free = self._not_free = 0.0
        pause = random.uniform(0.5, 1.0) * self._pause * self.slots / 4
        self._grow_not_before = max(self._grow_not_before, now + pause)
        return True

    def answered(self, used_by_me: int, remaining: int, now: float) -> None:
        """Learn from the headers of an answer.

        :param used_by_me: how many places of the server's second are this process's.
        :param remaining: how many are free.
        """
        used = self.limit - remaining
        if used > used_by_me:
            if now - self._others_seen > self._STRANGERS_AFTER:
                self.slots = max(1, min(self.slots, self.limit * used_by_me // used))
                self._free = self._not_free = 0.0
                self._free_at = now
                self._meet(now)
            self._others_seen = now
        elif now - self._others_seen > self._ALONE_AFTER:
            self.slots, self._pause = self.limit, self._FIRST_PAUSE
        if self.slots < self.limit:
            self._grow(remaining, now)
            self._give_up(now)

    def _meet(self, now: float) -> None:
        self.slots = max(1, min(self.slots, self.limit // 2))
        self._met_at = now
        self._give_up_at = self._next_give_up(now)

    def _grow(self, remaining: int, now: float) -> None:
        # Who has few places is answered seldom, and has to see fewer answers.
        weight = min(1.0, max(0.05, (now - self._free_at) / (self._LOOK * min(3, self.slots))))
        self._free += (remaining - self._free) * weight
        self._free_at = now
        self._not_free = min(self._not_free, self._free)
        surplus = self._free - self._not_free
        if surplus < self._FREE or remaining < 1 or now < self._grow_not_before:
            return
        if self._refused_at < self._grew_at:
            self._pause = self._FIRST_PAUSE
        taken = max(1, int(surplus / 2))
        self.slots = min(self.limit, self.slots + taken)
        self._looked_free, self._grew_at = self._free, now
        self._free = max(self._not_free, self._free - taken)
        self._grow_not_before = now + random.uniform(0.8, 1.6)

    def _give_up(self, now: float) -> None:
        if now < self._give_up_at:
            return
        self._give_up_at = self._next_give_up(now)
        if self.slots > 2 and self._free < self._FREE and random.random() < self._GIVE_UP:
            self._grow_not_before = now + random.uniform(1.5, 3.0) * self.slots / 6
            self.slots -= 1

    def _next_give_up(self, now: float) -> float:
        every = min(self._GIVE_UP_LAST, self._GIVE_UP_FIRST + self._GIVE_UP_LATER * (now - self._met_at))
        return now + random.uniform(0.5, 1.5) * every
