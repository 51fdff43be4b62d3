"""The convergence loop that all changes share: read, compare, write, and say what became of it."""
