"""Rate and concurrency limits of a credential: kept in one process, and shared between processes."""

MAX_CONCURRENT = 8
"""Requests that the API lets one credential have in flight. Here, because operators have it as a default, and a DAG
file that imports them must not load the pacer."""
