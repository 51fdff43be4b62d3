"""How processes share a rate limit when they cannot talk to each other.

Each keeps to the slots of the server's second that work for it. A slot that was used one second ago is free again, for
the same process: once the slots are shared out, nobody is refused any more. This is slot reuse as in reservation ALOHA
(Crowther et al., "A system for broadcast communication: Reservation-ALOHA", 1973; Roberts, "Dynamic allocation of
satellite capacity through packet reservation", 1973), with the rate limit headers for the satellite. A slot is given up
when it is refused, and one more is tried when the answers have shown a free one for a while.

AIMD (Chiu and Jain 1989) settles the same question for queues that absorb what is too much. Here each probe that goes
too far is a refused request, and it never stops probing: see benchmarks/share_simulation.py, from which the figures
below are, for four processes unless they say otherwise. None of the four constants is sharp.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

LOOK = 0.5
"""Seconds for which a slot must look free, for each slot that the process has. Doubled, 0.5 instead of 0.8 % of the
requests are refused, but two processes use 93.6 instead of 95.2 % of the limit; halved, 1.2 % are refused."""
LONGEST_LOOK = 8.0
"""What it grows to while each slot that was tried turns out to be another process's. Doubled, eight processes use
94.3 instead of 95.3 % of the limit; halved, 5.0 instead of 3.8 % of their requests are refused."""
ALONE = 2.0
"""Seconds without a trace of others after which they are gone. Doubled, the last process takes the whole limit 2 s
later; halved, a process with one slot, which is answered once a second, believes that it is alone: eight use 78.5 %."""
GIVE_UP = 60.0
"""Seconds after which a process leaves a slot to others, divided by the slots that it has. Doubled, 95.9 instead of
95.0 % of the limit is used, and slots that were shared out by chance even out half as fast; halved, 94.3 %."""

_NEVER = float("-inf")


@dataclass(slots=True)
class Share:
    """How many slots of the server's second this process uses.

    :param limit: the slots that there are.
    """

    limit: int
    slots: int = field(init=False)
    _others_at: float = _NEVER
    """When an answer showed requests of others last."""
    _free_since: float = _NEVER
    """Since when every answer showed a free slot."""
    _look: float = field(init=False)
    _trying: bool = False
    """Whether the slot that was taken last may still turn out to be another process's."""
    _give_up_at: float = _NEVER

    def __post_init__(self) -> None:
        self.slots, self._look = self.limit, LOOK

    def refused(self, used: int, now: float) -> bool:
        """Learn that the server's second was full.

        :param used: how many of its slots were this process's.
        :param now: in seconds, as all moments here of any one clock.
        :return: whether others had the rest of them.
        """
        if used >= self.limit:
            return False
        self._see_others(used, self.limit, now)
        self.slots = max(1, min(self.slots - 1, used))
        self._free_since = now
        if self._trying:
            # Binary exponential backoff. A process that is answered once a second, always at the moment at which
            # another's slot is just empty, would try the same slot every second.
            self._look = min(LONGEST_LOOK, 2 * self._look)
            self._trying = False
        return True

    def answered(self, used: int, remaining: int, now: float) -> None:
        """Learn from the headers of an answer.

        :param used: how many slots of the server's second are this process's.
        :param remaining: how many are free.
        :param now: in seconds.
        """
        taken = self.limit - remaining
        if taken > used:
            self._see_others(used, taken, now)
        elif now - self._others_at > ALONE:
            self.slots, self._look, self._trying = self.limit, LOOK, False
        if self.slots < self.limit:
            self._try_one_more(remaining, now)
            self._leave_one(remaining, now)

    def _see_others(self, used: int, taken: int, now: float) -> None:
        if now - self._others_at > ALONE:
            # They are new. Half at most: the other half is for one that looks at the same answers and thinks the same.
            self.slots = max(1, min(self.slots, self.limit // 2, self.limit * used // taken))
            self._free_since = now
            self._plan_to_leave(now)
        self._others_at = now

    def _try_one_more(self, remaining: int, now: float) -> None:
        if remaining < 1:
            self._free_since = max(self._free_since, now)
        # At random, or all processes would take the one free slot at once. Later with more slots, so that those with
        # few come first.
        elif now - self._free_since >= random.uniform(0.5, 1.5) * self._look * self.slots:
            if self._trying:
                # The last one held until now.
                self._look = LOOK
            self.slots = min(self.limit, self.slots + max(1, remaining // 2))
            self._free_since, self._trying = now, True

    def _leave_one(self, remaining: int, now: float) -> None:
        if now > self._give_up_at:
            self._plan_to_leave(now)
            if self.slots > 2 and remaining < 1:
                self.slots -= 1
                # Not to be taken back before others had the time to see it.
                self._free_since = now + random.uniform(0.5, 1.5) * LOOK * self.slots / 2

    def _plan_to_leave(self, now: float) -> None:
        self._give_up_at = now + random.uniform(0.5, 1.5) * GIVE_UP / self.slots
