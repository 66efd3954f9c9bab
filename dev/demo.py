"""`make demo`: the whole way once, from two accounts that nobody connected to books in
QuickBooks that agree with Actionstep to the cent.

    python -m dev.demo            # with servers of its own
    SERVERS=file.json ...         # with servers that already run on this machine

The file holds the line that `python -m dev.sandbox` prints. The last line printed is
one JSON object; the exit code is 1 when the two sides differ.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2.extensions
import requests
import simplejson

from .compare import Line, compare
from .rpc import OdooError, Person
from .sandbox import firms
from .setup import odoo, paths
from .setup.console import SetupError, main, step
from .setup.postgres import Server, postgres

DATABASE = "demo"
CONNECTION = "actionstep.connection"
INVOICE = "actionstep.invoice"
WAIT_SECONDS = 600


@dataclass
class Demo:
    """A running demo: the servers' addresses, Odoo, and a person who uses it."""

    servers: dict[str, Any]
    person: Person
    process: subprocess.Popen
    connection_id: int = 0

    @property
    def url(self) -> str:
        """Odoo's address."""
        return self.person.base_url

    # --- steps ---

    def connect(self) -> None:
        """Make the connection and go through both consents, as a browser would."""
        self.person.call(
            "ir.config_parameter", "set_param", "web.base.url", self.person.base_url
        )
        self.connection_id = self.person.call(CONNECTION, "create", self._values())
        for side in ("actionstep", "quickbooks"):
            action = self.person.press(
                CONNECTION, f"action_connect_{side}", self.connection_id
            )
            landed = self.person.visit(action["url"])
        if "/actionstep-mapping/" not in landed:
            raise SetupError(
                f"The consents ended on {landed}, not on the mapping page.",
                "the connection's chatter in Odoo tells why; see .work/run/odoo.log.",
            )

    def _values(self) -> dict[str, Any]:
        quickbooks, actionstep = self.servers["quickbooks"], self.servers["actionstep"]
        dsn = psycopg2.extensions.parse_dsn(actionstep["reporting_dsn"])
        return {
            "name": "Sample law firm",
            "environment": "local",
            "actionstep_client_id": actionstep["client_id"],
            "actionstep_client_secret": actionstep["client_secret"],
            "local_actionstep_authorize_url": actionstep["authorize_url"],
            "local_actionstep_token_url": actionstep["token_url"],
            "quickbooks_client_id": quickbooks["client_id"],
            "quickbooks_client_secret": quickbooks["client_secret"],
            "local_quickbooks_api_url": quickbooks["api_url"],
            "local_quickbooks_discovery_url": quickbooks["discovery_url"],
            "reporting_host": dsn.get("host"),
            "reporting_port": int(dsn.get("port", 5432)),
            "reporting_database": dsn.get("dbname"),
            "reporting_user": dsn.get("user"),
            "reporting_password": dsn.get("password", ""),
            "reporting_sslmode": "disable",
        }

    def map_accounts(self) -> None:
        """Fill the three maps as the sample firm's bookkeeper does."""
        [connection] = self.person.call(
            CONNECTION, "read", [self.connection_id], ["quickbooks_country"]
        )
        mapping = firms.build(connection["quickbooks_country"], "small").mapping
        numbers = self._ids("actionstep.account", "number")
        codes = self._ids("actionstep.tax.code", "name")
        items = self._ids("quickbooks.item", "name")
        accounts = self._ids("quickbooks.account", "name")
        taxes = self._ids("quickbooks.tax.code", "name")
        self._write(
            {
                "item_mapping_ids": _lines(
                    mapping.items, "account_id", numbers, "item_id", items
                ),
                "account_mapping_ids": _lines(
                    mapping.accounts, "account_id", numbers, "gl_account_id", accounts
                ),
                "tax_mapping_ids": _lines(
                    mapping.taxes,
                    "tax_code_id",
                    codes,
                    "quickbooks_tax_code_id",
                    taxes,
                ),
            }
        )

    def _ids(self, model: str, key: str) -> dict[str, int]:
        domain = [("connection_id", "=", self.connection_id)]
        rows = self.person.call(model, "search_read", domain, [key])
        return {row[key]: row["id"] for row in rows}

    def _write(self, values: dict[str, Any]) -> None:
        self.person.call(CONNECTION, "write", [self.connection_id], values)

    def push(self) -> None:
        """Turn Sales Invoices on, then watch the scheduled action work."""
        self._write({"push_invoices": True})
        started = time.monotonic()
        while not self._is_done():
            if time.monotonic() - started > WAIT_SECONDS:
                raise SetupError(
                    f"The scheduled action did not finish in {WAIT_SECONDS} s.",
                    "see .work/run/odoo.log.",
                )
            time.sleep(0.3)
        print()

    def _is_done(self) -> bool:
        counts = ["invoice_count", "pushed_count", "waiting_count", "attention_count"]
        [row] = self.person.call(CONNECTION, "read", [self.connection_id], counts)
        print(
            f"\r  Pushing: {row['pushed_count']} of {row['invoice_count']} "
            f"in QuickBooks, {row['waiting_count']} waiting, "
            f"{row['attention_count']} need attention   ",
            end="",
            flush=True,
        )
        runs = self.person.call(
            "actionstep.sync.run",
            "search_read",
            [("connection_id", "=", self.connection_id)],
            ["state", "message"],
        )
        for run in runs:
            if run["state"] == "interrupted":
                raise SetupError(
                    f"The run was interrupted: {run['message']}",
                    "see .work/run/odoo.log.",
                )
        return any(run["state"] == "done" for run in runs)

    # --- comparison ---

    def compare(self) -> list[Line]:
        """Return the bills of Actionstep beside the invoices of QuickBooks."""
        invoices = self.person.call(
            INVOICE,
            "search_read",
            [("connection_id", "=", self.connection_id)],
            ["external_id", "state", "failure_cause"],
        )
        return compare(
            _ask(self.servers["actionstep"], "dump"),
            _ask(self.servers["quickbooks"], "dump"),
            invoices,
            _ask(self.servers["actionstep"], "firm")["expected_attention"],
        )


def _lines(
    pairs: dict[str, str],
    source_field: str,
    sources: dict[str, int],
    target_field: str,
    targets: dict[str, int],
) -> list[tuple[int, int, dict[str, int]]]:
    """Return the commands that add a mapping line for each pair."""
    return [
        (0, 0, {source_field: sources[source], target_field: targets[target]})
        for source, target in pairs.items()
    ]


def _ask(side: dict[str, Any], what: str) -> dict[str, Any]:
    """Return what a local server tells about itself, money as Decimal."""
    answer = requests.get(f"{side['admin_url']}/{what}", timeout=120)
    answer.raise_for_status()
    return simplejson.loads(answer.text, use_decimal=True)


# --- running ---


@contextmanager
def own_servers() -> Iterator[dict[str, Any]]:
    """Start the local servers with the sample firm; yield their addresses."""
    process = subprocess.Popen(
        [str(paths.PYTHON), "-m", "dev.sandbox", "--firm", "demo"],
        cwd=paths.ROOT,
        env=paths.environment(dict(os.environ)),
        stdout=subprocess.PIPE,
        stderr=(paths.RUN / "sandbox.log").open("w"),
        text=True,
        start_new_session=True,
    )
    try:
        line = process.stdout.readline()
        if not line:
            raise SetupError(
                "The local servers did not start.", "see .work/run/sandbox.log."
            )
        yield json.loads(line)
    finally:
        process.terminate()
        process.wait()


@contextmanager
def given_servers(path: str) -> Iterator[dict[str, Any]]:
    """Yield the addresses of servers that run already, from the file named."""
    try:
        servers = json.loads(Path(path).read_text(encoding="utf-8").splitlines()[0])
        servers["quickbooks"]["api_url"], servers["actionstep"]["token_url"]
    except (OSError, ValueError, IndexError, KeyError, TypeError) as err:
        raise SetupError(
            f"SERVERS={path} cannot be used: {err}",
            "the file must hold the line that `python -m dev.sandbox` prints.",
        ) from err
    yield servers


def servers() -> Any:
    """Return the servers to use: those that SERVERS names, or our own."""
    given = os.environ.get("SERVERS", "")
    return given_servers(given) if given else own_servers()


@contextmanager
def running_demo(server: Server, port: int | None = None) -> Iterator[Demo]:
    """Run a fresh database and Odoo on it, with the demo done up to the push."""
    with servers() as addresses:
        odoo.write_config(server)
        step("Fresh database with the addon", lambda: _fresh(server))
        with odoo.start_server(DATABASE, port) as running:
            person = Person(running.url, DATABASE, "admin", "admin")
            demo = Demo(addresses, person, running.process)
            try:
                step("Both sides connected, lists loaded", demo.connect)
                step("Three maps saved", demo.map_accounts)
                demo.push()
            except OdooError as err:
                raise SetupError(
                    f"Odoo says: {err}", "see .work/run/odoo.log."
                ) from err
            yield demo


def _fresh(server: Server) -> None:
    if server.exists(DATABASE):
        odoo.drop_database(server, DATABASE)
    odoo.copy_database(server, odoo.template_database(server), DATABASE)


def run() -> int:
    """Run the demo; print the table and the summary; return the exit code."""
    started = time.monotonic()
    with postgres() as server, running_demo(server) as demo:
        lines = demo.compare()
    print_table(lines)
    faults = [(line, fault) for line in lines for fault in line.faults]
    for line, fault in faults:
        print(f"Difference: {line.number}: {fault}", file=sys.stderr)
    summary = {
        "documents": len(lines),
        "in_quickbooks": sum(line.quickbooks_total is not None for line in lines),
        "needs_attention": sum(line.status.startswith("attention") for line in lines),
        "differences": len(faults),
        "seconds": round(time.monotonic() - started, 1),
    }
    print(json.dumps(summary))
    return 1 if faults or not lines else 0


def print_table(lines: Sequence[Line]) -> None:
    """Print a row per bill."""
    row = "{:<23} {:<28} {:>12} {:>12} {:>10}  {}"
    print(row.format("Number", "Client", "Actionstep", "QuickBooks", "Tax", "Status"))
    for line in lines:
        print(
            row.format(
                _cut(line.number, 23),
                _cut(line.client, 28),
                f"{line.total:,.2f}",
                "-"
                if line.quickbooks_total is None
                else f"{line.quickbooks_total:,.2f}",
                "-" if line.quickbooks_tax is None else f"{line.quickbooks_tax:,.2f}",
                line.status,
            )
        )


def _cut(text: str, width: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= width else flat[: width - 1] + "…"


if __name__ == "__main__":
    main(run)
