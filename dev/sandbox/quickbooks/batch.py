"""Batches: up to 30 items, each on its own, none sees what the same batch made.

The answer is HTTP 200 whatever becomes of the items; they come back in the order of the
request, matched by ``bId`` (recorded).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from .company import Call, Object, snapshot
from .faults import Fault, missing
from .query import run_query
from .replay import Replays
from .resources import BY_ENTITY

MAX_ITEMS = 30
COMMON = ("bId", "operation", "optionsData")


def items_of(payload: Any) -> list[Object]:
    """Return the items; raise Fault 2010 or 1040 for the request as a whole."""
    items = payload.get("BatchItemRequest") if isinstance(payload, dict) else None
    extra = [n for n in payload if n != "BatchItemRequest"] if items else []
    if not isinstance(items, list) or extra:
        name = extra[0] if extra else "BatchItemRequest"
        raise unknown(name, "IntuitBatchRequest")
    if len(items) > MAX_ITEMS:
        detail = f"The batch limit size is {MAX_ITEMS}. Supplied: {len(items)}"
        raise Fault("1040", detail)
    return items


async def run_batch(
    call: Call,
    items: list[Object],
    request_id: str,
    replays: Replays,
    pause: Callable[[], Awaitable[None]],
) -> list[Object]:
    """Return the ``BatchItemResponse`` list; ``pause`` is awaited before each item."""
    answers = []
    for item in items:
        await pause()
        answers.append(run_item(call, item, request_id, replays))
    return answers


def run_item(call: Call, item: Object, request_id: str, replays: Replays) -> Object:
    """Carry out one item, or repeat its first answer; faults are part of the answer."""
    b_id = str(item.get("bId", ""))
    call.include = _options(item)
    try:
        if request_id:
            known = replays.find(request_id, b_id)
            if known is not None:
                return known
    except Fault as fault:
        return {"Fault": fault.body(), "bId": b_id}
    refused = False
    try:
        answer = {**_perform(call, item), "bId": b_id}
    except Fault as fault:
        refused = True
        answer = {"Fault": fault.body(), "bId": b_id}
    answer = snapshot(answer)
    if request_id:
        replays.keep(request_id, b_id, answer, refused)
    return answer


def _options(item: Object) -> frozenset[str]:
    options = item.get("optionsData") or ""
    words = options if isinstance(options, list) else str(options).split(",")
    return frozenset(str(word).strip() for word in words)


def _perform(call: Call, item: Object) -> Object:
    if "Query" in item:
        return {"QueryResponse": run_query(call, str(item["Query"]))}
    names = [name for name in item if name not in COMMON]
    if not names:
        raise missing("the entity of the batch item")
    entity = names[0]
    if entity not in BY_ENTITY:
        raise unknown(entity, "BatchItemRequest")
    operation = item.get("operation")
    if not operation:
        raise missing("operation")
    resource = BY_ENTITY[entity]
    wanted = resource.operation(item[entity], str(operation), call.include)
    return {entity: resource.shown(resource.perform(call, wanted, item[entity]))}


def unknown(name: str, class_name: str) -> Fault:
    """Return the 2010 of a name that no batch has."""
    detail = (
        f'Property Name:Unrecognized field "{name}" '
        f"(class com.intuit.schema.finance.v3.{class_name}), not marked as ignorable "
        "specified is unsupported or invalid"
    )
    return Fault("2010", detail)
