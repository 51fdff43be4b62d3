"""`make shots` finds fault with what a person could not read or use."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts.screenshots import checks
from scripts.screenshots.album import Album

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_smartrecruiters.emulator.handle import SmartRecruitersEmulator
    from scripts.screenshots.browser import Browser

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(1200)]

ROOT = Path(__file__).parents[2]
LOG = "<div id=log style='width: 300px; overflow: auto; white-space: nowrap; font: 12px monospace'>{}</div>"
LINE = "<div data-index=1><span class=event>{}</span></div>"
RAISED = "<div data-index=2>{} failed<details open><summary>{}</summary><p>{}</p></details></div>"
LONG = "Could not change the status of job 1 over the connection a: " + "x" * 300


@pytest.fixture
def found(browser: Browser, tmp_path: Path) -> Callable[[str], list[str]]:
    """Return what is wrong with a page."""

    def look(html: str) -> list[str]:
        (tmp_path / "page.html").write_text(f"<!doctype html><body>{html}</body>", encoding="utf-8")
        browser.open((tmp_path / "page.html").as_uri())
        browser.settle()
        return checks.page(browser, browser.find("body"))

    return look


def cut(browser: Browser, found: Callable[[str], list[str]], html: str) -> list[str]:
    found(LOG.format(html))
    return checks.lines(browser, browser.find("#log"))


def test_texts_that_lie_over_each_other_are_found(found: Callable[[str], list[str]]) -> None:
    assert found("<p style='margin: 0'>one line</p><p style='margin: -12px 0 0'>the next one</p>") == [
        '"one line" and "the next one" are drawn over each other.'
    ]


def test_a_background_that_covers_the_line_above_is_found(found: Callable[[str], list[str]]) -> None:
    code = "<code style='padding: 8px; background: silver'>code</code>"
    assert found(f"<p style='line-height: 1.2'>a line<br>{code}</p>") == [
        '"a line" and "code" are drawn over each other.'
    ]


@pytest.mark.parametrize(
    "html",
    [
        "<p style='line-height: 1.6'>a line<br><code style='padding: 2px; background: silver'>code</code></p>",
        "<p>one line</p><p>the next one</p>",
        "<p style='line-height: 1.1'>text with <code style='padding: 4px'>code</code> in<br>two lines</p>",
        "<div style='overflow: hidden; height: 0'>folded</div><p>shown</p>",
        "<p>below</p><div style='position: fixed; inset: 0; background: white'>a dialog</div>",
    ],
)
def test_texts_that_do_not_are_none_of_these(found: Callable[[str], list[str]], html: str) -> None:
    assert found(html) == []


def test_an_error_message_is_found_even_after_it_has_gone(found: Callable[[str], list[str]]) -> None:
    toast = "<div data-scope=toast data-part=root data-type={}>{}</div>"
    gone = "<script>requestAnimationFrame(() => document.querySelector('[data-type=error]').remove())</script>"
    html = toast.format("error", "Bad Request") + toast.format("success", "Saved") + gone
    assert found(html) == ['The page shows the error "Bad Request".']


def test_a_broken_link_is_found(
    found: Callable[[str], list[str]], smartrecruiters_emulator: SmartRecruitersEmulator
) -> None:
    here = smartrecruiters_emulator.url
    wrong = [f"{here}/__emulator__/nothing", "https://example.com/None", "http://host/page", "https://example.com/a."]
    right = [f"{here}/__emulator__/stats", "https://www.smartrecruiters.com/app/jobs/details/1"]
    told = found("".join(f"<a href='{address}'>a page</a><br>" for address in [*wrong, *right]))
    assert [sentence.split()[2].removesuffix(",") for sentence in told] == wrong
    assert "answers 404" in told[0]


def test_no_picture_shows_a_path_of_this_machine(
    browser: Browser, found: Callable[[str], list[str]], tmp_path: Path
) -> None:
    path = f"{ROOT}/example_dags/assets/sources.csv"
    found(f"<input value='{path}'><p>No file {path}</p>")
    Album(browser, tmp_path).take("page", "body")
    assert (tmp_path / "page.png").stat().st_size
    shown = [browser.find("input").get_attribute("value"), browser.find("p").text.removeprefix("No file ")]
    assert shown == ["/opt/airflow/example_dags/assets/sources.csv"] * 2


def test_a_line_that_is_cut_off_is_found(browser: Browser, found: Callable[[str], list[str]]) -> None:
    (sentence,) = cut(browser, found, LINE.format("short") + LINE.format("x" * 300))
    assert sentence.startswith(f'The line "{"x" * 100} [...]" (300 characters) is cut off')


def test_the_viewers_line_of_an_exception_may_be_cut_off_if_the_log_has_its_text(
    browser: Browser, found: Callable[[str], list[str]]
) -> None:
    raised = RAISED.format("Task", f"TransientError: {LONG}", "File " + "/a" * 300)
    assert len(cut(browser, found, raised)) == 1
    above = "".join(LINE.format(part) for part in ("Could not change the status of job 1", "over the connection a"))
    assert cut(browser, found, above + raised) == []


@pytest.mark.parametrize("text", ["ON_HOLD", "NEW", "null", "", "9c3a8f0e-3b2f-4a8e-9d57-0c4b9a1c7b11", "12345678"])
def test_what_is_written_for_programs_is_a_code(text: str) -> None:
    assert checks.is_code(text)


@pytest.mark.parametrize("text", ["On hold", "New", "Leave as it is", "A new position", "In review (3)", "30"])
def test_what_is_written_for_people_is_not(text: str) -> None:
    assert not checks.is_code(text)


@pytest.mark.skipif(importlib.util.find_spec("airflow.sdk") is None, reason="the form differs on Airflow 2.11")
def test_what_is_hard_to_read_in_a_real_airflow_is_found(browser: Browser, tmp_path: Path) -> None:
    dags, pictures = ROOT / "tests" / "system" / "faulty_dags", tmp_path / "pictures"
    options = ["--dags", str(dags), "--into", str(pictures), "--home", str(tmp_path / "home")]
    command = [sys.executable, str(ROOT / "scripts" / "shots.py"), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = [line.strip() for line in done.stderr.partition("To fix:")[2].splitlines() if line.strip()]
    assert done.returncode == 1, done.stderr
    assert told[:2] == [
        'hard_to_read-form: The drop-down "Status" shows codes instead of words: ON_HOLD, FILLED.',
        'hard_to_read-form: The field "Hidden" (hidden) cannot be seen until its section is opened.',
    ]
    assert told[2].startswith(f'hard_to_read-log: write: The line "{"x" * 100} [...]" (300 characters) is cut off')
    assert len(told) == 3
    assert sorted(path.name for path in pictures.iterdir()) == ["hard_to_read-form.png", "hard_to_read-log.png"]
    assert "2 to fix" in done.stdout
