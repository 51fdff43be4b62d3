"""What is looked up once for a whole batch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from airflow_provider_smartrecruiters.api.lookups import Lookups
from airflow_provider_smartrecruiters.exceptions import PermissionDeniedError
from tests.support.scripted_server import Exchange, ScriptedServer, reply

REASONS = "/configuration/rejection-reasons"


def test_all_pages_of_a_list_are_looked_up_once(connect: Any) -> None:
    pages = [{"content": [{"id": str(page)}], "totalFound": 3} for page in range(3)]
    with ScriptedServer(*[reply(200, page) for page in pages]) as server:
        client, lookups = connect(server.url), Lookups()
        for _ in range(2):
            assert [reason["id"] for reason in lookups.all_of(client, REASONS)] == ["0", "1", "2"]
        # The official document names no page size for this list.
        assert [request.target for request in server.requests] == [
            REASONS,
            f"{REASONS}?offset=1",
            f"{REASONS}?offset=2",
        ]


def test_a_list_that_is_denied_is_asked_for_once(connect: Any) -> None:
    with ScriptedServer(reply(403, {"message": "no"})) as server:
        client, lookups = connect(server.url), Lookups()
        for _ in range(3):
            with pytest.raises(PermissionDeniedError):
                lookups.all_of(client, REASONS)


@pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0)
def test_the_company_s_reasons(smartrecruiters_emulator: Any, client: Any) -> None:
    with smartrecruiters_emulator.state.editing() as tenant:
        wanted = list(tenant.rejection_reasons)
    assert [reason["id"] for reason in Lookups().all_of(client, REASONS)] == wanted


def test_a_tag_is_found_in_its_own_spelling_only(connect: Any) -> None:
    pages = [
        {"content": [{"id": "1", "tags": ["Welder"]}, {"id": "2", "tags": []}], "nextPageId": "p2"},
        {"content": [{"id": "4", "tags": ["other", " we\u0301lder "]}], "nextPageId": "p3"},
    ]
    with ScriptedServer(*[reply(200, page) for page in pages]) as server:
        # The search ends with the page that answers the question.
        assert Lookups().has_tag(connect(server.url), "wélder") is True
        assert [request.target for request in server.requests] == [
            "/candidates?limit=100&tag=w%C3%A9lder",
            "/candidates?limit=100&tag=w%C3%A9lder&pageId=p2",
        ]


def test_a_candidate_without_the_member_may_have_the_tag(connect: Any) -> None:
    with ScriptedServer(reply(200, {"content": [{"id": "1", "tags": ["WELDER"]}, {"id": "2"}]})) as server:
        assert Lookups().has_tag(connect(server.url), "welder") is True


def test_a_tag_is_looked_up_once_by_many_threads(connect: Any) -> None:
    with ScriptedServer(reply(200, {"content": [], "totalFound": 0}, delay=0.2)) as server:
        client, lookups = connect(server.url), Lookups()
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(lambda _: lookups.has_tag(client, "welder"), range(16))) == [False] * 16
        assert len(server.requests) == 1


def test_the_search_for_a_spelling_ends(connect: Any) -> None:
    def another_page(exchange: Exchange) -> bool:
        page = {"content": [{"tags": ["WELDER"]}] * 100, "nextPageId": f"p{len(server.requests)}"}
        return reply(200, page)(exchange)

    with ScriptedServer(always=another_page) as server:
        assert Lookups().has_tag(connect(server.url), "welder") is False
        assert len(server.requests) == 10


def test_the_first_of_many() -> None:
    lookups = Lookups()
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: lookups.first("a"), range(100))) == 1
    assert lookups.first("b") is True
