"""Change data: what changed since a moment, deleted objects as well.

Documented: 30 days back, 1000 objects an answer over all entities asked for, no paging;
within an entity by time of the last change, deleted ones last. One object an entity, in
the order asked for, empty where nothing changed. ``totalCount`` is there and
``startPosition`` is missing where all are deleted (observed).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from . import clock
from .company import Call, Object, is_deleted
from .faults import Fault, missing, unsupported
from .resources import BY_ENTITY
from .resources.base import Resource

LOOK_BACK = timedelta(days=30)
MOST_OBJECTS = 1000
NOT_SERVED = ("TaxCode", "TaxRate", "TaxAgency")
NAMES = {name.lower(): name for name in BY_ENTITY if name not in NOT_SERVED}


def changed_data(call: Call, entities: str, since: str) -> list[Object]:
    """Return a ``QueryResponse`` an entity; raise Fault 2000, 2020, 2060 or 500."""
    asked = [name.strip() for name in entities.split(",") if name.strip()]
    if not asked:
        raise missing("entities")
    moment = _moment(since)
    left, answers = MOST_OBJECTS, []
    for name in asked:
        if name.lower() not in NAMES:
            raise Fault("2000", f"Object Name : {name}", "entities")
        resource = BY_ENTITY[NAMES[name.lower()]]
        rows = _changed(call, resource, moment)[:left]
        left -= len(rows)
        answers.append(_answer(resource, rows))
    return answers


def _moment(since: str) -> datetime:
    if not since:
        raise missing("changedSince")
    try:
        moment = clock.parse_moment(since)
    except ValueError as error:
        raise Fault("2060", f"Invalid Date Format : {since}", "changedSince") from error
    if moment < clock.now() - LOOK_BACK:
        raise unsupported(
            f"cdc with changedSince date {since} which is older than fixed days"
        )
    # Times of change have no fractions of a second.
    return moment.replace(microsecond=0)


def _changed(call: Call, resource: Resource, since: datetime) -> list[Object]:
    rows = [
        (is_deleted(obj), _changed_at(obj), obj)
        for obj in call.company.objects[resource.entity].values()
        if _changed_at(obj) >= since
    ]
    return [obj for _deleted, _at, obj in sorted(rows, key=lambda row: row[:2])]


def _changed_at(obj: Object) -> datetime:
    return clock.parse_moment(obj["MetaData"]["LastUpdatedTime"])


def _answer(resource: Resource, rows: list[Object]) -> Object:
    if not rows:
        return {}
    shown = [tombstone(obj) if is_deleted(obj) else resource.shown(obj) for obj in rows]
    counts = {"maxResults": len(rows), "totalCount": len(rows)}
    if not is_deleted(rows[0]):
        counts = {"startPosition": 1, **counts}
    return {resource.entity: shown, **counts}


def tombstone(obj: Object) -> Object:
    """Return what is left of a deleted object."""
    changed = {"LastUpdatedTime": obj["MetaData"]["LastUpdatedTime"]}
    known = {"domain": "QBO", "status": "Deleted", "Id": obj["Id"]}
    return {**known, "MetaData": changed}
