"""What the client costs per write, beside a bare `requests.Session` call.

    python benchmarks/client_time.py            # or: make bench-client

The same write goes to the same small server, which answers at once, in two ways, by turns: through
`SmartRecruitersClient.request` (and, for the record, through `apply`, which a batch calls for each item), and as
`session.put(url, json=..., headers=..., timeout=...)`. Pacing is off. Compared is the processor time of the whole
process, all of its threads: what the network and the server take is the same for both. Prints the ratio and writes
benchmarks/results/client_time.png; exit code 1 if the ratio is above 1.2.
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
ROUNDS = 15

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
    options.add_argument("--writes", type=int, default=300, help="writes in each of the rounds (default: %(default)s)")
    count: int = options.parse_args().writes

    import requests

    from airflow_provider_smartrecruiters.api.change import apply
    from airflow_provider_smartrecruiters.api.client import SmartRecruitersClient
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

        def bare() -> object:
            answer = session.put(f"{url}/jobs/6f1c/note", json=body, headers={"X-SmartToken": "key"}, timeout=128)
            answer.raise_for_status()
            return answer.json()

        def ours() -> object:
            return client.request("PUT", "/jobs/{jobId}/note", path_params={"jobId": "6f1c"}, json=body)

        def applied() -> object:
            return apply(client, UpdateJobNote(job_id="6f1c", content=body["content"]), read_first=False)

        ways = {"requests.Session": bare, "client.request": ours, "apply": applied}
        for write in ways.values():
            cost(write, 50)
        seen: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, write in ways.items():
                seen[name].append(cost(write, count))
    finally:
        server.terminate()
    medians = {name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in seen.items()}
    print(f"{'':20}  processor ms  wall ms     (medians of {ROUNDS} rounds of {count} writes)")
    for name, (cpu, wall) in medians.items():
        print(f"{name:20}  {cpu:12.3f}  {wall:7.3f}")
    ratios = [mine[0] / base[0] for mine, base in zip(seen["client.request"], seen["requests.Session"], strict=True)]
    ratio = statistics.median(ratios)
    of_apply = medians["apply"][0] / medians["requests.Session"][0]
    spread_plot(
        RESULTS / "client_time.png",
        f"A write, {ROUNDS} rounds of {count}",
        "processor time, ms",
        {name: [cpu for cpu, _ in rows] for name, rows in seen.items()},
        TARGET * medians["requests.Session"][0],
    )
    verdict = "ok" if ratio <= TARGET else "TOO SLOW"
    print(f"client.request / requests.Session: {ratio:.2f} (at most {TARGET}): {verdict}; apply: {of_apply:.2f}")
    return ratio > TARGET


if __name__ == "__main__":
    sys.exit(main())
