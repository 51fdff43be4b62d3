"""Processes that share a schedule, for real and all at once."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from typing import Any

from airflow_provider_smartrecruiters.api.pacing.store import open_store

TAKE_TURNS = """
import json, sys, time
from airflow_provider_smartrecruiters.api.pacing.store import open_store
location, key, turns, per_second = json.loads(sys.argv[1])
schedule = open_store(location).schedule(key)
print("ready", flush=True)
sys.stdin.readline()
taken = []
for _ in range(turns):
    taken.append(schedule.reserve(per_second) + time.time())
print(json.dumps(taken))
"""

FORK = """
import json, os, sys, threading, time
from airflow_provider_smartrecruiters.api.pacing.store import open_store
location, key = json.loads(sys.argv[1])
schedule = open_store(location).schedule(key)

def take(turns):
    return [schedule.reserve(0.1) + time.time() for _ in range(turns)]

print("ready", flush=True)
sys.stdin.readline()
# A thread takes turns at the moment of the fork, so that locks are held and answers are on their way.
of_parent = []
thread = threading.Thread(target=lambda: of_parent.extend(take(200)))
thread.start()
time.sleep(0.02)
reads, writes = os.pipe()
if os.fork() == 0:
    with os.fdopen(writes, "w") as back:
        json.dump(take(200), back)
    os._exit(0)
os.close(writes)
with os.fdopen(reads) as back:
    of_child = json.load(back)
thread.join()
print(json.dumps([of_parent, of_child]))
"""

LOOP = """
import json, sys
from airflow_provider_smartrecruiters.api.pacing.store import open_store
location, key = json.loads(sys.argv[1])
schedule = open_store(location).schedule(key)
print("ready", flush=True)
while True:
    schedule.reserve(1_000_000)
"""

OPEN = """
import json, sys
from airflow_provider_smartrecruiters.api.pacing.store import open_store
location, key = json.loads(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(json.dumps(open_store(location).schedule(key).reserve(1) < 100))
"""

HOLD_FILE = """
import fcntl, json, sys, time
file = open(json.loads(sys.argv[1]), "r+b")
fcntl.flock(file, fcntl.LOCK_EX)
print("ready", flush=True)
time.sleep(600)
"""


def started(script: str, arguments: Any) -> subprocess.Popen[str]:
    """Run a script in a process of its own until it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, json.dumps(arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def together(script: str, arguments: list[Any]) -> list[Any]:
    """Run a script in as many processes as there are arguments, all at the same moment."""
    running = [started(script, one) for one in arguments]
    for process in running:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    return [json.loads(process.communicate(timeout=120)[0]) for process in running]


def shortest_gap(moments: list[float]) -> float:
    return min(after - before for before, after in pairwise(sorted(moments)))


def fill(location: str, key: str) -> None:
    """Move a schedule half a minute ahead, so that no turn of it is over when it arrives and asked for again."""
    open_store(location).schedule(key)
    open_store(location).advance(key, interval=30_000_000, lead=0, far=10**12)
