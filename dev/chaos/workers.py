"""The Odoo processes: started, killed, started again."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import requests

from ..setup import odoo, paths
from ..setup.console import SetupError

FIRST_PORT = 18_069


class Worker:
    """One Odoo process with its web server and one thread of scheduled actions."""

    def __init__(self, number: int, database: str, port: int) -> None:
        """Start it; it answers on ``url`` when it is ready."""
        self.number = number
        self.database = database
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.log = paths.RUN / f"chaos-{number}.log"
        self.log.write_text("")
        self.start()

    def start(self) -> None:
        """Start the process; its log goes on."""
        command = [paths.PYTHON, "-m", "dev.chaos.worker", "server"]
        command += ["-c", paths.CONFIG, "-d", self.database]
        command += [f"--db-filter=^{self.database}$", f"--http-port={self.port}"]
        with self.log.open("a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [*map(str, command), "--max-cron-threads=1"],
                cwd=paths.ROOT,
                env=paths.environment(dict(os.environ)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is ours: we end it
            )

    def kill(self) -> None:
        """End the process as a power cut would."""
        self.process.kill()
        self.process.wait()

    def is_ready(self) -> bool:
        """Tell whether it answers."""
        try:
            return requests.get(f"{self.url}/web/health", timeout=2).ok
        except requests.RequestException:
            return False

    def talks_to(self, ports: set[int]) -> bool:
        """Tell whether it has a connection open to one of these local ports."""
        found = psutil.Process(self.process.pid).connections("tcp")
        return any(one.raddr and one.raddr.port in ports for one in found)

    def last_words(self) -> str:
        """Return the end of its log."""
        return "\n".join(Path(self.log).read_text("utf-8").splitlines()[-6:])


@contextmanager
def running(database: str, count: int) -> Iterator[list[Worker]]:
    """Run some Odoo processes on a database; they are killed at the end."""
    workers: list[Worker] = []
    port = FIRST_PORT
    try:
        for number in range(1, count + 1):
            port = odoo.free_port(port)
            workers.append(Worker(number, database, port))
            port += 1
        yield workers
    finally:
        for worker in workers:
            worker.kill()


def wait_until_ready(workers: list[Worker]) -> None:
    """Wait until all of them answer; raise `SetupError` when one does not."""
    deadline = time.monotonic() + odoo.START_SECONDS
    for worker in workers:
        while not worker.is_ready():
            if worker.process.poll() is not None or time.monotonic() > deadline:
                raise SetupError(
                    f"Odoo process {worker.number} does not answer.",
                    f"see {worker.log.relative_to(paths.ROOT)}.",
                    worker.last_words(),
                )
            time.sleep(0.1)
