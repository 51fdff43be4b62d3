"""A plain loop with `requests` that only writes, to set beside a bulk task that only writes."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "scripts"))

from local_stack import emulator  # noqa: E402
from tenant import write_tenant  # noqa: E402

# As people write it: one after the other, no pace of its own, a second's sleep after a 429.
LOOP = """
import json, sys, time
import requests

url, api_key, reason_id, items = sys.argv[1:]
headers = {"X-SmartToken": api_key}
records = json.load(open(items))
began = time.time()
for item in records:
    while True:
        response = requests.put(
            f"{url}/candidates/{item['candidate_id']}/jobs/{item['job_id']}/status",
            headers=headers,
            json={"status": "REJECTED", "reason": reason_id},
        )
        if response.status_code != 429:
            break
        time.sleep(1)
    response.raise_for_status()
print(time.time() - began)
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
        script = subprocess.run(
            [sys.executable, "-c", LOOP, server.url, server.api_key, reason_id, str(listed)],
            capture_output=True,
            text=True,
            check=False,
        )
        if script.returncode:
            raise RuntimeError(f"The plain loop failed:\n{script.stderr[-3000:]}")
        writes = Counter(one["path"] for one in server.journal() if one["applied"])
        with urllib.request.urlopen(f"{server.url}/__emulator__/stats", timeout=30) as answer:
            refused = json.load(answer)["rate_limited"]
    paths = [f"/candidates/{one['candidate_id']}/jobs/{one['job_id']}/status" for one in records]
    return Loop(items, float(script.stdout), refused, sum(writes[path] != 1 for path in paths))
