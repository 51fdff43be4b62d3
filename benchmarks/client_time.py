"""What the client costs per write, beside a bare `requests.Session` call.

    python benchmarks/client_time.py            # or: make bench-client

The same write goes to the same small server, which answers at once, in three ways, by turns: as
`session.put(url, json=..., headers=..., timeout=...)`, through `SmartRecruitersClient.request`, and through `apply`,
which a batch calls for each record. Pacing is off. Compared is the processor time of the whole process, all of its
threads: what the network and the server take is the same for all. Prints the ratios, round by round and of those the
median, and writes benchmarks/results/client_time.png; exit code 1 if one of them is above 1.2.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from plots import RESULTS, spread_plot

TARGET = 1.2
ROUNDS = 60
"""Many and short ones: whatever else the machine does then falls on all three ways alike."""

BARE = "requests.Session"

SERVER = """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_PUT(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"content": "x"}'
        self.wfile.write(
            b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\n"
            b"X-RateLimit-Limit: 10\\r\\nX-RateLimit-Remaining: 9\\r\\n"
            b"Content-Length: %d\\r\\n\\r\\n%s" % (len(body), body)
        )
    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
server.socket.setsockopt(6, 1, 1)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


def cost(write: Callable[[], object], count: int) -> tuple[float, float]:
    """Return the processor time and the time that a write takes, in milliseconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(count):
        write()
    return (time.process_time() - cpu) / count * 1000, (time.perf_counter() - wall) / count * 1000


def main() -> int:
    """Measure, print, and return the exit code."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--writes", type=int, default=50, help="writes in each of the rounds (default: %(default)s)")
    count: int = options.parse_args().writes

    import requests

    from airflow_provider_smartrecruiters.api.converge.apply import apply
    from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient
    from airflow_provider_smartrecruiters.api.jobs import UpdateJobNote

    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"
        body = {"content": "The hiring manager wants to see two more candidates. " * 4}
        session = requests.Session()
        client = SmartRecruitersClient.from_credentials(
            password="key", base_url=url, requests_per_second=0, max_concurrent=0
        )

        job = "6f1c2a9e-0b1a-4b55-9a50-3a6f1f3f6c11"

        def bare() -> object:
            return session.put(f"{url}/jobs/{job}/note", json=body, headers={"X-SmartToken": "key"}, timeout=128)

        def ours() -> object:
            return client.request("PUT", "/jobs/{jobId}/note", path_params={"jobId": job}, json=body)

        def applied() -> object:
            return apply(client, UpdateJobNote(job_id=job, content=body["content"]), read_first=False)

        ways = {BARE: bare, "client.request": ours, "apply": applied}
        for write in ways.values():
            cost(write, 50)
        seen: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, write in ways.items():
                seen[name].append(cost(write, count))
    finally:
        server.terminate()
    return tell(seen, count)


def tell(seen: dict[str, list[tuple[float, float]]], count: int) -> int:
    """Print and draw what the writes cost; return the exit code."""
    print(f"{'':18} processor ms  x bare   wall ms  x bare     (medians of {ROUNDS} rounds of {count} writes)")
    slow = []
    for name, rows in seen.items():
        cpu, wall = (statistics.median(column) for column in zip(*rows, strict=True))
        pairs = list(zip(rows, seen[BARE], strict=True))
        of_cpu, of_wall = (statistics.median(mine[kind] / bare[kind] for mine, bare in pairs) for kind in (0, 1))
        print(f"{name:18} {cpu:12.3f}  {of_cpu:6.2f}  {wall:8.3f}  {of_wall:6.2f}")
        if of_cpu > TARGET:
            slow.append(name)
    spread_plot(
        RESULTS / "client_time.png",
        f"A write, {ROUNDS} rounds of {count}",
        "processor time, ms",
        {name: [cpu for cpu, _ in rows] for name, rows in seen.items()},
        TARGET * statistics.median(cpu for cpu, _ in seen[BARE]),
    )
    print(f"at most {TARGET} x the processor time of {BARE}: {'NOT MET by ' + ', '.join(slow) if slow else 'ok'}")
    return bool(slow)


if __name__ == "__main__":
    sys.exit(main())
