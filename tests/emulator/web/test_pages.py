"""The pages for people: every record has one, nothing in it is markup, and the API does not notice."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
import requests

from airflow_provider_smartrecruiters.api.values.addresses import PAGES, web_address
from airflow_provider_smartrecruiters.emulator.tenant.state import Record
from airflow_provider_smartrecruiters.emulator.web.records import PATHS

LISTS = ["/app", "/app/people/candidates", "/app/jobs", "/app/interviews", "/app/users"]
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "nav", "strong", "h1", "h2", "p", "a", "span", "div", "br"),
    *("dl", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"lang", "charset", "name", "content", "class", "href"}
EVIL = '<script src="//evil.example">\'&quot;'


def get(url: str) -> requests.Response:
    return requests.get(url, timeout=20)


class Elements(HTMLParser):
    """What a browser makes of a page."""

    def __init__(self):
        super().__init__()
        self.found, self.texts = [], []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)


def held(tenant, record: str):
    return getattr(tenant, f"{record}s")


def test_the_paths_are_those_that_tasks_link_to():
    assert {page.record: page.path.replace(f"{{{page.id_name}}}", "{id}") for page in PAGES} == PATHS


@pytest.mark.parametrize("record", PATHS)
def test_every_record_has_a_page(smartrecruiters_emulator, record):
    with smartrecruiters_emulator.state.editing() as tenant:
        ids = list(held(tenant, record))
    for record_id in ids[:: max(1, len(ids) // 40)]:
        answer = get(web_address(smartrecruiters_emulator.url, {f"{record}_id": record_id}))
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert record_id in answer.text


@pytest.mark.parametrize("path", [*LISTS, *PATHS.values()])
def test_links_lead_to_pages(smartrecruiters_emulator, path):
    with smartrecruiters_emulator.state.editing() as tenant:
        record = next((record for record, form in PATHS.items() if form == path), None)
        path = path.replace("{id}", next(iter(held(tenant, record)), "")) if record else path
    links = re.findall(r'href="([^"]*)"', get(smartrecruiters_emulator.url + path).text)
    assert links
    for target in links[:40]:
        assert target.startswith("/app/")
        assert get(smartrecruiters_emulator.url + target).status_code == 200, target


def poison(value):
    """Put markup into every text of a record, but into those that refer to something."""
    for name in type(value).model_fields:
        inner = getattr(value, name)
        if isinstance(inner, Record):
            poison(inner)
        elif isinstance(inner, dict):
            for each in inner.values():
                if isinstance(each, Record):
                    poison(each)
        elif isinstance(inner, list):
            setattr(value, name, [EVIL if isinstance(one, str) and name == "tags" else one for one in inner])
            for one in inner:
                if isinstance(one, Record):
                    poison(one)
        elif isinstance(inner, str) and not re.search(r"(^|_)id$", name) and name not in ("access", "visibility"):
            setattr(value, name, EVIL)


def test_no_text_of_a_record_becomes_markup(smartrecruiters_emulator):
    with smartrecruiters_emulator.state.editing() as tenant:
        shown = {record: next(iter(held(tenant, record).values())) for record in PATHS}
        for each in (*shown.values(), *tenant.applications.values()):
            poison(each)
        urls = [web_address(smartrecruiters_emulator.url, {f"{record}_id": one.id}) for record, one in shown.items()]
    for url in (*urls, *(smartrecruiters_emulator.url + path for path in LISTS)):
        answer = get(url)
        assert answer.status_code == 200
        seen = Elements()
        seen.feed(answer.text)
        assert {tag for tag, _ in seen.found} <= TAGS
        assert {name for _, attributes in seen.found for name in attributes} <= ATTRIBUTES
        assert all(attributes["href"].startswith("/app") for tag, attributes in seen.found if tag == "a")
        assert (EVIL in "".join(seen.texts)) is (not url.endswith("/app"))
        assert not re.search(r"url\(|@import", answer.text)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_change_is_seen_at_once(smartrecruiters_emulator):
    application = smartrecruiters_emulator.state.an_application()
    with smartrecruiters_emulator.state.editing() as tenant:
        stored = tenant.applications[application.application_id]
        stored.status, stored.reason_id = "REJECTED", next(iter(tenant.rejection_reasons))
        tenant.candidates[application.candidate_id].tags = ["met at the fair"]
        tenant.jobs[application.job_id].note = "Budget\nfor 2027 <approved>"
        reason = tenant.rejection_reasons[stored.reason_id]
    page = get(web_address(smartrecruiters_emulator.url, {"candidate_id": application.candidate_id}))
    for text in ("REJECTED", reason, "met at the fair"):
        assert text in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "Budget\nfor 2027" in get(web_address(smartrecruiters_emulator.url, {"job_id": application.job_id})).text


def test_the_api_does_not_notice(smartrecruiters_emulator):
    """No credential, no limit, no fault, and nothing in the journal."""
    smartrecruiters_emulator.configure(rate=1)
    smartrecruiters_emulator.fail("any", status=503)
    for path in LISTS * 2:
        assert get(smartrecruiters_emulator.url + path).status_code == 200
    assert smartrecruiters_emulator.requests == []
    assert smartrecruiters_emulator.stats["requests"] == 0


def test_a_record_that_does_not_exist(smartrecruiters_emulator):
    for path in ("/app/jobs/details/<b>none", "/app/nowhere"):
        answer = get(smartrecruiters_emulator.url + path)
        assert answer.status_code == 404
        assert "There is no such record" in answer.text
        assert "<b>" not in answer.text


def test_pages_are_only_read(smartrecruiters_emulator):
    assert requests.post(f"{smartrecruiters_emulator.url}/app/jobs", timeout=20).status_code == 405
    assert requests.head(f"{smartrecruiters_emulator.url}/app/jobs", timeout=20).status_code == 200
