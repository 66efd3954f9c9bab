"""Odoo's configuration, its databases, and running it."""

from __future__ import annotations

import ast
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from . import paths, source, stamps
from .console import SetupError, last_lines, run, step
from .postgres import Server

# In every database; with what the addon depends on.
MODULES = {"base", "web", "mail"}
BASE = "odoo19_base_"
TEMPLATE = "odoo19_test_"
COPY = "odoo19_run_"
# A change in these makes the template of the tests anew; a change in a test does not.
SOURCES = {".py", ".xml", ".csv", ".po", ".pot", ".js", ".css", ".scss", ".sql"}
NOT_INSTALLED = {"dev", "tests", "spec", "docs"}
LOG = paths.RUN / "odoo.log"
START_SECONDS = 120
STOP_SECONDS = 20

# Makes the bundles once, in the databases we copy, so that not every run's first
# browser test makes them.
PREPARE_ASSETS = "env['ir.qweb']._pregenerate_assets_bundles()\nenv.cr.commit()\n"


def write_config(server: Server) -> None:
    """Write `.work/odoo.conf` for `server`: loopback only, all data in `.work/`."""
    addons = [paths.ADDONS]
    beside = source.python_path() / "addons"
    if beside.is_dir():  # a source checkout keeps most addons beside the package
        addons.append(beside)
    options = {
        "addons_path": ",".join(map(str, addons)),
        "data_dir": paths.DATA,
        "db_host": server.host,
        "db_port": server.port,
        "db_user": server.user,
        # Odoo's default still listens on every interface.
        "http_interface": "127.0.0.1",
        "list_db": False,
        "max_cron_threads": 2,
        "with_demo": False,
        "workers": 0,
    }
    if server.password:
        options["db_password"] = server.password
    lines = [f"{name} = {value}" for name, value in options.items()]
    paths.WORK.mkdir(exist_ok=True)
    paths.CONFIG.touch(mode=0o600)  # a password may stand in it
    text = "\n".join(["[options]", *lines, ""])
    paths.CONFIG.write_text(text, encoding="utf-8")


def base_database(server: Server) -> str:
    """Return the database with what the addon depends on, made when missing."""
    modules = sorted(MODULES | set(_manifest().get("depends", [])))
    release = source.python_path() / "odoo" / "release.py"
    origin = stamps.read("odoo") or ""
    name = BASE + stamps.digest(str(paths.ROOT), origin, release, *modules)[:12]

    def make(new: str) -> None:
        server.create(new)
        install(new, modules)
        prepare_assets(new)

    _keep(server, BASE, name, "Odoo's base database", make)
    return name


def template_database(server: Server) -> str:
    """Return the database with the addon as it is now, made when missing.

    Made from the base database; of those of earlier sources the last one is kept.
    """
    base = base_database(server)
    name = TEMPLATE + stamps.digest(base, *addon_sources())[:12]

    def make(new: str) -> None:
        copy_database(server, base, new)
        install(new, [paths.ADDON])
        prepare_assets(new)

    _keep(server, TEMPLATE, name, "Database with the addon", make)
    return name


@contextmanager
def fresh_database(server: Server, number: int = 0) -> Iterator[str]:
    """Give a new database with the addon installed, dropped at the end.

    :param number: tells several of one process apart
    """
    template = template_database(server)
    for left in server.databases():
        pid = left.removeprefix(COPY).partition("-")[0]
        if left.startswith(COPY) and not psutil.pid_exists(int(pid)):
            drop_database(server, left)
    name = f"{COPY}{os.getpid()}-{number}"
    drop_database(server, name)
    copy_database(server, template, name)
    try:
        yield name
    finally:
        drop_database(server, name)


def addon_sources() -> list[Path]:
    """Return the files that decide what installing the addon gives, sorted."""
    found = []
    for folder, folders, files in os.walk(paths.ROOT):
        folders[:] = [
            name
            for name in folders
            if not name.startswith((".", "__"))
            and not (Path(folder) == paths.ROOT and name in NOT_INSTALLED)
        ]
        found += [Path(folder, name) for name in files if Path(name).suffix in SOURCES]
    return sorted(found)


def copy_database(server: Server, template: str, name: str) -> None:
    """Copy a database with its files. Nobody may be using `template`."""
    server.create(name, template)
    old, new = _filestore(template), _filestore(name)
    shutil.rmtree(new, ignore_errors=True)
    if old.exists():
        # Odoo names these files by their contents and never changes one.
        shutil.copytree(old, new, copy_function=os.link)


def drop_database(server: Server, name: str) -> None:
    """Drop a database with its files; fine if there is none."""
    server.drop(name)
    shutil.rmtree(_filestore(name), ignore_errors=True)


def install(database: str, modules: list[str]) -> None:
    """Install `modules` into an existing database."""
    run_odoo(
        ["server", "-d", database, "-i", ",".join(modules), "--stop-after-init"],
        f"{', '.join(modules)} could not be installed.",
    )


def update(database: str) -> None:
    """Bring the addon in `database` up to the sources as they are now."""
    run_odoo(
        ["server", "-d", database, "-u", paths.ADDON, "--stop-after-init"],
        f"The addon in the database {database} could not be brought up to date.",
    )


def prepare_assets(database: str) -> None:
    """Build the bundles of scripts and styles that `database` does not hold yet."""
    what = "The scripts and styles of Odoo and the addon do not build."
    run_odoo(["shell", "-d", database], what, stdin=PREPARE_ASSETS)


def run_odoo(arguments: list[str], what: str, stdin: str | None = None) -> str:
    """Run one of Odoo's commands to its end and return its log.

    Raises `SetupError(what)` when it fails; Odoo ends with 0 after some failures,
    so a traceback in its log counts as one.
    """
    command = [paths.PYTHON, "-m", "odoo", arguments[0], "-c", paths.CONFIG]
    output = run(
        [*command, *arguments[1:], "--no-http", "--max-cron-threads=0"],
        what=what,
        way_out="see the lines above; the addon's own error is among the last.",
        env=paths.environment(dict(os.environ)),
        stdin=stdin,
    )
    if "Traceback (most recent call last)" in output:
        raise SetupError(what, "see the lines above.", last_lines(output))
    return output


@dataclass(frozen=True)
class Running:
    """An Odoo server that answers on `url`."""

    url: str
    database: str
    process: subprocess.Popen


@contextmanager
def start_server(
    database: str, port: int | None = None, *, arguments: tuple[str, ...] = ()
) -> Iterator[Running]:
    """Run Odoo on 127.0.0.1 with `database` and its scheduled actions.

    Waits until it answers; its log is `.work/run/odoo.log`. Stops it at the end.
    Without `port` the first free one from 8069 up is taken. Raises `SetupError`
    when the port is taken or Odoo does not come up.
    """
    port = free_port() if port is None else port
    if not is_free(port):
        raise SetupError(
            f"Port {port} is taken by another program.",
            f"name another one, for example PORT={free_port(port + 1)}.",
        )
    command = [paths.PYTHON, "-m", "odoo", "server", "-c", paths.CONFIG]
    command += ["-d", database, f"--db-filter=^{database}$", f"--http-port={port}"]
    paths.RUN.mkdir(parents=True, exist_ok=True)
    with LOG.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [*map(str, command), *arguments],
            env=paths.environment(dict(os.environ)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is ours: we stop it in order
        )
    try:
        running = Running(f"http://127.0.0.1:{port}", database, process)
        _wait_until_up(running)
        yield running
    finally:
        _stop(process)


def free_port(first: int = 8069) -> int:
    """Return the first port from `first` up that nothing listens on."""
    return next(port for port in range(first, 65536) if is_free(port))


def is_free(port: int) -> bool:
    """Tell whether nothing listens on `port` of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _wait_until_up(running: Running) -> None:
    """Wait for Odoo to answer `/web/health`."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and running.process.poll() is None:
        with suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(f"{running.url}/web/health", timeout=5).close()
            return
        time.sleep(0.2)
    raise SetupError(
        "Odoo did not come up.",
        "its log is .work/run/odoo.log.",
        last_lines(LOG.read_text(encoding="utf-8", errors="replace")),
    )


def _stop(process: subprocess.Popen) -> None:
    """End Odoo: ask, wait for running requests and jobs, then insist."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _keep(
    server: Server, prefix: str, name: str, title: str, make: Callable[[str], None]
) -> None:
    """Make the database `name` unless it is there; drop old ones of the `prefix`.

    It is made under another name and renamed when whole, one maker at a time.
    """
    with (paths.RUN / "databases.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if server.exists(name) and _filestore(name).exists():
            return
        new = f"{prefix}new"
        drop_database(server, new)
        earlier = [old for old in server.databases() if old.startswith(prefix)]
        for old in earlier[:-1]:  # the last one may just be being copied
            drop_database(server, old)
        step(title, lambda: make(new))
        server.drop(name)  # it may have lost its files
        server.rename(new, name)
        shutil.rmtree(_filestore(name), ignore_errors=True)
        _filestore(new).rename(_filestore(name))


def _manifest() -> dict:
    file = paths.ROOT / "__manifest__.py"
    return ast.literal_eval(file.read_text(encoding="utf-8"))


def _filestore(database: str) -> Path:
    return paths.DATA / "filestore" / database
