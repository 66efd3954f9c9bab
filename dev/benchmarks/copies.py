"""Many staged documents in little time: copies of rows that real passes wrote."""

from __future__ import annotations

from .stage import Stage

ROOT = "actionstep_invoice"
# What must differ from the row that is copied. The rest may be the same.
MARKED = ("external_id", "quickbooks_id")
CHILDREN = """
    SELECT child.relname, attribute.attname
    FROM pg_constraint
    JOIN pg_class child ON child.oid = conrelid
    JOIN pg_attribute attribute ON attrelid = conrelid AND attnum = conkey[1]
    WHERE contype = 'f' AND confrelid = %s::regclass
"""
COLUMNS = """
    SELECT column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = %s
"""


def multiply(stage: Stage, copies: int) -> None:
    """Add so many copies of every staged bill: lines, jobs, links and chatter, too.

    Each has ids and an Actionstep id of its own, and is pushed like its original.
    """
    children = dict(stage.rows(CHILDREN, ROOT))
    tables = [ROOT, *children, "mail_message"]
    links = {ROOT: "", **children, "mail_message": "res_id"}
    columns = {
        table: [name for (name,) in stage.rows(COLUMNS, table)] for table in tables
    }
    with_id = [table for table in tables if "id" in columns[table]]
    # One distance for all tables: a link moves as far as what it links to.
    span = max(_newest(stage, table) for table in with_id) + 1
    for table in tables:
        query = _insert(table, links[table], columns[table], span)
        stage.execute(query, copies)
    for table in with_id:
        stage.execute(
            "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)",
            table,
            _newest(stage, table),
        )
    stage.execute("ANALYZE")


def _newest(stage: Stage, table: str) -> int:
    return stage.value(f"SELECT coalesce(max(id), 1) FROM {table}")


def _insert(table: str, link: str, columns: list[str], span: int) -> str:
    """Return the statement that copies the rows of a table.

    :param link: its column that names the bill; empty for the bills themselves
    """
    moved = {"id", link}
    values = []
    for name in columns:
        if name in moved:
            values.append(f'"{name}" + copy * {span}')
        elif name in MARKED and table == ROOT:
            values.append(f"\"{name}\" || '-' || copy")
        else:
            values.append(f'"{name}"')
    names = ", ".join(f'"{name}"' for name in columns)
    where = f'"{link}" IS NOT NULL' if link else "true"
    if table == "mail_message":
        where = "model = 'actionstep.invoice'"
    return (
        f"INSERT INTO {table} ({names}) SELECT {', '.join(values)}"
        f" FROM {table}, generate_series(1, %s) copy WHERE {where}"
    )
