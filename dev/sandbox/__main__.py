"""``python -m dev.sandbox``: run the local Actionstep and QuickBooks Online servers.

Standard output has one line, a JSON object of addresses and keys; everything else
goes to standard error. The servers stop on SIGTERM or Ctrl-C.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Sequence
from typing import Any

from starlette.applications import Starlette

from . import common, firms
from .firms.charts import COUNTRIES

SIDES = ("quickbooks", "actionstep")


class CannotStart(Exception):
    """The servers cannot start; the text says why and the way out."""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        prog="python -m dev.sandbox", description=__doc__.splitlines()[0]
    )
    for side in SIDES:
        parser.add_argument(
            f"--{side}-port", type=int, default=0, metavar="N", help="0: any free port"
        )
    parser.add_argument("--only", choices=SIDES, help="run one server alone")
    parser.add_argument("--country", choices=tuple(COUNTRIES), default="US")
    parser.add_argument(
        "--firm", default="demo", metavar="small|demo|life|NUMBER", help="sample firm"
    )
    parser.add_argument("--speed", choices=("real", "fast"), default="fast")
    return parser.parse_args(arguments)


def bind(side: str, port: int) -> socket.socket:
    """Return a loopback socket; raise CannotStart when the port is taken."""
    try:
        return common.bind(port)
    except (OSError, OverflowError) as error:
        raise CannotStart(
            f"Port {port} for {side} cannot be used ({error}). Stop the program that "
            f"uses it, or choose another with --{side}-port (0 takes a free one)."
        ) from error


def quickbooks_app(firm: firms.Firm, speed: str) -> Starlette:
    """Return the QuickBooks Online server."""
    from .quickbooks import create_app

    return create_app(firm, speed=speed)


def actionstep_app(
    firm: firms.Firm, speed: str, port: int, stack: contextlib.ExitStack
) -> Starlette:
    """Return the Actionstep server; its reporting database ends with ``stack``."""
    # Only this side needs PostgreSQL.
    from ..setup.console import SetupError
    from ..setup.postgres import postgres
    from .actionstep import create_app
    from .actionstep.reporting import ReportingDatabase

    try:
        server = stack.enter_context(postgres())
    except SetupError as error:
        raise CannotStart(error.report()) from error
    database = ReportingDatabase(server, f"actionstep_reporting_{port}")
    database.create()
    stack.callback(database.drop)
    return create_app(firm, reporting=database, speed=speed)


def start(
    options: argparse.Namespace, stack: contextlib.ExitStack
) -> list[tuple[str, Starlette, socket.socket]]:
    """Return name, app and bound socket of each server that is wanted."""
    try:
        firm = firms.build(options.country, options.firm)
    except ValueError as error:
        raise CannotStart(f"--firm {options.firm}: {error}") from error
    sides = [options.only] if options.only else SIDES
    ports = {"quickbooks": options.quickbooks_port}
    ports["actionstep"] = options.actionstep_port
    sockets = {side: bind(side, ports[side]) for side in sides}
    started = []
    for side, sock in sockets.items():
        stack.callback(sock.close)
        if side == "quickbooks":
            app = quickbooks_app(firm, options.speed)
        else:
            app = actionstep_app(firm, options.speed, sock.getsockname()[1], stack)
        started.append((side, app, sock))
    return started


def first_line(started: list[tuple[str, Starlette, socket.socket]], only: bool) -> str:
    """Return the JSON line: an object per side, or with ``only`` the inner one."""
    described: dict[str, Any] = {
        side: app.state.sandbox.describe(common.address(sock))
        for side, app, sock in started
    }
    return common.dumps(described[started[0][0]] if only else described)


async def serve(started: list[tuple[str, Starlette, socket.socket]], line: str) -> None:
    """Serve until a signal comes; print the line when all servers answer."""
    servers = [(common.make_server(app), sock) for _side, app, sock in started]
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for server, _sock in servers:
            server.should_exit = True

    # Uvicorn's own handling would end the process before the database is dropped.
    for server, _sock in servers:
        server.capture_signals = contextlib.nullcontext
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    tasks = [
        asyncio.create_task(server.serve(sockets=[sock])) for server, sock in servers
    ]
    while not all(server.started for server, _sock in servers):
        if any(task.done() for task in tasks):
            break
        await asyncio.sleep(0.01)
    else:
        print(line, flush=True)
    await asyncio.gather(*tasks)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the servers; return the exit code."""
    options = parse(arguments)
    # Until the servers listen a signal ends the set-up, too, in good order.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.ExitStack() as stack:
        try:
            started = start(options, stack)
            line = first_line(started, bool(options.only))
            asyncio.run(serve(started, line))
        except CannotStart as error:
            print(error, file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
