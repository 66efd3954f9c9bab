"""The local Actionstep and QuickBooks servers as tests use them.

One process for all tests of a run::

    sandbox = Sandbox.shared()
    sandbox.quickbooks["api_url"]
    sandbox.admin("quickbooks", "POST", "faults", {"fault": {...}})
"""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

ROOT = Path(__file__).resolve().parent.parent
LOG = ROOT / ".work" / "run" / "tests-sandbox.log"
TIMEOUT = 60
# After each test class Odoo ends every child of its process, so the servers must not be
# one: the shell starts them and leaves. They end when our end of the pipe closes, even
# if the tests are killed.
LAUNCH = """
exec 3<&0
"$@" </dev/null 3<&- & pid=$!
(cat <&3 >/dev/null; kill $pid) >/dev/null 2>&1 &
"""


class Sandbox:
    """A running ``python -m dev.sandbox``.

    ``quickbooks`` and ``actionstep`` are the objects of its first output line.
    """

    _shared: Sandbox | None = None

    def __init__(self, country: str = "US", firm: str = "small") -> None:
        self.seed = {"country": country, "firm": firm}
        LOG.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "dev.sandbox"]
        options = ["--country", country, "--firm", firm]
        with LOG.open("ab") as log:
            self._shell = subprocess.Popen(
                ["sh", "-c", LAUNCH, "sh", *command, *options],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        atexit.register(self.stop)
        line = self._shell.stdout.readline()
        self._shell.wait()
        if not line:
            raise RuntimeError(f"The sandbox did not start, see {LOG}")
        described = json.loads(line)
        self.quickbooks: dict[str, Any] = described["quickbooks"]
        self.actionstep: dict[str, Any] = described["actionstep"]

    @classmethod
    def shared(cls) -> Sandbox:
        """Return the one sandbox of this test run, as its seed made it."""
        if cls._shared is None:
            cls._shared = cls()
        cls._shared.reset()
        return cls._shared

    def stop(self) -> None:
        """End the servers and wait until they are gone."""
        atexit.unregister(self.stop)
        self._shell.stdin.close()
        self._shell.stdout.read()

    def admin(self, side: str, method: str, path: str, body: Any = None) -> Any:
        """Call the admin door of a side and return its answer.

        :raise requests.HTTPError: the door refused, with its reason in the text
        """
        url = f"{getattr(self, side)['admin_url']}/{path.lstrip('/')}"
        answer = requests.request(method, url, json=body, timeout=TIMEOUT)
        if not answer.ok:
            raise requests.HTTPError(f"{method} {url}: {answer.text}", response=answer)
        return answer.json() if answer.content else None

    def reset(self, **seed: Any) -> None:
        """Put both sides back to the seed; faults, switches and logs are cleared."""
        for side in ("quickbooks", "actionstep"):
            self.admin(
                side, "POST", "reset", {**self.seed, "keep_tokens": True, **seed}
            )

    def fault(self, side: str, fault: dict[str, Any], **match: Any) -> None:
        """Queue a fault: ``fault("quickbooks", {"kind": "status", "status": 429})``."""
        self.admin(side, "POST", "faults", {**match, "fault": fault})

    def requests(self, side: str, path: str = "") -> list[dict[str, Any]]:
        """Return the requests whose path contains a text, oldest first."""
        return [row for row in self.admin(side, "GET", "log") if path in row["path"]]

    @staticmethod
    def consent(authorization_url: str) -> dict[str, str]:
        """Open a consent page and return what it sends back: code, state, realmId."""
        answer = requests.get(authorization_url, allow_redirects=False, timeout=TIMEOUT)
        return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
