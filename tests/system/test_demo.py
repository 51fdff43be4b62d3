"""The demo passes on what it should, and fails on what it should not let pass."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters.emulator.tenant.seed import seeded_tenant
from tests.support import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_smartrecruiters.emulator.tenant.state import Tenant

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
USE_CASES = len(catalogue.changes())
JOB = "afadcca8-a951-4f10-8c75-f70b5685053c"
CANDIDATE = "286b50fe-3819-4b34-9d3e-88172f6b6f26"


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    def row(self, use_case: str) -> list[str]:
        (line,) = [line for line in self.out.splitlines() if line.startswith(use_case)]
        return line.split()


@pytest.fixture
def demo(tmp_path: Path) -> Callable[..., Outcome]:
    """Run the demo as `make demo` does, on a tenant that differs from the seeded one as `edit` says."""

    def run(edit: Callable[[Tenant], None] | None = None) -> Outcome:
        command = [sys.executable, str(ROOT / "scripts" / "demo.py"), "--home", str(tmp_path / "home")]
        if edit is not None:
            tenant = seeded_tenant()
            edit(tenant)
            seed = tmp_path / "seed.json"
            seed.write_text(tenant.model_dump_json())
            command += ["--seed", str(seed)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run


@pytest.mark.airflow_run
def test_demo(demo: Callable[..., Outcome]) -> None:
    outcome = demo()
    assert (outcome.code, outcome.err) == (0, "")
    rows = [line for line in outcome.out.splitlines() if line.endswith(" ok")]
    assert len(rows) == USE_CASES
    assert outcome.row("put_update_job_status") == ["put_update_job_status", "status", "1", "nothing", "0", "ok"]
    source = outcome.row("put_update_candidates_source")
    assert source[1:] == ["sourceTypeId,", "sourceId", "1", "nothing", "0", "ok"]
    unreadable = [case.use_case for case in catalogue.cases() if not case.converges()]
    assert unreadable == ["put_update_user_avatar"]
    assert outcome.row(*unreadable)[1:] == ["cannot", "be", "compared", "1", "cannot", "be", "compared", "1", "ok"]
    assert "no way to read what put_update_user_avatar writes" in outcome.out
    assert "status: NEW -> REJECTED" in outcome.out
    assert "The second run changed nothing, and wrote only put_update_user_avatar." in outcome.out


@pytest.mark.airflow_run
def test_the_demo_fails_when_there_was_nothing_to_change_or_a_task_fails(demo: Callable[..., Outcome]) -> None:
    def edit(tenant: Tenant) -> None:
        tenant.jobs[JOB].status = "ON_HOLD"
        tenant.candidates[CANDIDATE].access = "read"

    outcome = demo(edit)
    assert outcome.code == 1
    assert outcome.row("put_update_job_status") == ["put_update_job_status", "nothing", "0", "nothing", "0", "WRONG"]
    assert "put_update_job_status: run 1: changed is False, not True" in outcome.err
    assert "put_update_job_status: run 1: 0 writes, not 1" in outcome.err
    assert "FAILED" in outcome.row("put_update_candidate_tags")
    assert "put_update_candidate_tags: run 1: failed, or never began" in outcome.err
    # The reason is there to read, without looking for the log.
    assert "PermissionDeniedError: Could not change the tags of candidate" in outcome.err
    # All but the status of that job, and what is done to that candidate.
    assert outcome.out.count(" ok\n") == USE_CASES - 4
    assert "The second run changed nothing" not in outcome.out


def test_the_demo_leaves_a_folder_alone_that_is_not_its_own(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.touch()
    command = [sys.executable, str(ROOT / "scripts" / "demo.py"), "--home", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "exists already" in done.stderr
    assert precious.exists()


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The demo's own judgement, as a module."""
    monkeypatch.syspath_prepend(ROOT / "scripts")
    import demo as module

    yield module
    for name in ("demo", "local_stack"):
        sys.modules.pop(name, None)


def write(job_id: str = "j1", *, applied: bool = True) -> dict[str, Any]:
    path = f"/jobs/{job_id}/status"
    return {
        "operation_id": "jobs.status.update",
        "method": "PUT",
        "path": path,
        "status": 201 if applied else 403,
        "applied": applied,
    }


def result(changed: bool | None) -> dict[str, Any]:
    use_case = "put_update_job_status"
    return {
        use_case: {"target": {"job_id": "j1"}, "changed": changed, "fields": ["status"] if changed else []},
    }


@pytest.mark.parametrize(
    ("second_changed", "first_writes", "second_writes", "mistake"),
    [
        (False, [write()], [], None),
        (True, [write()], [write()], "run 2: changed is True, not False"),
        (False, [write()], [write()], "run 2: 1 writes, not 0"),
        (False, [write(), write()], [], "run 1: 2 writes, not 1"),
        (False, [write("j2")], [], "run 1: 0 writes, not 1"),
        (False, [write(applied=False)], [], "run 1: answered 403"),
        (None, [write()], [], "run 2: changed is None, not False"),
    ],
)
def test_what_counts_as_a_mistake(
    rules: Any,
    second_changed: bool | None,
    first_writes: list[dict[str, Any]],
    second_writes: list[dict[str, Any]],
    mistake: str | None,
) -> None:
    expected = rules.Expected("put_update_job_status", "/jobs/{jobId}/status")
    first, second = rules.Run(result(True), first_writes), rules.Run(result(second_changed), second_writes)
    found = rules.mistakes(expected, first, second)
    assert found == [] if mistake is None else mistake in found


def test_a_write_of_no_use_case_is_a_mistake(rules: Any) -> None:
    expected = rules.Expected("put_update_job_status", "/jobs/{jobId}/status")
    run = rules.Run(result(True), [write(), write("j2")])
    assert rules.strays((expected,), run) == ["PUT /jobs/j2/status"]
    # Of a task that failed nobody knows which record it was about.
    assert rules.strays((expected,), rules.Run({}, [write(), write("j2")])) == []
