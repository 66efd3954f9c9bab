"""A relay between the addon and the local QuickBooks: real requests, altered answers.

For what no fault of the local server can show: work that was done and answered badly,
or one item of a batch that went wrong for no reason of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests

from .raw_server import JSON, Call, RawServer, Reply

TIMEOUT = 60


class Relay(RawServer):
    """``with Relay(api_url, change) as relay: connection.api_url = relay.api_url``.

    ``change`` gets the request and the real answer, and returns what to answer.
    """

    def __init__(self, api_url: str, change: Callable[[Call, Reply], Reply]) -> None:
        super().__init__(self._pass_on)
        parts = urlsplit(api_url)
        self._target = f"{parts.scheme}://{parts.netloc}"
        self._change = change
        self.api_url = self.url + parts.path

    def _pass_on(self, call: Call) -> Reply:
        names = ("authorization", "accept", "content-type")
        answer = requests.request(
            call.method,
            self._target + call.path,
            data=call.body.encode(),
            headers={
                name: call.headers[name] for name in names if name in call.headers
            },
            timeout=TIMEOUT,
        )
        return self._change(call, Reply(answer.status_code, answer.text, JSON))


def writes(call: Call) -> bool:
    """Tell whether a request is a batch that changes something."""
    return "/batch" in call.path and '"operation"' in call.body


def change_item(
    call: Call, reply: Reply, text: str, change: Callable[[dict[str, Any]], Any]
) -> Reply:
    """Change, in the answer to a batch, the item whose request holds a text.

    :param change: gets the item; what it returns stands in its place, None removes it
    """
    wanted = {
        item["bId"]
        for item in json.loads(call.body)["BatchItemRequest"]
        if text in json.dumps(item, ensure_ascii=False)
    }
    answer = json.loads(reply.body)
    items = answer["BatchItemResponse"]
    changed = [change(item) if item["bId"] in wanted else item for item in items]
    answer["BatchItemResponse"] = [item for item in changed if item is not None]
    return Reply(reply.status, json.dumps(answer), JSON)


def item_fault(code: str, detail: str = "") -> Callable[[dict[str, Any]], Any]:
    """Return a change that puts a fault in the place of an item's answer."""

    def change(item: dict[str, Any]) -> dict[str, Any]:
        error = {"Message": "Injected", "Detail": detail, "code": code}
        return {
            "Fault": {"Error": [error], "type": "ValidationFault"},
            "bId": item["bId"],
        }

    return change


def spoil_invoice(
    number: str, change: Callable[[dict[str, Any]], Any]
) -> Callable[[Call, Reply], Reply]:
    """Return what a relay does to change the answer about one invoice that was sent."""

    def pass_on(call: Call, reply: Reply) -> Reply:
        if not writes(call) or '"Invoice"' not in call.body:
            return reply
        return change_item(call, reply, f'"{number}"', change)

    return pass_on
