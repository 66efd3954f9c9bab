"""How quick the mapping page is with 500 accounts on each side, in a real browser.

    python -m dev.pages                # measure; prints a table and one JSON line
    python -m dev.pages --keep         # then leave Odoo running, to look

Each page is opened in a browser that has the scripts already, as somebody's has who
works with Odoo; *interactive* means that its lines and lists are shown and a new line
has opened upon a click. Of several times the median counts.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

from .setup import browser, odoo
from .setup.console import main
from .setup.postgres import Server, postgres

ACCOUNTS = 500
REPEATS = 5
INTERACTIVE_SECONDS = 2.0
SIZE = {"width": 1400, "height": 900}
ROWS = ".o_actionstep_reference li"
ADD = ".o_actionstep_lines .o_field_x2many_list_row_add a"
EDITED = ".o_actionstep_lines .o_selected_row input"
OPTION = ".o-autocomplete--dropdown-item"

# A firm of that size: half of it is mapped, and bills wait for much of the rest. Names
# differ in one word of many, as in a long chart of accounts.
FIRM = """
COUNT = %(count)s
WORDS = ("court travel notary expert copying search filing mediation transfer"
         " visa").split()
connection = env["actionstep.connection"].create({"name": "Large Firm"})
for side in ("actionstep", "quickbooks"):
    connection._get_credential(side).write(
        {"state": "connected", "access_token": "-", "refresh_token": "-"}
    )
mine = {"connection_id": connection.id}

def make(model, rows):
    return env[model].create([{**mine, "external_id": str(n), **row}
                              for n, row in enumerate(rows, 1)])

def name(n):
    return f"{WORDS[n %% 10].title()} {chr(65 + n %% 26)}{chr(65 + n // 26)} Fees"

ours = make("actionstep.account", [
    {"number": f"{4 if n %% 2 else 6}-{1000 + n}", "name": name(n),
     "account_type": "Income" if n %% 2 else "Expense"} for n in range(COUNT)])
items = make("quickbooks.item", [
    {"name": name(n), "item_type": "Service", "income_account": "Services"}
    for n in range(COUNT)])
theirs = make("quickbooks.account", [
    {"number": f"{4 if n %% 2 else 6}{1000 + n}", "name": name(n),
     "account_type": "Income" if n %% 2 else "Expense"} for n in range(COUNT)])
codes = make("actionstep.tax.code", [
    {"name": f"T {n}", "percentage": n / 4} for n in range(40)])
their_codes = make("quickbooks.tax.code", [
    {"name": f"Tax {n}", "percentage": n / 4, "is_taxable": True,
     "rates": [[str(n), str(n / 4)]]} for n in range(40)])
half = COUNT // 2
env["actionstep.item.mapping"].create([
    {**mine, "account_id": one.id, "item_id": other.id}
    for one, other in zip(ours[:half], items[:half])])
env["actionstep.account.mapping"].create([
    {**mine, "account_id": one.id, "gl_account_id": other.id}
    for one, other in zip(ours[:half], theirs[:half])])
env["actionstep.tax.mapping"].create([
    {**mine, "tax_code_id": one.id, "quickbooks_tax_code_id": other.id}
    for one, other in zip(codes[:20], their_codes[:20])])
bills = make("actionstep.invoice", [
    {"number": f"INV-{n}", "state": "attention"} for n in range(4 * COUNT)])
env["actionstep.invoice.line"].create([
    {"invoice_id": bill.id, "line_no": 1, "account_number": ours[n %% COUNT].number,
     "tax_code": codes[n %% 40].name} for n, bill in enumerate(bills)])
env.cr.commit()
"""


class Clock:
    """The times of what a person does on the page, in seconds by name."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = {}

    def time(self, name: str, act: Callable[[], object]) -> None:
        """Do something and keep how long it took."""
        started = time.monotonic()
        act()
        self.times.setdefault(name, []).append(time.monotonic() - started)

    def medians(self) -> dict[str, float]:
        """Return the median by name."""
        return {name: statistics.median(times) for name, times in self.times.items()}


def measure(page: Page, url: str, clock: Clock) -> None:
    """Open the page and work with it, as a bookkeeper does; nothing is saved."""
    clock.time("page interactive", lambda: open_page(page, url))
    clock.time("search as you type", lambda: search(page))
    discard(page)
    for name in ("account_map", "tax_map"):
        clock.time(f"tab {name}", lambda name=name: open_tab(page, name))
    open_tab(page, "item_map")
    clock.time("accept one proposal", lambda: accept(page, ".o_actionstep_accept"))
    clock.time("accept all proposals", lambda: accept(page, ".o_actionstep_accept_all"))
    discard(page)


def open_page(page: Page, url: str) -> None:
    """Load the page anew and open a new line."""
    page.goto(url, wait_until="commit")
    page.wait_for_selector(ROWS)
    page.click(ADD)
    page.wait_for_selector(EDITED)


def search(page: Page) -> None:
    """Type into the new line until an account is offered."""
    page.locator(EDITED).first.fill("1499")
    page.wait_for_selector(f"{OPTION}:has-text('1499')")


def open_tab(page: Page, name: str) -> None:
    """Open one of the three maps."""
    page.click(f".o_notebook .nav-link[name={name}]")
    page.wait_for_selector(f"{ROWS}")


def accept(page: Page, button: str) -> None:
    """Accept proposals and wait until they are lines."""
    before = page.inner_text(".o_actionstep_unmapped .badge")
    page.locator(button).first.click()
    page.wait_for_function(
        "before => document.querySelector('.o_actionstep_unmapped .badge')"
        ".innerText !== before",
        arg=before,
    )


def discard(page: Page) -> None:
    """Take back what was changed."""
    page.keyboard.press("Escape")
    page.click(".o_form_button_cancel")
    page.wait_for_selector(".o_form_button_cancel", state="hidden")


@contextmanager
def large_firm(server: Server, count: int) -> Iterator[odoo.Running]:
    """Run Odoo on a fresh database with a firm of so many accounts on each side."""
    odoo.write_config(server)
    with odoo.fresh_database(server) as database:
        what = "The firm of the measurement could not be made."
        odoo.run_odoo(["shell", "-d", database], what, stdin=FIRM % {"count": count})
        with odoo.start_server(database) as running:
            yield running


def run() -> int:
    """Measure and print; the exit code is 1 when the page is slower than wanted."""
    parser = argparse.ArgumentParser(prog="python -m dev.pages")
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    program, clock = browser.require(), Clock()
    with postgres() as server, large_firm(server, options.accounts) as running:
        with sync_playwright() as playwright:
            page = sign_in(playwright, program, running.url)
            url = f"{running.url}/odoo/actionstep-mapping/1"
            open_page(page, url)  # a browser that has the scripts
            discard(page)
            for _repeat in range(options.repeats):
                measure(page, url, clock)
        medians = clock.medians()
        print_table(medians, options.accounts, options.repeats)
        if options.keep:
            print(f"{url}   user admin, password admin. Ctrl-C stops it.", flush=True)
            running.process.wait()
    return int(medians["page interactive"] > INTERACTIVE_SECONDS)


def sign_in(playwright, program: str, url: str) -> Page:
    """Return a page on which the administrator has signed in."""
    arguments = ["--no-sandbox", "--disable-gpu"]
    chromium = playwright.chromium.launch(executable_path=program, args=arguments)
    page = chromium.new_page(viewport=SIZE, reduced_motion="reduce")
    page.goto(f"{url}/web/login")
    page.fill("input[name=login]", "admin")
    page.fill("input[name=password]", "admin")
    page.press("input[name=password]", "Enter")
    page.wait_for_selector(".o_main_navbar")
    return page


def print_table(medians: dict[str, float], accounts: int, repeats: int) -> None:
    """Print each time, and all of them as one JSON object."""
    load = os.getloadavg()[0]
    print(f"\n{accounts} accounts on each side, median of {repeats}; load {load:.1f}")
    for name, seconds in medians.items():
        wanted = f"  ≤ {INTERACTIVE_SECONDS} s" if name == "page interactive" else ""
        print(f"  {name:<24}{seconds:6.2f} s{wanted}")
    figures = {name: round(seconds, 3) for name, seconds in medians.items()}
    print(json.dumps({"accounts": accounts, **figures}), flush=True)


if __name__ == "__main__":
    main(run)
