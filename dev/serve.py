"""`make serve`: run Odoo with the addon on this machine until Ctrl-C.

PORT names the port (else the first free one from 8069 up).
"""

from __future__ import annotations

import os

from .setup import odoo
from .setup.console import SetupError, main
from .setup.postgres import Server, postgres

DATABASE = "demo"


def serve() -> int:
    """Run Odoo with the database `demo`, made when missing, and say where it is."""
    with postgres() as server:
        odoo.write_config(server)
        ensure_database(server)
        with odoo.start_server(DATABASE, wanted_port()) as running:
            print(f"\nOdoo runs on {running.url}   user admin, password admin")
            print("Its log is .work/run/odoo.log. Ctrl-C stops it.", flush=True)
            running.process.wait()
    raise SetupError("Odoo ended by itself.", "its log is .work/run/odoo.log.")


def ensure_database(server: Server) -> None:
    """Make the database `demo` with the addon, or bring its addon up to date."""
    if server.exists(DATABASE):
        odoo.update(DATABASE)
    else:
        odoo.copy_database(server, odoo.template_database(server), DATABASE)


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
