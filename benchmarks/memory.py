"""What a bulk task over a large file costs in memory.

    python benchmarks/memory.py               # 100,000 records, some minutes; or: make bench-memory

`RejectApplicationOperator.bulk(items="….jsonl", results_path="….jsonl")` is carried out in a process of its own, with
the defaults of everything else: each application is read, compared and written, so 200,000 requests. At the API's pace
that takes six hours, so the pacing is off (`requests_per_second` 0, `max_concurrent` 8), and the requests go to a small
server in another process that has the same answer for every application and keeps nothing. A task state store that
takes everything and keeps nothing stands for Airflow's, which is in another process as well.

Counted is by how much the process's resident memory grows at most (VmHWM) beyond what it is once the operators, the
hook and the API layer are imported. Beside it, the same for what people write: the file as a list of dicts, a
`requests.Session`, and a list with what became of each.

Prints both; writes benchmarks/results/memory.png. Exit code 1 if the bulk task takes more than 60 MB, or if anything
failed. Linux only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from local_stack import airflow_environment  # noqa: E402
from plots import RESULTS, memory_plot  # noqa: E402

TARGET = 60.0
MB = 1_000_000
BULK, PEOPLE = "one bulk task", "lists in memory"

SERVER = '''
import asyncio

APPLICATION = b"""{"id": "5f3c9c1e-0b1a-4b55-9a50-3a6f1f3f6c11", "status": "NEW", "subStatus": null,
 "creationDate": "2026-03-02T08:00:00.000Z", "source": "Northwind Careers", "sourceTypeId": "CAREER_PAGE",
 "actions": {"sourceDetails": {"method": "GET", "url": "/candidates/5f3c9c1e/jobs/b7d1/source"}}}"""
READ = b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n%s" % (
    len(APPLICATION), APPLICATION)
WRITTEN = b"HTTP/1.1 204 No Content\\r\\n\\r\\n"

class Answer(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.received = transport, b""

    def data_received(self, data):
        self.received += data
        head, found, body = self.received.partition(b"\\r\\n\\r\\n")
        if found:
            headers = [line.lower().partition(b":") for line in head.split(b"\\r\\n")]
            length = next((int(value) for name, _, value in headers if name == b"content-length"), 0)
            if len(body) >= length:
                self.received = b""
                self.transport.write(READ if head.startswith(b"GET") else WRITTEN)

async def main():
    server = await asyncio.get_running_loop().create_server(Answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
'''

MEASURE = """
import sys

def memory(name):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(name + ":"))

def imported():
    # The most that was used so far is forgotten: imports take more for a moment than they leave.
    with open("/proc/self/clear_refs", "w") as forget:
        forget.write("5")
    print("imported", memory("VmRSS"), flush=True)

items, results, url = sys.argv[1:]
"""

CHILDREN = {
    BULK: MEASURE
    + """
import json
from importlib import import_module
from pkgutil import walk_packages

import airflow_provider_smartrecruiters
for part in walk_packages(airflow_provider_smartrecruiters.__path__, "airflow_provider_smartrecruiters."):
    if ".emulator" not in part.name:
        import_module(part.name)

class TaskStateStore:
    def get(self, key):
        return None

    def set(self, key, value):
        json.dumps(value)

    def delete(self, key):
        pass

from airflow_provider_smartrecruiters.operators.candidates import RejectApplicationOperator

task = RejectApplicationOperator.bulk(task_id="reject", items=items, results_path=results, max_items=None)
imported()
result = task.execute({"task_state_store": TaskStateStore()})
print("done", result["counts"]["applied"], memory("VmHWM"), flush=True)
""",
    PEOPLE: MEASURE
    + """
import json

import requests

requests.Session().close()
imported()
with open(items) as file:
    applications = [json.loads(line) for line in file]
outcomes = []
with requests.Session() as session:
    session.headers["X-SmartToken"] = "key"
    for item in applications:
        application = f"{url}/candidates/{item['candidate_id']}/jobs/{item['job_id']}"
        before = session.get(application).json()
        answer = session.put(f"{application}/status", json={"status": "REJECTED"})
        outcomes.append({**item, "before": before, "status": answer.status_code})
with open(results, "w") as file:
    json.dump(outcomes, file)
print("done", sum(outcome["status"] == 204 for outcome in outcomes), memory("VmHWM"), flush=True)
""",
}


@dataclass(frozen=True)
class Use:
    """
    What one way of doing it took.

    :param imported: bytes of resident memory after the imports.
    :param peak: the most of it afterwards.
    :param done: records that were written.
    :param seconds: from the end of the imports to the end.
    :param grown: while it ran, seconds since the end of the imports and MB beyond them.
    """

    imported: int
    peak: int
    done: int
    seconds: float
    grown: list[tuple[float, float]]

    @property
    def on_top(self) -> float:
        """By how many MB it grew at most beyond the imports."""
        return (self.peak - self.imported) / MB


def measure(way: str, items: Path, url: str, environment: dict[str, str]) -> Use:
    """
    Carry the items out in a new process and watch its memory.

    :raises RuntimeError: it failed; the message has the end of its log.
    """
    results = items.with_name(f"{way.replace(' ', '-')}.jsonl")
    log = results.with_suffix(".log")
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-c", CHILDREN[way], str(items), str(results), url],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
        )
    (imported,) = _said(process, "imported", log)
    began = time.monotonic()
    grown, ended = [(0.0, 0.0)], threading.Event()

    def watch() -> None:
        while not ended.wait(0.5):
            if resident := _resident(process.pid):
                grown.append((time.monotonic() - began, (resident - imported) / MB))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        done, peak = _said(process, "done", log)
    finally:
        ended.set()
        watching.join()
        process.kill()
        process.wait()
    return Use(imported, peak, done, time.monotonic() - began, grown)


def _said(process: subprocess.Popen[str], word: str, log: Path) -> list[int]:
    """Return the numbers on the line that begins with the word; Airflow may log to the same stream."""
    assert process.stdout
    for line in process.stdout:
        first, *numbers = line.split()
        if first == word:
            return [int(number) for number in numbers]
    raise RuntimeError(f"It ended without a result:\n{log.read_text()[-3000:]}")


def _resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    # A process that is ending has none.
    return sum(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS:"))


def main() -> int:
    """Measure both, print and draw what they took, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=100_000, help="how many records (default: %(default)s)")
    count: int = parser.parse_args().items
    uses: dict[str, Use] = {}
    with tempfile.TemporaryDirectory(prefix="memory-") as temporary:
        folder = Path(temporary)
        items = folder / "items.jsonl"
        with items.open("w") as file:
            for _ in range(count):
                file.write(json.dumps({"candidate_id": str(uuid.uuid4()), "job_id": str(uuid.uuid4())}) + "\n")
        print(f"{count:,} records, a file of {items.stat().st_size / MB:.1f} MB", flush=True)
        with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout
                url = f"http://127.0.0.1:{int(server.stdout.readline())}"
                connection = {
                    "conn_type": "smartrecruiters",
                    "host": url,
                    "password": "key",
                    "extra": {"requests_per_second": 0, "max_concurrent": 8},
                }
                environment = airflow_environment(folder) | {
                    "AIRFLOW_CONN_SMARTRECRUITERS_DEFAULT": json.dumps(connection)
                }
                for way in CHILDREN:
                    uses[way] = measure(way, items, url, environment)
                    print(f"  {way}: {uses[way].seconds:.0f} s", flush=True)
            finally:
                server.terminate()
    return tell(uses, count)


def tell(uses: dict[str, Use], count: int) -> int:
    """Print and draw what was taken; return the exit code."""
    print(f"\n{'':16} {'after imports':>14} {'on top, most':>13} {'done':>9} {'seconds':>8}")
    for way, use in uses.items():
        print(f"{way:16} {use.imported / MB:11.1f} MB {use.on_top:10.1f} MB {use.done:9,} {use.seconds:8.0f}")
    memory_plot(
        RESULTS / "memory.png",
        f"Rejecting {count:,} applications of a file",
        {f"{way}: {use.on_top:.0f} MB": use.grown for way, use in uses.items()},
        TARGET,
    )
    bulk = uses[BULK]
    good = bulk.on_top <= TARGET and bulk.done == count
    print(f"bulk, on top of the imports: {bulk.on_top:.1f} MB (at most {TARGET:g}): {'ok' if good else 'NOT MET'}")
    return not good


if __name__ == "__main__":
    sys.exit(main())
