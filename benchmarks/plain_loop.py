"""A plain loop with `requests`, as people write it, to set beside a bulk task."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "scripts"))

from local_stack import Emulator, emulator  # noqa: E402
from tenant import write_tenant  # noqa: E402

# One after the other, no pace of its own, a second's sleep after a 429.
_LOOP = """
import json, sys, time
import requests

url, api_key, reason_id, items = sys.argv[1:]
headers = {"X-SmartToken": api_key}
records = json.load(open(items))
print(time.time(), flush=True)
for item in records:
    application = f"{url}/candidates/{item['candidate_id']}/jobs/{item['job_id']}"
    while True:
        # READ
        response = requests.put(
            f"{application}/status", headers=headers, json={"status": "REJECTED", "reason": reason_id}
        )
        if response.status_code == 429:
            time.sleep(1)
            continue
        response.raise_for_status()
        break
print(time.time(), flush=True)
"""
_READ = """
        response = requests.get(application, headers=headers)
        if response.status_code == 429:
            time.sleep(1)
            continue
        response.raise_for_status()
        if response.json()["status"] == "REJECTED":
            break
"""


@dataclass(frozen=True)
class Loop:
    """
    What the loop came to.

    :param items: how many records it wrote.
    :param seconds: from the first request to the last answer; starting Python is not in it.
    :param refused: answers with 429.
    :param not_once: records that were not written exactly once.
    """

    items: int
    seconds: float
    refused: int
    not_once: int

    @property
    def per_item(self) -> float:
        """Seconds for each record."""
        return self.seconds / self.items


def loop(server: Emulator, reason_id: str, items: Path, *, read_first: bool = False) -> tuple[float, float, str]:
    """
    Let the loop reject applications.

    :param items: a file with them, JSON.
    :param read_first: whether each is read before it is written.
    :return: when it began and ended, in seconds since the epoch, and what it said if it ended early.
    """
    text = _LOOP.replace("        # READ\n", _READ if read_first else "")
    command = [sys.executable, "-c", text, server.url, server.api_key, reason_id, str(items)]
    script = subprocess.run(command, capture_output=True, text=True, check=False)
    began, *ended = map(float, script.stdout.split())
    return began, *(ended or [time.time()]), script.stderr[-3000:] if script.returncode else ""


def run_loop(folder: Path, items: int, latency: int) -> Loop:
    """
    Let the loop reject applications in a fresh local SmartRecruiters.

    :param folder: an empty one, for what is needed meanwhile.
    :param items: how many applications.
    :param latency: milliseconds that each request takes at the server.
    :raises RuntimeError: the loop ended early; the message has what it said.
    """
    folder.mkdir(parents=True)
    seed, listed = folder / "tenant.json", folder / "items.json"
    records = write_tenant(seed, items)
    listed.write_text(json.dumps(records))
    reason_id = next(iter(json.loads(seed.read_text())["rejection_reasons"]))
    with emulator(folder / "emulator.log", "--seed", str(seed), "--latency", str(latency)) as server:
        began, ended, failure = loop(server, reason_id, listed)
        if failure:
            raise RuntimeError(f"The plain loop failed:\n{failure}")
        writes = Counter(one["path"] for one in server.journal() if one["applied"])
        refused = server.told("stats")["rate_limited"]
    paths = [f"/candidates/{one['candidate_id']}/jobs/{one['job_id']}/status" for one in records]
    return Loop(items, ended - began, refused, sum(writes[path] != 1 for path in paths))
