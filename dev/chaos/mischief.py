"""What is done to the run: each takes the scene, and returns what it was."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import LATE_SECONDS
from .firm import Firm
from .workers import Worker, wait_until_ready

if TYPE_CHECKING:
    from .scene import Scene

# How long a kill waits for something to be sent, and for a process to kill.
BATCH_SECONDS = 6.0
PATIENCE = 60.0
STATUSES = (
    (429, "xml"),
    (429, "lower"),
    (429, "upper"),
    (500, "upper"),
    (500, "html"),
    (503, "xml"),
    (503, "html"),
    (503, "empty"),
    (500, "cut_json"),
    (200, "html"),
    (200, "cut_json"),
)
BATCH = {"method": "POST", "path": "/batch"}
WRITES = {**BATCH, "body": '"operation"'}
# What is not known of Intuit, or differs by app: each may be so.
VARIANTS = (
    ("replay", "on"),
    ("replay", "off"),
    ("replay", "fault"),
    ("replay_faults", "off"),
    ("replay_faults", "on"),
    ("refresh_rotation", "daily"),
    ("refresh_rotation", "immediate"),
)
ANY = {"path": "/v3/company/"}
ACTIONSTEP = {"path": "/api/rest/"}
# The last thing a session says that holds a scheduled action.
LOCK = "%ir_cron_trigger%"
TABLES = (
    "actionstep_connection",
    "actionstep_sync_job",
    "actionstep_invoice",
    "actionstep_payment",
    "actionstep_credit_note",
)


# --- Kills ----------------------------------------------------------------------------


def kill(scene: Scene) -> str:
    """Kill an Odoo process, any time or while it sends; start it again at once."""
    how = scene.rng.choice(("any time", "sending", "sending", "sending"))
    firm = scene.rng.choice(scene.firms)
    pause = scene.rng.uniform(0.0, 1.6)
    if how == "sending":
        # What was sent may be carried out long after its sender died.
        seconds = scene.rng.choice((0.8, 3.0, LATE_SECONDS))
        firm.tell("quickbooks", "faults", **WRITES, fault=_delay(seconds))
        # With an heir who takes over at once.
        wait_until_ready(scene.workers)
        _wait_for_sending(scene, firm)
        time.sleep(pause)
    victim = _choose_victim(scene, firm)
    work = "at work" if victim.talks_to(scene.ports) else "idle"
    pid = victim.process.pid
    victim.kill()
    victim.start()
    return f"process {victim.number} (pid {pid}), {work}, {how} of {firm.country}"


def _wait_for_sending(scene: Scene, firm: Firm) -> None:
    """Wait until the firm's books are being written, with some new work for that.

    Money above all: a payment has no number by which QuickBooks would refuse a second.
    """
    before, deadline = firm.sent(), time.monotonic() + BATCH_SECONDS
    firm.people.pay_or_bill()
    while firm.sent() == before and time.monotonic() < deadline:
        scene.schedule.hurry(pull=True)
        time.sleep(0.2)


def _choose_victim(scene: Scene, firm: Firm) -> Worker:
    """Return the process that works for a firm, else any that is up by now."""
    deadline = time.monotonic() + PATIENCE
    busy = [one for one in scene.workers if one.talks_to(firm.ports)]
    ready = busy or [one for one in scene.workers if one.is_ready()]
    while not ready and time.monotonic() < deadline:
        time.sleep(0.2)
        ready = [one for one in scene.workers if one.is_ready()]
    return scene.rng.choice(ready or scene.workers)


# --- Faults of the vendors ------------------------------------------------------------


def cut_before(scene: Scene) -> str:
    """Cut a connection before anything is done."""
    return _queue(scene, {"kind": "drop_before"})


def cut_after(scene: Scene) -> str:
    """Cut a connection after everything is done."""
    return _queue(scene, {"kind": "drop_after"})


def late(scene: Scene) -> str:
    """Do the work after the client has given up waiting."""
    return _queue(scene, _delay(LATE_SECONDS), BATCH)


def status(scene: Scene) -> str:
    """Refuse with 429, 500 or 503 in all shapes, or answer what nobody can read."""
    code, shape = scene.rng.choice(STATUSES)
    return _queue(scene, {"kind": "status", "status": code, "shape": shape})


def expire(scene: Scene) -> str:
    """Let all access tokens of a side expire at once."""
    firm, side = (
        scene.rng.choice(scene.firms),
        scene.rng.choice(("quickbooks", "actionstep")),
    )
    firm.tell(side, "tokens", expire_access=True)
    return f"access tokens of {side} {firm.country}"


def trouble_actionstep(scene: Scene) -> str:
    """Let a request to Actionstep fail."""
    firm = scene.rng.choice(scene.firms)
    code, shape = scene.rng.choice(((500, "html"), (503, "cut_json"), (429, "empty")))
    fault = scene.rng.choice(
        ({"kind": "drop_before"}, {"kind": "status", "status": code, "shape": shape})
    )
    firm.tell("actionstep", "faults", **ACTIONSTEP, fault=fault)
    return f"{_name(fault)}, Actionstep {firm.country}"


def disconnect_reporting(scene: Scene) -> str:
    """End the sessions of the reporting database's readers."""
    firm = scene.rng.choice(scene.firms)
    return f"{firm.country}: {firm.tell('actionstep', 'reporting/disconnect')}"


def _delay(seconds: float) -> dict[str, Any]:
    return {"kind": "delay", "seconds": round(seconds, 2)}


def _queue(scene: Scene, fault: dict[str, Any], where: dict | None = None) -> str:
    """Let one of the next requests to a firm's QuickBooks fail."""
    firm, skip = scene.rng.choice(scene.firms), scene.rng.randrange(2)
    where = where or scene.rng.choice((BATCH, BATCH, ANY))
    firm.tell("quickbooks", "faults", **where, skip=skip, fault=fault)
    return f"{_name(fault)}, QuickBooks {firm.country} {where['path']}"


def _name(fault: dict[str, Any]) -> str:
    return " ".join(str(value) for value in fault.values())


def vary(scene: Scene) -> str:
    """Let QuickBooks behave otherwise where nobody knows how it does."""
    firm, (name, value) = scene.rng.choice(scene.firms), scene.rng.choice(VARIANTS)
    firm.tell("quickbooks", "switches", **{name: value})
    return f"{name} {value} in {firm.country}"


# --- People in QuickBooks -------------------------------------------------------------


def stale(scene: Scene) -> str:
    """Give invoices new versions: a person prints one, or pays one by mistake.

    The payment is taken back at once, as is the wrong one: else it would stand there.
    """
    firm = scene.rng.choice(scene.firms)
    rows = [row for row in list(firm.books.company.all("Invoice")) if row["Balance"]]
    chosen = scene.rng.sample(rows, min(5, len(rows)))
    for row in chosen:
        if scene.rng.random() < 0.5:
            changes = {"PrintStatus": "NeedToPrint"}
            body = {"entity": "Invoice", "id": row["Id"], "changes": changes}
            firm.tell("quickbooks", "edit", **body)
        elif payment := firm.tell("quickbooks", "pay", invoice=row["Id"], amount=1):
            firm.tell("quickbooks", "delete", entity="Payment", id=payment["Id"])
    return f"{len(chosen)} invoices of {firm.country}"


# --- Faults of the database -----------------------------------------------------------


def end_session(scene: Scene) -> str:
    """End one of Odoo's sessions with the database."""
    pids = _sessions(scene, "state <> 'idle'")
    if not pids:
        return ""
    scene.schedule.run("SELECT pg_terminate_backend(%s)", scene.rng.choice(pids))
    return f"one of {len(pids)}"


def lose_lock(scene: Scene) -> str:
    """End the session that holds a scheduled action, and wake the other process.

    The work itself has another session and goes on: now two processes may be at it.
    """
    pids = _sessions(scene, "state = 'idle in transaction' AND query LIKE %s", LOCK)
    for pid in pids:
        scene.schedule.run("SELECT pg_terminate_backend(%s)", pid)
    scene.schedule.hurry(pull=True)
    return f"{len(pids)} scheduled actions at work" if pids else ""


def _sessions(scene: Scene, condition: str, *values: str) -> list[int]:
    """Return Odoo's sessions with the database that fulfil a condition."""
    rows = scene.schedule.run(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
        f"AND application_name LIKE %s AND {condition} ORDER BY pid",
        "odoo-%",
        *values,
    )
    return [pid for (pid,) in rows]


def overtake(scene: Scene) -> str:
    """Write what Odoo works on, so that its own transaction cannot be serialized."""
    table = scene.rng.choice(TABLES)
    rows = scene.schedule.run(
        f"UPDATE {table} SET write_date = write_date WHERE id IN ("
        f"SELECT id FROM {table} ORDER BY write_date DESC LIMIT 60 "
        "FOR NO KEY UPDATE SKIP LOCKED) RETURNING id"
    )
    return f"{len(rows)} rows of {table}"


Mischief = Callable[["Scene"], str]
# Each as often as it stands here.
FAULTS: tuple[Mischief, ...] = (
    cut_before,
    cut_after,
    cut_after,
    late,
    vary,
    vary,
    status,
    status,
    status,
    expire,
    trouble_actionstep,
    disconnect_reporting,
    stale,
    stale,
    end_session,
    lose_lock,
    lose_lock,
    overtake,
    overtake,
)
