"""Forms: that of a new connection, and those that trigger DAGs. What is on them, and how they are filled in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from . import checks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from selenium.webdriver.remote.webelement import WebElement

    from .browser import Browser
    from .server import Field

_EDITOR = ".monaco-editor"
_TEXTS = "input:not([type=hidden]):not([type=checkbox]):not([role=combobox]), textarea"


class ConnectionForm:
    """
    The form of a new connection on Airflow 3, a dialog.

    :param browser: the browser.
    :param url: the address of the web interface.
    """

    root = "[role=dialog]"

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser = browser
        self.url = url

    @property
    def text(self) -> str:
        """All texts of the form that can be seen."""
        shown: str = self.browser.find(self.root).text
        return shown

    def open(self) -> None:
        """Open the form, for the connection type of SmartRecruiters."""
        from selenium.webdriver.common.keys import Keys

        self.browser.open(f"{self.url}/connections")
        self.browser.click("button", "Add Connection")
        self.browser.find(f"{self.root} input[role=combobox]").send_keys("SmartRecruiters", Keys.ENTER)
        self.browser.until(lambda: "API key" in self.text, "the fields of a connection")

    def open_extra_fields(self) -> None:
        """Open the section of the fields that only SmartRecruiters has."""
        self.browser.click(f"{self.root} button", "Extra Fields")
        self.browser.settle()

    def fill(self, values: Mapping[str, str]) -> None:
        """
        Fill fields in.

        :param values: by name, as in the connection's JSON. Those of an extra field need its section to be open.
        """
        for name, text in values.items():
            self.browser.write(self.browser.find(f"{self.root} :is([name='{name}'], [name='element_{name}'])"), text)

    def save(self) -> None:
        """Save the connection."""
        self.browser.click(f"{self.root} button", "Save")
        self.browser.until(lambda: not self.browser.all(self.root), "the end of the form")


class Form:
    """
    The form that triggers a DAG on Airflow 3, a dialog.

    :param browser: the browser.
    :param url: the address of the web interface.
    :param dag_id: whose form it is.
    """

    root = "[role=dialog]"

    def __init__(self, browser: Browser, url: str, dag_id: str) -> None:
        self.browser = browser
        self.url = url
        self.dag_id = dag_id

    def open(self) -> None:
        """Open the form."""
        self.browser.open(f"{self.url}/dags/{self.dag_id}")
        self.browser.click("button[data-testid='trigger-dag-button']")
        self.browser.find("[data-testid='trigger-dag-submit']")
        self.browser.settle()

    def submit(self) -> str:
        """Trigger the DAG, and return the id of the run."""
        self.browser.click("[data-testid='trigger-dag-submit']")
        driver = self.browser.driver
        self.browser.until(lambda: "/runs/" in driver.current_url, f"the run of {self.dag_id}")
        return unquote(driver.current_url.split("/runs/")[1].split("/")[0].split("?")[0])

    def field(self, field: Field) -> WebElement | None:
        """Return a field with its label and its help, seen or not; None if it is not there."""
        found: WebElement | None = self.browser.run("return window.shots.field(arguments[0])", field.name)
        return found

    def problems(self, fields: Iterable[Field]) -> list[str]:
        """Return what is wrong with the fields: one is missing or out of sight, or a drop-down shows codes."""
        return [sentence for field in fields for sentence in self._problems(field, self.field(field))]

    def _problems(self, field: Field, box: WebElement | None) -> list[str]:
        named = f'The field "{field.title}" ({field.name})'
        if box is None:
            return [f"{named} is missing."]
        if not box.is_displayed():
            return [f"{named} cannot be seen until its section is opened."]
        if field.title not in box.text:
            return [f"{named} has another label."]
        return checks.choices(field.title, self.choices(box))

    def choices(self, box: WebElement) -> list[str]:
        """Return the texts of a drop-down, what is chosen included; nothing for another field."""
        # Airflow 2.11 has drop-downs of HTML, drawn over by a script.
        options = "return [...arguments[0].querySelectorAll('select option')].map(option => option.text.trim())"
        if texts := self.browser.run(options, box):
            return texts
        menus = box.find_elements("css selector", "input[role=combobox]")
        return self._opened(box, menus[0]) if menus else []

    def _opened(self, box: WebElement, menu: WebElement) -> list[str]:
        from selenium.webdriver.common.keys import Keys

        chosen = "return [...arguments[0].querySelectorAll('[aria-label^=Remove]')].map(b => b.parentElement.innerText)"
        texts: list[str] = self.browser.run(chosen, box)
        menu.send_keys(Keys.ARROW_DOWN)
        self.browser.until(lambda: menu.get_attribute("aria-expanded") == "true", "an open drop-down")
        texts += [option.text for option in box.find_elements("css selector", "[role=option]")]
        # Escape would close the dialog as well.
        self.browser.run("arguments[0].blur()", menu)
        self.browser.until(lambda: menu.get_attribute("aria-expanded") == "false", "a closed drop-down")
        return texts

    def fill(self, fields: Iterable[Field], values: Mapping[str, Any]) -> None:
        """
        Fill the form in.

        :param fields: what the DAG declares.
        :param values: by the param's name; fields that are left out keep what the form begins with.
        """
        for field in fields:
            value = values.get(field.name, field.suggested)
            if value != field.value and (box := self.field(field)):
                self._enter(box, field, value)

    def _enter(self, box: WebElement, field: Field, value: Any) -> None:
        def parts(selector: str) -> list[WebElement]:
            return box.find_elements("css selector", selector)

        if switches := parts("input[type=checkbox]"):
            self.browser.run("arguments[0].click()", switches[0])
        elif menus := parts("input[role=combobox]"):
            self._choose(menus[0], field.words(value))
        elif editors := parts(_EDITOR):
            self._edit(editors[0], json.dumps(value, indent=2))
        else:
            self._type(parts(_TEXTS)[0], "\n".join(value) if isinstance(value, list) else str(value))

    def _choose(self, menu: WebElement, words: str) -> None:
        from selenium.webdriver.common.keys import Keys

        menu.send_keys(words, Keys.ENTER)

    def _edit(self, editor: WebElement, text: str) -> None:
        from selenium.webdriver.common.keys import Keys

        editor.click()
        self.browser.driver.switch_to.active_element.send_keys(Keys.CONTROL, "a")
        # As pasted: what is typed, the editor would complete with brackets.
        self.browser.driver.execute_cdp_cmd("Input.insertText", {"text": text})

    def _type(self, entry: WebElement, text: str) -> None:
        if entry.get_attribute("type") == "date":
            # How a date is typed depends on the language of the machine.
            self.browser.run(
                "const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;"
                "set.call(arguments[0], arguments[1]);"
                "for (const name of ['input', 'change']) arguments[0].dispatchEvent(new Event(name, {bubbles: true}))",
                entry,
                text,
            )
            return
        self.browser.write(entry, text)


class OldForm(Form):
    """The form that triggers a DAG on Airflow 2.11, a page."""

    root = "#trigger_form"

    def open(self) -> None:
        """Open the form."""
        self.browser.open(f"{self.url}/dags/{self.dag_id}/trigger")
        self.browser.find(self.root)
        self.browser.settle()
