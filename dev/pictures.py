"""`make pictures`: take the README's pictures anew from the running demo."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

from .demo import INVOICE, Demo, running_demo
from .setup import browser, paths
from .setup.console import main
from .setup.postgres import postgres

FOLDER = paths.ROOT / "static" / "description"
# Wide enough for the chatter to stand beside the form.
SIZE = {"width": 1600, "height": 860}
SAMPLE_NUMBER = "INV-10003"


def take_pictures() -> int:
    """Run the demo and keep a picture of the mapping page and of pushed invoices."""
    program = browser.require()
    with postgres() as server, running_demo(server) as demo:
        invoice_id = demo.person.call(
            INVOICE, "search", [("number", "=", SAMPLE_NUMBER)]
        )
        # Each page with what shows that it has loaded.
        pages = {
            "mapping": (
                f"actionstep-mapping/{demo.connection_id}",
                ".o_actionstep_reference li",
            ),
            "invoice": (f"actionstep-invoices/{invoice_id[0]}", ".o-mail-Message"),
            "attention": ("actionstep-attention", ".o_data_row"),
        }
        with signed_in(demo, program) as page:
            for name, (path, loaded) in pages.items():
                page.goto(f"{demo.url}/odoo/{path}")
                page.wait_for_selector(loaded)
                page.screenshot(path=FOLDER / f"{name}.png")
                print(f"  static/description/{name}.png", flush=True)
    return 0


@contextmanager
def signed_in(demo: Demo, program: str) -> Iterator[Page]:
    """Yield a browser page on which the administrator has signed in."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        page = chromium.new_page(viewport=SIZE, reduced_motion="reduce")
        page.goto(f"{demo.url}/web/login")
        page.fill("input[name=login]", "admin")
        page.fill("input[name=password]", "admin")
        page.press("input[name=password]", "Enter")
        page.wait_for_selector(".o_main_navbar")
        yield page
        chromium.close()


if __name__ == "__main__":
    main(take_pictures)
