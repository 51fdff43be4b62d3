"""What a misspelt name may have meant. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Return a question with the known names nearest to one, to be put between two sentences.

    :param given: the name that is not known
    :param known: the names that are
    :return: ``" Did you mean 'put job note' or 'put job'?"``, or empty text if nothing is near
    """
    # By lower case: "filled" is as near to FILLED as a name can be, and difflib sees no letter in common.
    by_lower = {name.lower(): name for name in known}
    near = [repr(by_lower[name]) for name in get_close_matches(given.lower(), by_lower, n=3)]
    return f" Did you mean {' or '.join(near)}?" if near else ""


def near_choice(problem: Mapping[str, Any]) -> str:
    """Return the question for a value that is none of its field's choices.

    :param problem: an error of pydantic; empty text for one that is about no choice
    """
    if problem.get("type") != "literal_error":
        return ""
    return did_you_mean(str(problem["input"]), re.findall(r"'([^']*)'", problem["ctx"]["expected"]))
