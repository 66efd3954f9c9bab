"""`make serve`: run Odoo with the demo on this machine until Ctrl-C.

PORT names the port (else the first free one from 8069 up); SERVERS names the local
servers to use, as for `make demo`.
"""

from __future__ import annotations

import os

from .demo import running_demo
from .setup.console import SetupError, main
from .setup.postgres import postgres


def serve() -> int:
    """Make the demo database, keep Odoo running on it, and say where it is."""
    with postgres() as server, running_demo(server, wanted_port()) as demo:
        print(f"\nOdoo runs on {demo.url}   user admin, password admin")
        print(f"The connection: {demo.url}/odoo/actionstep-connections")
        print("Its log is .work/run/odoo.log. Ctrl-C stops it.", flush=True)
        demo.process.wait()
    raise SetupError("Odoo ended by itself.", "its log is .work/run/odoo.log.")


def wanted_port() -> int | None:
    """Return the port that PORT names, None without one."""
    text = os.environ.get("PORT", "")
    if not text:
        return None
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise SetupError(
            f"PORT={text} is no port.", "for example: make serve PORT=8070"
        )
    return int(text)


if __name__ == "__main__":
    main(serve)
