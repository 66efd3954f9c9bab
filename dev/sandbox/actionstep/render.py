"""Rows as the REST API writes them, quirks included (each is a switch)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytz

from .query import Query
from .resources import RESOURCES, Attribute, Link, Resource
from .rows import Row
from .state import State

MEDIA_TYPE = "application/vnd.api+json"
# The vendor's specification shows the paging of these under another name.
SLIPPED_PAGING_KEYS = {"bills": "participants", "disbursements": "participants"}
TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    429: "Too Many Requests",
}


def error_body(status: int, detail: str, parameter: str | None = None) -> Row:
    """Return the only member of a refused request's body: one object, no list."""
    return {
        "errors": {
            "id": str(uuid.uuid4()),
            "status": status,
            "code": f"AS-{status}",
            "title": TITLES.get(status, "Error"),
            "detail": detail,
            "source": {"pointer": None, "parameter": parameter},
            "links": {"about": None},
            "meta": [],
        }
    }


@dataclass(frozen=True)
class Page:
    """One page of rows and where it stands."""

    rows: list[Row]
    number: int
    size: int
    total: int

    @property
    def count(self) -> int:
        """Return the number of pages."""
        return -(-self.total // self.size)


class Renderer:
    """Writes rows of one firm; ``base_url`` has neither path nor closing slash."""

    def __init__(self, state: State, switches: dict[str, Any], base_url: str):
        self.state = state
        self.switches = switches
        self.zone = pytz.timezone(state.firm.timezone)
        doubled = switches["doubled_host"]
        self.href_base = self._doubled(base_url) if doubled else base_url

    def envelope(self, resource: Resource, page: Page, query: Query, one: bool) -> Row:
        """Return the body of a list (or with ``one`` of a single row) answer."""
        rows = [self.row(resource, row, query) for row in page.rows]
        collapse = one or (len(rows) == 1 and self.switches["collapse_single_row"])
        linked = self._linked(resource, page.rows, query)
        types = [resource, *(RESOURCES[name] for name in linked)]
        body: Row = {"links": self._templates(types)}
        body[resource.name] = rows[0] if collapse else rows
        if query.include:
            body["linked"] = linked
        body["meta"] = {"paging": self._paging(resource, page)}
        if self.switches["meta_debug"]:
            body["meta"]["debug"] = self._debug()
        return body

    def row(self, resource: Resource, row: Row, query: Query) -> Row:
        """Return one row with the attributes and links that come or were asked for."""
        parity = row[resource.id_key]
        odd = isinstance(parity, int) and parity % 2 == 1
        names = query.fields.get(resource.name)
        asked = {chain.split(".")[0] for chain in query.include}
        result = {
            attribute.name: self._value(attribute, row, odd)
            for attribute in resource.attributes.values()
            if attribute.name == "id" or _shown(attribute, names)
        }
        links = {
            link.name: self._link_value(link, row)
            for link in resource.links.values()
            if _shown(link, names) or link.name in asked
        }
        return result | ({"links": links} if links else {})

    # Values

    def _value(self, attribute: Attribute, row: Row, odd: bool) -> Any:
        value = row.get(attribute.key)
        if value is None:
            return None
        write: Callable[[Any, bool], Any] | None = {
            "id": self._id,
            "flag": lambda flag, _odd: "T" if flag else "F",
            "money": self._money,
            "decimal": self._decimal,
            "date": self._date,
            "bare": lambda at, odd: self._date(at.astimezone(self.zone).date(), odd),
            "timestamp": self._timestamp,
        }.get(attribute.kind)
        return write(value, odd) if write else value

    def _id(self, value: Any, _odd: bool) -> Any:
        return value if self.switches["numeric_ids"] else str(value)

    def _money(self, value: Decimal, odd: bool) -> Any:
        style = self.switches["money"]
        text = style == "string" or (style == "mixed" and odd)
        return f"{value:.2f}" if text else value

    def _decimal(self, value: Decimal, odd: bool) -> Any:
        return self._money(value, odd)

    def _date(self, value: date, odd: bool) -> str:
        style = self.switches["dates"]
        if style == "day_month_year" or (style == "mixed" and odd):
            return value.strftime("%d-%b-%Y")
        return value.isoformat()

    def _timestamp(self, value: datetime, _odd: bool) -> str:
        zone = self.zone if self.switches["local_timestamps"] else pytz.UTC
        return value.astimezone(zone).isoformat(timespec="seconds")

    def _link_value(self, link: Link, row: Row) -> Any:
        value = row.get(link.key)
        if link.many:
            return [str(item) for item in value or ()]
        return None if value in (None, "") else str(value)

    # Around the rows

    def _linked(
        self, resource: Resource, rows: Iterable[Row], query: Query
    ) -> dict[str, list[Row]]:
        """Return the included rows by type; chains ``a.b`` include both steps."""
        found: dict[str, dict[Any, Row]] = {}
        for chain in query.include:
            self._follow(resource, rows, chain.split("."), found)
        return {
            name: [self.row(RESOURCES[name], row, query) for row in table.values()]
            for name, table in found.items()
        }

    def _follow(
        self,
        resource: Resource,
        rows: Iterable[Row],
        names: list[str],
        found: dict[str, dict[Any, Row]],
    ) -> None:
        link = resource.links.get(names[0])
        if link is None or link.target not in RESOURCES:
            return
        table = self.state.table(link.target)
        reached = {}
        for row in rows:
            value = row.get(link.key)
            for target_id in value or () if link.many else (value,):
                if target_id in table:
                    reached[target_id] = table[target_id]
        found.setdefault(link.target, {}).update(reached)
        if names[1:]:
            target = RESOURCES[link.target]
            self._follow(target, reached.values(), names[1:], found)

    def _templates(self, types: Iterable[Resource]) -> Row:
        return {
            f"{kind.name}.{link.name}": {
                "href": f"{self.href_base}/api/rest/{link.target}"
                f"/{{{kind.name}.{link.name}}}",
                "type": link.target,
            }
            for kind in types
            for link in kind.links.values()
        }

    def _paging(self, resource: Resource, page: Page) -> Row:
        key = resource.name
        if self.switches["paging_key_slip"]:
            key = SLIPPED_PAGING_KEYS.get(key, key)
        where = f"{self.href_base}/api/rest/{resource.name}?page="
        return {
            key: {
                "recordCount": page.total,
                "pageCount": page.count,
                "page": page.number,
                "pageSize": page.size,
                "prevPage": f"{where}{page.number - 1}" if page.number > 1 else None,
                "nextPage": (
                    f"{where}{page.number + 1}" if page.number < page.count else None
                ),
            }
        }

    def _debug(self) -> Row:
        at = datetime.now(self.zone)
        return {
            "requestTime": "0.095070",
            "mem": "1.36mb",
            "server": "sandbox",
            "time": f"{at:%Y-%m-%d %H:%M:%S %z} ({self.state.firm.timezone})",
            "rl": None,
        }

    @staticmethod
    def _doubled(base_url: str) -> str:
        """Return the address with a second domain after the host, as the vendor's."""
        scheme, _, host = base_url.partition("://")
        name, _, port = host.partition(":")
        return f"{scheme}://{name}.actionstep.com" + (f":{port}" if port else "")


def _shown(part: Attribute | Link, names: list[str] | None) -> bool:
    """Tell whether a part is returned: asked for, or default and not narrowed."""
    if names is None:
        return part.default
    return part.name in names or (":default" in names and part.default)
