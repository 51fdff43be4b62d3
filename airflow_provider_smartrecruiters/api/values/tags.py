"""Tags of candidates: their type, and when two are the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

from airflow_provider_smartrecruiters.api.values.fields import as_text
from airflow_provider_smartrecruiters.api.values.normal import normal


def same_tag(tag: str) -> str:
    """Return what all spellings of a tag have in common: surrounding blanks and Unicode composition do not count."""
    text: str = normal(tag.strip())
    return text


def unique_tags(tags: Iterable[str]) -> list[str]:
    """Return tags without the repetitions, in their order."""
    first: dict[str, str] = {}
    for tag in tags:
        first.setdefault(same_tag(tag), tag)
    return list(first.values())


def _clean_tags(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise ValueError("must be a list of tags")
    tags = [as_text(tag) for tag in value]
    if not all(isinstance(tag, str) for tag in tags):
        raise ValueError("must be a list of texts")
    # With the repetitions, so that a tag can be named by its place in the list.
    return tuple(tag.strip() for tag in tags)


Tags = Annotated[tuple[str, ...] | None, BeforeValidator(_clean_tags)]
"""A list of tags; None if it is not given."""
