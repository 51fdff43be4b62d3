"""The convergence loop that all changes share: read, compare, write, and say what became of it."""

ON_MISSING = ("fail", "skip")
"""Values of the guard ``on_missing``. Here, because the command line offers them: its help must not load the loop."""
