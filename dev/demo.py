"""`make demo`: the whole way, from two accounts that nobody connected to books in
QuickBooks that agree with Actionstep to the cent, also after a firm's life in between.

    python -m dev.demo            # with servers of its own
    SERVERS=file.json ...         # with servers that already run on this machine
    FULL=1 ...                    # with a row for every document

The file holds the line that `python -m dev.sandbox` prints. The last line printed is
one JSON object; the exit code is 1 when the two sides differ.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg2.extensions
import requests
import simplejson

from .compare import Comparison, compare
from .facts import APPLICATION, BILL, CREDIT_NOTE, POSTED, RECEIPT, Key
from .rpc import OdooError, Person
from .sandbox import firms
from .setup import odoo, paths
from .setup.console import SetupError, main, step
from .setup.postgres import Server, postgres
from .tables import print_attention, print_documents, print_summary

DATABASE = "demo"
CONNECTION = "actionstep.connection"
INVOICE = "actionstep.invoice"
JOB = "actionstep.sync.job"
RUN = "actionstep.sync.run"
MODELS = {
    BILL: INVOICE,
    RECEIPT: "actionstep.payment",
    CREDIT_NOTE: "actionstep.credit.note",
    APPLICATION: "actionstep.credit.application",
}
OPEN_JOBS = ("waiting", "pending", "started", "unknown")
FIRM = "life"
LIFE_DOCUMENTS = 300
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

    @cached_property
    def firm(self) -> firms.Firm:
        """The sample firm that the servers began with."""
        told = self._told_firm
        return firms.build(told["country"], told["size"])

    @cached_property
    def _told_firm(self) -> dict[str, Any]:
        return _ask(self.servers["actionstep"], "firm")

    # --- steps ---

    def connect(self) -> None:
        """Make the connection and go through both consents, as a browser would."""
        self.make_connection()
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
        # The page that they end on does this by itself.
        self.person.press(CONNECTION, "action_load_lists", self.connection_id)

    def make_connection(self) -> None:
        """Make the connection, with the keys of both sides and not connected yet."""
        self.person.call(
            "ir.config_parameter", "set_param", "web.base.url", self.person.base_url
        )
        self.connection_id = self.person.call(CONNECTION, "create", self._values())

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
        # The same for every size; all bills of a large firm would take much memory.
        mapping = firms.build(self._told_firm["country"], "small").mapping
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
        with self._told("First push", "everything there is"):
            self._write({"push_invoices": True})
            self._settle(after=0)

    def live(self) -> None:
        """Let the firm's people work in Actionstep; what they did follows each time."""
        if self.firm.size != FIRM:
            return
        actionstep = self.servers["actionstep"]
        for row in _ask(actionstep, "life"):
            events = _tell(actionstep, "life", step=row["step"])
            _tell(actionstep, "reporting/refresh")  # the nightly load
            with self._told(row["title"], _counted(events)):
                self._settle(after=self._last_run().get("id", 0))

    @contextmanager
    def _told(self, title: str, what: str) -> Iterator[None]:
        """Say in one line what happened, and how many jobs and seconds that took."""
        started, before = time.monotonic(), self.operations()
        yield
        seconds, count = time.monotonic() - started, self.operations() - before
        print(f"\r  {title:<43} {what:<34} {count:>4} operations {seconds:6.1f} s")

    # --- waiting ---

    def _settle(self, after: int) -> None:
        """Wait until a run later than the one named is done, and no job is left.

        Such a run is asked for, except the first one, which comes by itself.
        """
        started = time.monotonic()
        while not self._is_settled(after):
            if time.monotonic() - started > WAIT_SECONDS:
                raise SetupError(
                    f"The scheduled action did not finish in {WAIT_SECONDS} s.",
                    "see .work/run/odoo.log.",
                )
            time.sleep(0.3)

    def _is_settled(self, after: int) -> bool:
        # The run first: what it leaves is counted after its end.
        run, left = self._last_run(), self._count_jobs(OPEN_JOBS)
        done = f"{self.operations()} operations done, {left} to go"
        print(f"\r  {f'Pushing: {done}':<99}", end="", flush=True)
        if run.get("state") == "interrupted":
            raise SetupError(
                f"The run was interrupted: {run['message']}", "see .work/run/odoo.log."
            )
        if after and run["id"] <= after and run["state"] != "running":
            self.person.press(CONNECTION, "action_sync_now", self.connection_id)
            return False
        return run.get("state") == "done" and run["id"] > after and not left

    def _last_run(self) -> dict[str, Any]:
        domain = [("connection_id", "=", self.connection_id)]
        fields = ["state", "message"]
        runs = self.person.call(
            RUN, "search_read", domain, fields, order="id desc", limit=1
        )
        return runs[0] if runs else {}

    def operations(self) -> int:
        """Return how much was created, updated, deleted and voided in QuickBooks."""
        return self._count_jobs(("done",))

    def _count_jobs(self, states: tuple[str, ...]) -> int:
        domain = [("connection_id", "=", self.connection_id), ("state", "in", states)]
        return self.person.call(JOB, "search_count", domain)

    # --- comparison ---

    def compare(self) -> Comparison:
        """Return the documents of Actionstep beside those of QuickBooks."""
        return compare(
            _ask(self.servers["actionstep"], "dump"),
            _ask(self.servers["quickbooks"], "dump"),
            self._records(),
            expected_causes(self.firm),
        )

    def _records(self) -> dict[Key, dict[str, Any]]:
        """Return what the addon says of each document."""
        fields = ["external_id", "state", "failure_cause", "failure_message"]
        domain = [("connection_id", "=", self.connection_id)]
        return {
            (kind, row["external_id"]): row
            for kind, model in MODELS.items()
            for row in self.person.call(model, "search_read", domain, fields)
        }


def expected_causes(firm: firms.Firm) -> dict[Key, str]:
    """Return the documents that were made to need a person, and why."""
    causes = {(BILL, str(key)): cause for key, cause in firm.expected_attention.items()}
    for (kind, key), cause in firm.expected_attention_documents.items():
        causes[kind.replace("_", " "), str(key)] = cause
    return causes


def promised_documents(firm: firms.Firm) -> int:
    """Return how many documents a demo with this firm must have compared."""
    if firm.size == FIRM:
        return LIFE_DOCUMENTS
    return sum(bill.status in POSTED for bill in firm.bills)


def _counted(events: list[dict[str, Any]]) -> str:
    """Return what was changed by kind: ``7 bills, 1 receipt``."""
    kinds = Counter(event["kind"].replace("_", " ") for event in events)
    return ", ".join(
        f"{count} {kind}{'s' * (count > 1)}" for kind, count in kinds.items()
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


def _ask(side: dict[str, Any], what: str) -> Any:
    """Return what a local server tells about itself, money as Decimal."""
    answer = requests.get(f"{side['admin_url']}/{what}", timeout=120)
    answer.raise_for_status()
    return simplejson.loads(answer.text, use_decimal=True)


def _tell(side: dict[str, Any], what: str, **body: Any) -> Any:
    """Do something at a local server, as a person there would; return the answer."""
    answer = requests.post(f"{side['admin_url']}/{what}", json=body, timeout=120)
    if not answer.ok:
        raise SetupError(
            f"The local server refuses {what}: {answer.text}",
            "use servers on which no demo has run yet.",
        )
    return answer.json()


# --- running ---


@contextmanager
def own_servers() -> Iterator[dict[str, Any]]:
    """Start the local servers with the sample firm; yield their addresses."""
    process = subprocess.Popen(
        [str(paths.PYTHON), "-m", "dev.sandbox", "--firm", FIRM],
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
def new_demo(server: Server, port: int | None = None) -> Iterator[Demo]:
    """Run a fresh database and Odoo on it, with no step of the demo done yet."""
    with servers() as addresses:
        odoo.write_config(server)
        step("Fresh database with the addon", lambda: _fresh(server))
        with odoo.start_server(DATABASE, port) as running:
            person = Person(running.url, DATABASE, "admin", "admin")
            try:
                yield Demo(addresses, person, running.process)
            except OdooError as err:
                raise SetupError(
                    f"Odoo says: {err}", "see .work/run/odoo.log."
                ) from err


@contextmanager
def running_demo(server: Server, port: int | None = None) -> Iterator[Demo]:
    """Run a fresh database and Odoo on it, with the whole demo done."""
    with new_demo(server, port) as demo:
        step("Both sides connected, lists loaded", demo.connect)
        step("Three maps saved", demo.map_accounts)
        demo.push()
        demo.live()
        yield demo


def _fresh(server: Server) -> None:
    if server.exists(DATABASE):
        odoo.drop_database(server, DATABASE)
    odoo.copy_database(server, odoo.template_database(server), DATABASE)


def run() -> int:
    """Run the demo; print the tables and the summary; return the exit code."""
    started = time.monotonic()
    with postgres() as server, running_demo(server) as demo:
        comparison, operations = demo.compare(), demo.operations()
    if os.environ.get("FULL"):
        print_documents(comparison)
    print_attention(comparison)
    print_summary(comparison)
    faults = comparison.faults()
    for line, fault in faults:
        print(f"Difference: {line.kind} {line.title}: {fault}", file=sys.stderr)
    documents = comparison.living()
    summary = {
        "documents": len(documents),
        "operations": operations,
        "in_quickbooks": sum(one.quickbooks is not None for one in documents),
        "needs_attention": sum(one.needs_attention for one in comparison.documents),
        "differences": len(faults),
        "seconds": round(time.monotonic() - started, 1),
    }
    print(json.dumps(summary))
    return 1 if faults or len(documents) < promised_documents(demo.firm) else 0


if __name__ == "__main__":
    main(run)
