"""Bodies that no client should send: the emulator refuses them as the API would, and still answers the next request."""

from __future__ import annotations

import json

import pytest
import requests

from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator

pytestmark = [
    pytest.mark.smartrecruiters_emulator(rate=0, concurrent=0),
    # The document lists no 400 for the tags; the API's own page on errors has it for every operation.
    pytest.mark.off_contract("request", "response"),
]

TAGS = {
    "half a character": rb'{"tags": ["\ud800"]}',
    "half a character in an unknown member": rb'{"tags": ["a"], "else": "\ud800"}',
    "NaN": b'{"tags": ["a"], "else": NaN}',
    "a number that is infinite for Python": b'{"tags": ["a"], "else": 1e999}',
    "a number of 5,000 digits": b'{"tags": ["a"], "else": ' + b"9" * 5000 + b"}",
    "nested 100,000 deep": b'{"tags": ["a"], "else": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "cut off": b'{"tags": ["a"',
    "not UTF-8": b"\xff",
    "a list": b"[]",
}
JOB = (
    b'{"title": "x", "location": {"countryCode": "de", "city": "x"}, "industry": {"id": "renewables_environment"},'
    b'"function": {"id": "engineering"}, "experienceLevel": {"id": "associate"}, %s}'
)
JOBS = {
    "NaN": (b'"compensation": {"min": NaN}', 422),
    "a number that is infinite for Python": (b'"compensation": {"min": 1e999}', 422),
    "a whole number beyond every float": (b'"compensation": {"min": 1' + b"0" * 400 + b"}", 200),
    "a time before the year 1": (b'"targetHiringDate": "0001-01-01T00:00:00+10:00"', 422),
}


def put(emulator: SmartRecruitersEmulator, path: str, body: bytes) -> requests.Response:
    headers = {"X-SmartToken": emulator.api_key, "Content-Type": "application/json"}
    return requests.put(emulator.url + path, data=body, headers=headers, timeout=10)


@pytest.mark.parametrize("body", TAGS.values(), ids=TAGS)
def test_tags(body: bytes, smartrecruiters_emulator: SmartRecruitersEmulator) -> None:
    emulator = smartrecruiters_emulator
    answer = put(emulator, f"/candidates/{emulator.state.candidate_ids[0]}/tags", body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"message", "errors"}
    assert_journal_readable(emulator)


@pytest.mark.parametrize(("member", "status"), JOBS.values(), ids=JOBS)
def test_job(member: bytes, status: int, smartrecruiters_emulator: SmartRecruitersEmulator) -> None:
    emulator = smartrecruiters_emulator
    job_id = emulator.state.job_ids[0]
    before = emulator.state.job(job_id)
    answer = put(emulator, f"/jobs/{job_id}", JOB % member)
    assert answer.status_code == status
    assert (emulator.state.job(job_id) == before) is (status != 200)
    assert_journal_readable(emulator)


def assert_journal_readable(emulator: SmartRecruitersEmulator) -> None:
    answer = requests.get(f"{emulator.url}/__emulator__/journal", timeout=10)
    assert answer.status_code == 200
    assert len(json.loads(answer.content, parse_constant=pytest.fail)) == 1
