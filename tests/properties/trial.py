"""How an input is drawn and tried: the same for the tests and for `scripts/fuzz.py`, which only counts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import seed as with_seed
from hypothesis import strategies as st

from airflow_provider_smartrecruiters.api.http.client import SmartRecruitersClient

if TYPE_CHECKING:
    from pathlib import Path

    from hypothesis.strategies import SearchStrategy

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from tests.properties.arguments import Arguments
    from tests.properties.judge import Judge
    from tests.properties.subjects import Subject

SWITCHES = st.fixed_dictionaries(
    {},
    optional={"force": st.booleans(), "read_first": st.booleans(), "plan_only": st.sampled_from((False, False, True))},
)
"""What of the two verbs a caller can choose. All of it is of the right type: these are arguments of ours."""

UNHURRIED = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
PACE_OFF = {"requests_per_second": 0, "max_concurrent": 0}


def connect(emulator: SmartRecruitersEmulator) -> SmartRecruitersClient:
    """Return a client without pacing."""
    return SmartRecruitersClient.from_credentials(
        base_url=emulator.url, password=emulator.api_key, requests_per_second=0, max_concurrent=0, timeout=10
    )


def connection_json(emulator: SmartRecruitersEmulator) -> str:
    """Return the same as a connection of Airflow."""
    return json.dumps({**emulator.connection, "extra": PACE_OFF})


def write_files(directory: Path) -> Path:
    """Put files into a directory that a parameter may name, and return it."""
    (directory / "portrait.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(32))
    (directory / "empty.png").touch()
    (directory / "a letter.png").write_text("Ada Lovelace applies.")
    (directory / "large.gif").write_bytes(b"GIF89a" + bytes(5 * 1024 * 1024))
    (directory / "a directory").mkdir()
    (directory / "endless.png").symlink_to("endless.png")
    (directory / "device.png").symlink_to("/dev/zero")
    return directory


def run(
    judge: Judge,
    subject: Subject,
    arguments: SearchStrategy[Arguments],
    tried: settings,
    *,
    raising: bool,
    seed: int = 0,
) -> None:
    """
    Try as many inputs as the settings say.

    :param seed: of the inputs, where the settings do not derive them.
    :param raising: whether the first input that something is wrong with ends the run, made as small as can be.
    """

    @settings(tried, suppress_health_check=UNHURRIED, deadline=None)
    @given(given_arguments=arguments, switches=SWITCHES, exists=st.sampled_from((True, True, True, False)))
    def try_one(given_arguments: Arguments, switches: dict[str, Any], exists: bool) -> None:
        problems = judge.problems(subject, given_arguments, switches, exists=exists)
        if problems and raising:
            raise AssertionError("\n".join(f"{problem.kind}: {problem.what}" for problem in problems))

    (try_one if tried.derandomize else with_seed(seed)(try_one))()
