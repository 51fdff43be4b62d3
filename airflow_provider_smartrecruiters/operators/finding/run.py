"""One run of a search: resume an earlier try, read page by page, keep what is found, and report."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_smartrecruiters.api.reads.search import search_pages, undecided_said
from airflow_provider_smartrecruiters.exceptions import (
    BadRequestError,
    InvalidInputError,
    SmartRecruitersError,
    fitted,
)
from airflow_provider_smartrecruiters.operators.bulk.sources.identity import account_of
from airflow_provider_smartrecruiters.operators.bulk.sources.results import ResultsFile
from airflow_provider_smartrecruiters.operators.finding.kept import MOST_IN_XCOM, Kept, digest_of

if TYPE_CHECKING:
    from airflow_provider_smartrecruiters.api.reads.search import FoundPage, RecordSearch
    from airflow_provider_smartrecruiters.hooks.smartrecruiters import SmartRecruitersHook

log = logging.getLogger(__name__)

_EVERY = 10.0
"""Seconds between two lines of progress. Halved, the log of a search of an hour has 720 instead of 360."""


@dataclass(frozen=True)
class Limits:
    """How many matches a search may have; None for any number.

    :param max_results: matches after which the search stops.
    :param min_results: fewest matches without an error.
    :param expected_count: exact number of matches without an error.
    """

    max_results: int | None = None
    min_results: int | None = None
    expected_count: int | None = None


class SearchRun:
    """Carries a search out once.

    :param hook: hook of the connection.
    :param wanted: the search.
    :param limits: how many matches it may have.
    :param results_path: where to write the matches; None or blank for XCom alone.
    :param store: Airflow's task state store; None if there is none.
    :param max_tries: ``max_tries`` of the task instance; see :class:`.Kept`.
    :param last_try: whether Airflow does not retry the task after this try.
    """

    def __init__(
        self,
        hook: SmartRecruitersHook,
        wanted: RecordSearch,
        *,
        limits: Limits,
        results_path: Any = None,
        store: Any = None,
        max_tries: int | None = None,
        last_try: bool = False,
    ) -> None:
        self._client = hook.get_conn()
        self._wanted = wanted
        self._limits = limits
        self._last_try = last_try
        self._results = ResultsFile("results_path", results_path)
        search = digest_of(
            [wanted.use_case, wanted.identity(), account_of(hook), self._results.location, limits.max_results]
        )
        self._kept = Kept(store, self._results, search, max_tries)
        self._earlier_pages = 0
        self._started = self._logged_at = time.monotonic()

    def carry_out(self) -> dict[str, Any]:
        """Run the search; see :meth:`.SearchOperator.execute`.

        :return: ``items`` (None if they do not fit into an XCom), ``results``, ``counts`` and ``complete``.
        """
        with self._results:
            self._results.prepare()
            try:
                return self._find()
            except SmartRecruitersError as error:
                if self._last_try or not error.retryable:
                    self._kept.discard()
                raise

    def _find(self) -> dict[str, Any]:
        resumed = self._kept.resume()
        self._say_where_it_begins(resumed)
        if not self._kept.reached.finished:
            try:
                self._read()
            except BadRequestError:
                if not (resumed and self._kept.reached.pages == self._earlier_pages):
                    raise
                log.warning("SmartRecruiters no longer knows the page to go on with. Starting over.")
                self._kept.start_over()
                self._earlier_pages = 0
                self._read()
        self._check()
        location = self._kept.publish()
        return self._report(location)

    def _say_where_it_begins(self, resumed: bool) -> None:
        reached = self._kept.reached
        self._earlier_pages = reached.pages
        if resumed:
            what = "finished the search" if reached.finished else f"read {_pages(reached.pages)}"
            log.info("An earlier try %s and found %s. Resuming from there.", what, self._found())
        else:
            log.info("Searching for %s.", self._wanted.found[1])

    def _read(self) -> None:
        kept = self._kept
        now = datetime.fromisoformat(kept.reached.now)
        for page in search_pages(self._client, self._wanted, after=kept.reached.after, now=now):
            self._take(page)
            kept.save()
            self._refuse_too_many()
            self._log_progress(page)
            if kept.reached.finished:
                return

    def _take(self, page: FoundPage) -> None:
        reached, limit = self._kept.reached, self._limits.max_results
        for item in page.items:
            if limit is not None and reached.found >= limit:
                reached.complete = False
                break
            self._kept.add(item)
        reached.pages += 1
        reached.read += page.read
        reached.undecided += page.undecided
        reached.after = page.after
        if limit is not None and reached.found >= limit and page.after is not None:
            reached.complete = False
        reached.finished = page.after is None or not reached.complete

    def _refuse_too_many(self) -> None:
        found, expected = self._kept.reached.found, self._limits.expected_count
        if expected is not None and found > expected:
            raise InvalidInputError(
                f"The search found more than {expected:,} {self._wanted.found[1]}, the number in expected_count.",
                hint="Check the filters. If they are right, correct expected_count.",
                fields=("expected_count",),
            )
        if self._kept.items is None and self._results.location is None:
            raise InvalidInputError(
                f"The search found more than {MOST_IN_XCOM} {self._wanted.found[1]} (or {found:,} with long ids), more "
                "than fit into an XCom.",
                hint="Set results_path: the matches then go to a file, and .bulk(items=...) takes its location. Or "
                "narrow the search, or set max_results.",
                fields=("results_path",),
            )

    def _check(self) -> None:
        found = self._kept.reached.found
        for name, wrong in (
            ("min_results", found < (self._limits.min_results or 0)),
            ("expected_count", self._limits.expected_count not in (None, found)),
        ):
            if wrong:
                raise InvalidInputError(
                    f"The search found {self._found()}, but {name} is {getattr(self._limits, name):,}.",
                    hint=f"Check the filters. If they are right, correct {name}.",
                    fields=(name,),
                )

    def _log_progress(self, page: FoundPage) -> None:
        now = time.monotonic()
        if now - self._logged_at < _EVERY:
            return
        self._logged_at = now
        reached = self._kept.reached
        of = f" of about {page.total:,}" if page.total else ""
        log.info(
            "%s",
            fitted(
                f"{reached.read:,}{of} {self._wanted.listed} read ({_pages(reached.pages)}): {self._found()} so far. "
                f"{(reached.pages - self._earlier_pages) / (now - self._started):.1f} pages a second."
            ),
        )

    def _report(self, location: str | None) -> dict[str, Any]:
        reached = self._kept.reached
        if reached.undecided:
            log.warning("%s", fitted(undecided_said(self._wanted, reached.undecided)))
        if not reached.complete:
            log.warning(
                "%s",
                fitted(f"Stopped at {reached.found:,}, the number in max_results. There may be more matches."),
            )
        if location:
            log.info("Results file: %s", location)
        seconds = time.monotonic() - self._started
        log.info(
            "%s",
            fitted(
                f"Done: {self._found()} found ({reached.read:,} {self._wanted.listed} read, {_pages(reached.pages)}) "
                f"in {seconds:,.0f} s."
            ),
        )
        counts = {name: getattr(reached, name) for name in ("found", "read", "undecided", "pages")}
        return {
            "items": self._kept.items,
            "results": location,
            "counts": counts,
            "complete": reached.complete,
        }

    def _found(self) -> str:
        count = self._kept.reached.found
        return f"{count:,} {self._wanted.found[count != 1]}"


def _pages(count: int) -> str:
    return f"{count:,} page{'' if count == 1 else 's'}"
