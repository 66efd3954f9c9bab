"""How quick the mapping page is with 500 accounts on each side, in a real browser.

    python -m dev.pages                # measure; prints a table and one JSON line
    python -m dev.pages --keep         # then leave Odoo running, to look

Each page is opened in a browser that has the scripts already, as somebody's has who
works with Odoo; *interactive* means that its lines and lists are shown and a new line
has opened upon a click. Of several times the median counts. A firm of 20 accounts is
measured in turn with the large one: what a busy machine takes, it takes from both.
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
from .sign_in import sign_in

ACCOUNTS = 500
FEW = 20
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
WORDS = ("court travel notary expert copying search filing mediation transfer"
         " visa").split()

def build(title, count):
    connection = env["actionstep.connection"].create({"name": title})
    for side in ("actionstep", "quickbooks"):
        connection._get_credential(side).write(
            {"state": "connected", "access_token": "-", "refresh_token": "-"}
        )
    mine = {"connection_id": connection.id}

    def make(model, rows):
        return env[model].create(
            [{**mine, "external_id": str(n), **row} for n, row in enumerate(rows, 1)])

    def name(n):
        return f"{WORDS[n % 10].title()} {chr(65 + n % 26)}{chr(65 + n // 26)} Fees"

    def join(kind, source, sources, target, targets):
        half = len(sources) // 2
        env[f"actionstep.{kind}.mapping"].create([
            {**mine, source: one.id, target: other.id}
            for one, other in zip(sources[:half], targets[:half])])

    kinds = ("Expense", "Income")
    ours = make("actionstep.account", [
        {"number": f"{6 - n % 2 * 2}-{1000 + n}", "name": name(n),
         "account_type": kinds[n % 2]} for n in range(count)])
    items = make("quickbooks.item", [
        {"name": name(n), "item_type": "Service", "income_account": "Services"}
        for n in range(count)])
    theirs = make("quickbooks.account", [
        {"number": f"{6 - n % 2 * 2}{1000 + n}", "name": name(n),
         "account_type": kinds[n % 2]} for n in range(count)])
    codes = make("actionstep.tax.code", [
        {"name": f"T {n}", "percentage": n / 4} for n in range(40)])
    their_codes = make("quickbooks.tax.code", [
        {"name": f"Tax {n}", "percentage": n / 4, "is_taxable": True,
         "rates": [[str(n), str(n / 4)]]} for n in range(40)])
    join("item", "account_id", ours, "item_id", items)
    join("account", "account_id", ours, "gl_account_id", theirs)
    join("tax", "tax_code_id", codes, "quickbooks_tax_code_id", their_codes)
    bills = make("actionstep.invoice", [
        {"number": f"INV-{n}", "state": "attention"} for n in range(4 * count)])
    env["actionstep.invoice.line"].create([
        {"invoice_id": bill.id, "line_no": 1, "tax_code": codes[n % 40].name,
         "account_number": ours[n % count].number} for n, bill in enumerate(bills)])

for count in COUNTS:
    build(f"Firm of {count}", count)
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
    page.locator(EDITED).first.fill("1015")
    page.wait_for_selector(f"{OPTION}:has-text('1015')")


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
def firms(server: Server, counts: tuple[int, ...]) -> Iterator[odoo.Running]:
    """Run Odoo on a fresh database with firms of so many accounts on each side.

    The first one's connection has the id 1.
    """
    odoo.write_config(server)
    with odoo.fresh_database(server) as database:
        what = "The firms of the measurement could not be made."
        script = f"COUNTS = {counts!r}\n{FIRM}"
        odoo.run_odoo(["shell", "-d", database], what, stdin=script)
        with odoo.start_server(database) as running:
            yield running


def run() -> int:
    """Measure and print; the exit code is 1 when the page is slower than wanted."""
    parser = argparse.ArgumentParser(prog="python -m dev.pages")
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    counts = (options.accounts, FEW)
    clocks = {count: Clock() for count in counts}
    with postgres() as server, firms(server, counts) as running:
        urls = {
            count: f"{running.url}/odoo/actionstep-mapping/{number}"
            for number, count in enumerate(counts, 1)
        }
        with sync_playwright() as playwright:
            page = sign_in(playwright, browser.require(), running.url, SIZE)
            open_page(page, urls[FEW])  # a browser that has the scripts
            discard(page)
            for _repeat in range(options.repeats):
                for count, clock in clocks.items():
                    measure(page, urls[count], clock)
        large, small = (clock.medians() for clock in clocks.values())
        print_table(large, small, options)
        if options.keep:
            print(f"{urls[options.accounts]}   admin, admin. Ctrl-C stops it.")
            running.process.wait()
    return int(large["page interactive"] > INTERACTIVE_SECONDS)


def print_table(
    large: dict[str, float], small: dict[str, float], options: argparse.Namespace
) -> None:
    """Print each time beside the small firm's, and all of them as one JSON object."""
    load = os.getloadavg()[0]
    print(f"\nMedian of {options.repeats}; the machine's load is {load:.1f}")
    print(f"{'Accounts on each side':<26}{options.accounts:>8}{FEW:>8}")
    for name, seconds in large.items():
        wanted = f"  ≤ {INTERACTIVE_SECONDS}" if name == "page interactive" else ""
        print(f"  {name:<24}{seconds:>6.2f} s{small[name]:>6.2f} s{wanted}")
    figures = {name: round(seconds, 3) for name, seconds in large.items()}
    print(json.dumps({"accounts": options.accounts, **figures}), flush=True)


if __name__ == "__main__":
    main(run)
