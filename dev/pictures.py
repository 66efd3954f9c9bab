"""`make pictures`: the README's pictures, taken on the way from two accounts to books.

A browser goes the guided way as a bookkeeper does, with the sample firm. It prints how
many clicks that takes, and how many seconds until the first invoice is in QuickBooks.
"""

from __future__ import annotations

import json
import time

from playwright.sync_api import Locator, Page, sync_playwright

from .demo import INVOICE, Demo, new_demo
from .setup import browser, paths
from .setup.console import main
from .setup.postgres import postgres
from .sign_in import sign_in

FOLDER = paths.ROOT / "static" / "description"
# Wide enough for the chatter to stand beside the form.
SIZE = {"width": 1600, "height": 860}
MIDDLE = (SIZE["width"] // 3, SIZE["height"] // 2)
SAMPLE_NUMBER = "INV-10003"
PATIENCE = 60_000
TABS = ("GL Account Map", "Sales Tax Map")


class Story:
    """One browser page, what was clicked on it, and the pictures that were taken."""

    def __init__(self, demo: Demo, page: Page) -> None:
        self.demo = demo
        self.page = page
        self.clicks = 0

    def open(self, path: str, loaded: str) -> None:
        """Open a page of Odoo; ``loaded`` selects what shows that it is there."""
        self.page.goto(f"{self.demo.url}/odoo/{path}")
        self.page.wait_for_selector(loaded, timeout=PATIENCE)

    def click(self, what: str | Locator) -> None:
        """Click, as a person does, and count it."""
        target = self.page.locator(what) if isinstance(what, str) else what
        target.first.click(timeout=PATIENCE)
        self.clicks += 1

    def keep(self, name: str) -> None:
        """Take a picture of what is seen now."""
        # What was pressed last stays marked otherwise.
        self.page.mouse.move(0, 0)
        self.page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")
        print(f"  static/description/{name}.png", flush=True)

    # --- the story ---

    def connect(self) -> None:
        """From the keys of both sides to the lists of both sides."""
        self.demo.make_connection()
        path = f"actionstep-connections/{self.demo.connection_id}"
        self.open(path, ".o_actionstep_steps")
        self.keep("connect")
        self.click("button[name=action_connect_actionstep]")
        self.page.wait_for_selector("[data-step=actionstep][data-done]")
        self.click("button[name=action_connect_quickbooks]")
        self.page.wait_for_selector(".o_actionstep_accept_all", timeout=PATIENCE)

    def map(self) -> None:
        """Take what is proposed for the three maps."""
        self.page.locator(".o_actionstep_unmapped:visible").scroll_into_view_if_needed()
        self.page.mouse.move(*MIDDLE)
        self.page.mouse.wheel(0, SIZE["height"])
        self.keep("proposals")
        self._accept_all()
        self.keep("mapping")
        for tab in TABS:
            self.click(self.page.get_by_role("tab", name=tab))
            self._accept_all()

    def _accept_all(self) -> None:
        self.click(".o_actionstep_accept_all:visible")
        self.page.wait_for_selector(".o_actionstep_accept", state="detached")

    def switch_on(self) -> None:
        """Turn Sales Invoices on and watch them go."""
        self.click("button[name=action_turn_on]:visible")
        self.page.wait_for_selector("[data-value=active][aria-current]")
        self.open("actionstep-connections", ".o_actionstep_dashboard .o_kanban_record")
        self.page.wait_for_selector("text=/[1-9][0-9]* of [0-9]+ pushed/")
        self.keep("running")

    def look_back(self) -> None:
        """What a bookkeeper sees from then on."""
        self.open("actionstep-connections", ".o_actionstep_dashboard canvas")
        self.keep("dashboard")
        self.open(f"actionstep-invoices/{self._find(SAMPLE_NUMBER)}", ".o-mail-Message")
        self.keep("invoice")
        self.click("button[name=action_preview]")
        self.page.wait_for_selector(".modal-body .o_form_view")
        self.keep("preview")
        self.open("actionstep-needs-attention", ".o_kanban_record")
        self.keep("attention")

    def _find(self, number: str) -> int:
        return self.demo.person.call(INVOICE, "search", [("number", "=", number)])[0]


def take_pictures() -> int:
    """Go the guided way from New to books that agree, and keep what is seen."""
    program = browser.require()
    with (
        postgres() as server,
        new_demo(server) as demo,
        sync_playwright() as playwright,
    ):
        page = sign_in(playwright, program, demo.url, SIZE)
        story, started = Story(demo, page), time.monotonic()
        story.connect()
        story.map()
        story.switch_on()
        told = {"clicks": story.clicks, "seconds": _wait_for_first(demo, started)}
        demo.push()
        demo.live()
        story.look_back()
    print(json.dumps(told))
    return 0


def _wait_for_first(demo: Demo, started: float) -> float:
    """Return the seconds until the first invoice was in QuickBooks."""
    while not demo.person.call(INVOICE, "search_count", [("state", "=", "pushed")]):
        time.sleep(0.2)
    return round(time.monotonic() - started, 1)


if __name__ == "__main__":
    main(take_pictures)
