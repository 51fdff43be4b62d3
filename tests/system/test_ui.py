"""`make ui` in a real browser: what a person sees of the connection, of a trigger form and of a run's log."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smartrecruiters import connection_form
from airflow_provider_smartrecruiters.api.jobs import JOB_STATUSES
from airflow_provider_smartrecruiters.api.values.addresses import web_address
from airflow_provider_smartrecruiters.operators.forms import words
from scripts.local_stack import free_port
from scripts.screenshots import browser as chromium

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(importlib.util.find_spec("airflow.sdk") is None, reason="make ui is for Airflow 3"),
]

UI = Path(__file__).parents[2] / "scripts" / "ui.py"
DAG_ID = "smartrecruiters_update_job_status"
JOB_ID = "afadcca8-a951-4f10-8c75-f70b5685053c"
"""A job of the local SmartRecruiters, in the status SOURCING."""
PATIENCE = 180


def fetch(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


def eventually(look: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Return what `look` finds, as soon as it finds anything."""
    from selenium.common.exceptions import WebDriverException

    deadline = time.monotonic() + patience
    while True:
        try:
            if found := look():
                return found
        except (WebDriverException, OSError):
            pass  # not there yet, or too busy to answer
        if time.monotonic() > deadline:
            pytest.fail(f"not seen in {patience} s: {what}")
        time.sleep(0.25)


@dataclass(frozen=True)
class Stack:
    """The web interface and the local SmartRecruiters behind it."""

    url: str
    emulator: str
    home: Path

    def journal(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = fetch(f"{self.emulator}/__emulator__/journal")
        return entries


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """`make ui`, ended as Ctrl-C does."""
    home, output = tmp_path_factory.mktemp("ui"), tmp_path_factory.mktemp("output") / "ui.log"
    command = [sys.executable, "-u", str(UI), "--port", str(free_port()), "--home", str(home)]
    with output.open("w") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
    try:
        while "Ctrl-C ends it" not in (said := output.read_text()):
            assert process.poll() is None, said
            time.sleep(0.5)
        url, emulator = re.findall(r"http://[\d.]+:\d+", said[said.index("Airflow: ") :])[:2]
        eventually(lambda: fetch(f"{url}/api/v2/dags/{DAG_ID}"), "the example DAG")
        yield Stack(url, emulator, home)
    finally:
        process.send_signal(signal.SIGINT)
        # Three processes, and a machine that may have other things to do.
        code = process.wait(timeout=180)
    assert code == 0, output.read_text()
    for address in (url, emulator):
        with pytest.raises(urllib.error.URLError):
            fetch(address)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    if chromium.programs() is None:
        if os.environ.get("SMARTRECRUITERS_TESTS_REQUIRE_BROWSER"):
            pytest.fail(chromium.MISSING)
        pytest.skip(chromium.MISSING)
    opened = chromium.start(tmp_path_factory.mktemp("chromium"), height=1600)
    yield opened
    opened.quit()


@pytest.fixture
def shot(request: pytest.FixtureRequest, browser: Chrome, tmp_path: Path) -> Callable[[str], None]:
    """Keep a picture for a person: in SMARTRECRUITERS_TESTS_SHOTS, or among pytest's own files."""
    folder = Path(os.environ.get("SMARTRECRUITERS_TESTS_SHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    number = itertools.count(1)

    def take(name: str) -> None:
        assert browser.save_screenshot(str(folder / f"{request.node.name}-{next(number)}-{name}.png"))

    return take


def find(browser: Chrome, selector: str, text: str | None = None) -> WebElement:
    """Return the first visible element that a CSS selector (and a text) describes, once it is there."""

    def look() -> WebElement | None:
        elements = browser.find_elements("css selector", selector)
        return next((e for e in elements if e.is_displayed() and text in (None, e.text)), None)

    found: WebElement = eventually(look, f"{selector} {text or ''}")
    return found


def body(browser: Chrome) -> str:
    return str(browser.find_element("css selector", "body").text)


def test_the_connection_has_its_form_and_works(stack: Stack, browser: Chrome, shot: Callable[[str], None]) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.get(f"{stack.url}/connections")
    test_button = find(browser, "button[aria-label='Test Connection']")
    icon = test_button.get_attribute("innerHTML")
    test_button.click()
    eventually(lambda: test_button.get_attribute("innerHTML") != icon, "the outcome of the test")
    shot("tested")
    assert "Test Connection Failed" not in body(browser)

    # A new one: the form of one that exists shows only those extra fields that it has a value for.
    find(browser, "button", "Add Connection").click()
    dialog = find(browser, "[role=dialog]")
    find(browser, "[role=dialog] input[role=combobox]").send_keys("SmartRecruiters", Keys.ENTER)
    eventually(lambda: "API key" in dialog.text, "the standard fields")
    shot("standard-fields")
    assert "SmartRecruiters" in dialog.text
    assert "Base URL" in dialog.text
    find(browser, "[role=dialog] button", "Extra Fields").click()
    eventually(lambda: "Environment" in dialog.text, "the extra fields")
    shot("extra-fields")
    for field in connection_form.EXTRA_FIELDS:
        assert field.label in dialog.text
    assert "Port" not in dialog.text


def trigger(stack: Stack, browser: Chrome, shot: Callable[[str], None], *, plan_only: bool) -> str:
    """Fill the trigger form in, send it, and return the log of the task."""
    from selenium.webdriver.common.keys import Keys

    browser.get(f"{stack.url}/dags/{DAG_ID}")
    find(browser, "button[data-testid='trigger-dag-button']").click()
    status = find(browser, "#element_status input[role=combobox]")
    status.send_keys(Keys.ARROW_DOWN)
    offered = find(browser, "#element_status [role=listbox]").find_elements("css selector", "[role=option]")
    assert [option.text for option in offered] == [words(JOB_STATUSES)[status] for status in JOB_STATUSES]
    shot("drop-down")
    status.send_keys("Filled", Keys.ENTER)
    # As people do: from the browser's address bar.
    job, address = (
        find(browser, "input#element_job_id, #element_job_id input"),
        web_address(stack.emulator, {"job_id": JOB_ID}),
    )
    job.click()
    # As pasted: of what is typed, a form that is being drawn may lose a character.
    browser.execute_cdp_cmd("Input.insertText", {"text": address})
    eventually(lambda: job.get_attribute("value") == address, "the whole address in the field")
    switch = browser.find_element("css selector", "input[name=element_plan_only]")
    assert switch.is_selected(), "planning must be the default"
    if not plan_only:
        browser.execute_script("arguments[0].click()", switch)
    shot("form")
    find(browser, "[data-testid='trigger-dag-submit']").click()

    eventually(lambda: "/runs/" in browser.current_url, "the new run")
    run = browser.current_url.split("/runs/")[1].split("/")[0]
    state = f"{stack.url}/api/v2/dags/{DAG_ID}/dagRuns/{run}"
    eventually(lambda: fetch(state)["state"] in ("success", "failed"), "the run's end")
    assert fetch(state)["state"] == "success", (stack.home / "airflow.log").read_text()[-20000:]
    browser.get(f"{stack.url}/dags/{DAG_ID}/runs/{run}/tasks/update_job_status")
    eventually(lambda: "Post Execute" in body(browser), "the log")
    shot("log")
    return body(browser)


def test_a_run_plans_then_changes_then_has_nothing_to_do(
    stack: Stack, browser: Chrome, shot: Callable[[str], None]
) -> None:
    log = trigger(stack, browser, shot, plan_only=True)
    assert "status: SOURCING -> FILLED" in log
    assert "Nothing was sent: plan_only is on." in log
    assert stack.journal() == []

    log = trigger(stack, browser, shot, plan_only=False)
    assert "status: SOURCING -> FILLED" in log
    assert "Done: changed." in log
    assert [(entry["operation_id"], entry["body"]) for entry in stack.journal()] == [
        ("jobs.status.update", {"status": "FILLED"})
    ]

    log = trigger(stack, browser, shot, plan_only=False)
    assert "Nothing to do: already FILLED." in log
    assert len(stack.journal()) == 1


def test_a_taken_port_is_explained(stack: Stack, tmp_path: Path) -> None:
    port = stack.url.rpartition(":")[2]
    command = [sys.executable, str(UI), "--port", port, "--home", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert f"Port {port} cannot be used" in done.stderr
    assert f"make PORT={int(port) + 1} ui" in done.stderr
