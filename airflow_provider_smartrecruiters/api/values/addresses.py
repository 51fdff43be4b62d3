"""Web addresses of records: the page that a recruiter opens, from ids and back.

SmartRecruiters does not document these addresses. The ones below are those that several public projects build or open:
``/app/people/candidates/{id}`` and ``/app/jobs/details/{id}``. Job ads and positions have no page of their own there,
so the page of their job stands for them. Pages of interviews and users are not known at SmartRecruiters; the emulator
has them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

APP_URL = "https://www.smartrecruiters.com"
"""The web application of production, without a trailing slash."""

_API_URL = "https://api.smartrecruiters.com"
_DOMAIN = "smartrecruiters.com"


@dataclass(frozen=True)
class Page:
    """A record that has a page.

    :param record: what the page shows, in one word: ``candidate``.
    :param path: path below the address of the web application, with the name of the id as its placeholder.
    :param public: whether SmartRecruiters itself has the page at this path, as far as is known.
    """

    record: str
    path: str
    public: bool = True

    @property
    def id_name(self) -> str:
        """Name of the id, as a change calls it: ``candidate_id``."""
        return f"{self.record}_id"


PAGES = (
    Page("candidate", "/app/people/candidates/{candidate_id}"),
    Page("job", "/app/jobs/details/{job_id}"),
    Page("interview", "/app/interviews/{interview_id}", public=False),
    Page("user", "/app/users/{user_id}", public=False),
)
"""All pages. If ids lead to several, the first one is about the record that changed."""

# Other forms of addresses that people copy. What follows the id (a tab such as /messages) does not matter. A page of an
# application has its own id in the address, which is neither a candidate's nor a job's.
_ALSO_READ = ("/app/people/applications/{application_id}", "/app/people/{candidate_id}/messages")


def default_app_url(base_url: str) -> str | None:
    """Return the address of the web application that belongs to an API, if it is known.

    :param base_url: base URL of the API.
    :return: :data:`APP_URL` for the production API; ``None`` for every other host, the sandbox included.
    """
    return APP_URL if base_url.rstrip("/").lower() == _API_URL else None


def web_addresses(app_url: str | None, ids: Mapping[str, str]) -> dict[str, str]:
    """Return the addresses of the pages that ids lead to.

    :param app_url: address of the web application; ``None`` if it is not known.
    :param ids: ids by name, such as the target of a change: ``candidate_id``, ``job_id``, ``job_ad_id``, …
    :return: address by record (``candidate``, ``job``, ``interview``, ``user``), in the order of :data:`PAGES`; empty
        if nothing is known. Contains no text but the ids.
    """
    if not app_url:
        return {}
    root = app_url.rstrip("/")
    pages = (page for page in PAGES if ids.get(page.id_name) and (page.public or not _is_smartrecruiters(root)))
    return {page.record: root + page.path.format_map(_Quoted(ids)) for page in pages}


def web_address(app_url: str | None, ids: Mapping[str, str]) -> str | None:
    """Return the address of the page of a record.

    :param app_url: address of the web application; ``None`` if it is not known.
    :param ids: ids of the record by name, such as the target of a change.
    :return: the address: of the candidate for an application, of the job for a job ad or a position; ``None`` if it is
        not known.
    """
    return next(iter(web_addresses(app_url, ids).values()), None)


def ids_in(address: str) -> dict[str, str]:
    """Return the ids in the address of a page that somebody copied from the browser.

    The host does not matter, since companies reach SmartRecruiters under several; neither do a tab, a query or a
    fragment after the id.

    :param address: the text, with or without blanks around it.
    :return: ids by name, such as ``{"job_id": "…"}``; ``application_id`` for the page of an application; empty if the
        text is no address of a known form.
    """
    try:
        parts = urlsplit(address.strip())
        if parts.scheme not in ("http", "https") or not parts.netloc:
            return {}
        found = next(filter(None, (form.match(parts.path) for form in _FORMS)), None)
        # Decoded after the match, so that an encoded slash stays a part of its id.
        return {name: unquote(value, errors="strict") for name, value in found.groupdict().items()} if found else {}
    except ValueError:
        return {}


def kind_of_id(name: str) -> str:
    """Return what an id is the id of, in words: ``job ad``.

    :param name: name of the argument: ``job_ad_id``.
    """
    return name.removesuffix("_id").replace("_", " ")


def id_pasted(value: Any, name: str) -> Any:
    """Return the id in a value that somebody gave for an id: people paste the address from the browser instead.

    :param value: the value, of any type.
    :param name: name of the argument: ``candidate_id``.
    :return: the id in the address of the right kind of page; every value that is no address unchanged.
    :raises ValueError: it is the address of another page. Does not repeat the value.
    """
    if not isinstance(value, str) or not value.strip().lower().startswith(("http://", "https://")):
        return value
    ids = ids_in(value)
    if name in ids:
        return ids[name]
    kind = kind_of_id(name)
    instead = f"the id of the {kind}" if name != "id" else "the id alone"
    if any(page.id_name == name for page in PAGES):
        instead += f", or the address of the {kind}'s page"
    raise ValueError(f"is the address of {_described(ids)}; give {instead}")


def _described(ids: Mapping[str, str]) -> str:
    record = next((name.removesuffix("_id") for name in ids), None)
    if record is None:
        return "a page without an id that is known"
    return f"{'an' if record[0] in 'aio' else 'a'} {record}"


def _form(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + r"(?:/.*)?\Z")


_FORMS = tuple(_form(path) for path in (*(page.path for page in PAGES), *_ALSO_READ))


class _Quoted(dict[str, str]):
    """Ids that are percent-encoded when they are put into a path."""

    def __getitem__(self, name: str) -> str:
        return quote(super().__getitem__(name), safe="")


def _is_smartrecruiters(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host == _DOMAIN or host.endswith(f".{_DOMAIN}")
