"""Another Python process on the database of the tests, that can be killed."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from odoo.tests.common import get_db_name
from odoo.tools import config

# Through the link: Odoo knows the addon by the name of its folder.
ADDONS = Path(__file__).parents[2]
START = """
import json, sys, time
from odoo.tools import config
arguments, database, told = json.loads(sys.argv[1])
config.parse_config(arguments)
"""
WAIT = """
print("ready", flush=True)
sys.stdin.readline()
"""


class Process:
    """Runs a script that knows ``database``, and what it is told as ``told``.

    :param prepare: what the script does before it says that it is ready
    :param script: what it does when it is let go
    """

    def __init__(self, prepare, script, told):
        options = ("db_host", "db_port", "db_user", "db_password")
        arguments = [f"--{name}={config[name]}" for name in options if config[name]]
        arguments.append(f"--addons-path={ADDONS}")
        given = json.dumps([arguments, get_db_name(), told])
        self._process = subprocess.Popen(
            [sys.executable, "-c", START + prepare + WAIT + script, given],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def expect(self, line):
        """Wait for a line of its output; return it."""
        found = self.read_line()
        assert found == line, f"{found!r} in place of {line!r}"

    def read_line(self):
        """Return the next line of its output, empty when it has ended."""
        return self._process.stdout.readline().strip()

    def go(self):
        """Let it begin."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def kill(self):
        """End it at once, as no process can prepare for."""
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()
