"""A cache for values that are looked up once per batch, however many threads need them."""

from __future__ import annotations

import copy
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.api.values.tags import same_tag
from airflow_provider_smartrecruiters.exceptions import SmartRecruitersError

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient

log = logging.getLogger(__name__)

_WITH_PAGE_SIZE = frozenset({"/jobs", "/user-api/v201804/users"})
"""Lists that are read in pages of 100. Of the others, not all take a page size, and those that have no pages answer
with everything."""
_PROGRESS = 1000
"""Records between two lines of the log about a long list: ten requests, a second or more. Halved, a company of 100,000
jobs has 200 lines."""
_MOST_CANDIDATES = 1000
"""Most candidates to look at for the spelling of a tag. Doubled, a tag that thousands have in other capitals costs
twenty requests, one after the other; halved, a rare spelling beside a common one is missed sooner."""


class Lookups:
    """Caches look-ups for the life of the object: one change, or one batch.

    Look-ups are single-flight: while one thread fetches, the others wait and share the result.
    """

    def __init__(self) -> None:
        # One lock for all names, held during the fetch. That also serializes look-ups of different names, which costs
        # little: a batch looks up one or two lists, once, and the API searches candidates one request at a time anyway.
        self._lock = threading.Lock()
        self._answers: dict[str, Any] = {}
        self._seen: set[str] = set()

    def all_of(
        self,
        client: SmartRecruitersClient,
        path: str,
        *,
        path_params: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> list[dict[str, Any]]:
        """Return every record of a list, from all of its pages; fetched once.

        :param client: client to send with.
        :param path: path of the list.
        :param path_params: values of its placeholders.
        :param params: query parameters.
        :raises SmartRecruitersError: as for :meth:`get`.
        """
        query = {**({} if path in _WITH_PAGE_SIZE else {"limit": None}), **(params or {})}
        key = " ".join([path, *map(repr, (path_params or {}).items()), *map(repr, (params or {}).items())])
        records: list[dict[str, Any]] = self.get(
            key, lambda: list(_with_progress(path, client.pages(path, path_params=path_params, params=query)))
        )
        return records

    def has_tag(self, client: SmartRecruitersClient, tag: str) -> bool:
        """Return whether a candidate of the company has a tag in this spelling, as far as the search can tell; asked
        once for each tag. Sends ``GET /candidates?tag=…``.

        The search ignores capitals, and finds only candidates with an application that the credential may see. If it
        answers a candidate without tags, the spelling is not known, and the tag counts as there.

        :param client: client to send with.
        :param tag: the tag, in the form of :func:`.same_tag`.
        :raises SmartRecruitersError: as for :meth:`get`.
        """

        def search() -> bool:
            found = islice(client.pages("/candidates", params={"tag": tag}), _MOST_CANDIDATES)
            return any(_may_have(candidate.get("tags"), tag) for candidate in found)

        return bool(self.get(f"tag {tag}", search))

    def first(self, name: str) -> bool:
        """Return True for the first caller with this name, and False for all others.

        :param name: anything that a batch should report once.
        """
        with self._lock:
            is_first = name not in self._seen
            self._seen.add(name)
        return is_first

    def get(self, name: str, fetch: Callable[[], Any]) -> Any:
        """Return the value for ``name``; call ``fetch`` only if it is not cached.

        :param name: key of the look-up.
        :param fetch: fetches the value. A permanent error is cached too; after a transient error, the next caller
            fetches again.
        :raises SmartRecruitersError: the error raised by ``fetch``.
        """
        with self._lock:
            if name not in self._answers:
                try:
                    self._answers[name] = fetch()
                except SmartRecruitersError as error:
                    if error.retryable:
                        raise
                    # Cached, or every item of a batch would send the same request to be denied again.
                    self._answers[name] = error
            answer = self._answers[name]
        if isinstance(answer, SmartRecruitersError):
            # A copy, because the code that catches an error adds its own record to it.
            raise copy.copy(answer)
        return answer


def _with_progress(path: str, records: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for count, record in enumerate(records, start=1):
        if count % _PROGRESS == 0:
            log.info("Looking up ids in GET %s: %s records so far.", path, f"{count:,}")
        yield record


def _may_have(tags: list[str] | None, tag: str) -> bool:
    return tags is None or any(tag == same_tag(other) for other in tags)
