"""Envelopes and headers of answers."""

from __future__ import annotations

import time
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from starlette.requests import Request
from starlette.responses import Response

from ..common import JsonResponse, loads
from .clock import envelope_time
from .faults import NAMESPACE, Fault, xml_fault

QBO_VERSION = "1988.128"
NO_STORE = "max-age=0, no-cache, no-store, must-revalidate, private"


def wants_json(request: Request) -> bool:
    """Tell whether the client asked for JSON; otherwise QBO answers XML."""
    return "json" in request.headers.get("accept", "")


def success(request: Request, answer: Any, started: float) -> Response:
    """Return an answer in its envelope, with the headers of the application."""
    milliseconds = int((time.monotonic() - started) * 1000)
    headers = {
        "QBO-Version": QBO_VERSION,
        "Service-Time": f"total={milliseconds}, db={milliseconds // 2}",
        "Cache-Control": NO_STORE,
        "Expires": "0",
    }
    if not wants_json(request):
        return Response(xml(answer), headers=headers, media_type="application/xml")
    headers["Content-Type"] = "application/json;charset=utf-8"
    return JsonResponse({**answer, "time": envelope_time()}, headers=headers)


def again(kept: Any) -> Any:
    """Return a remembered answer, or raise the remembered Fault."""
    if isinstance(kept, Fault):
        raise kept
    return loads(kept)


def fault_body(fault: Fault) -> dict[str, Any]:
    """Return the envelope of an application fault."""
    return {"Fault": fault.body(), "time": envelope_time()}


def fault(request: Request, fault: Fault) -> Response:
    """Return an application fault."""
    if wants_json(request):
        return JsonResponse(fault_body(fault), status_code=fault.status)
    error = (fault.code, fault.text, fault.detail)
    text = xml_fault(fault.type, [error])
    return Response(text, fault.status, media_type="application/xml")


def xml(answer: Any) -> str:
    """Return an answer as XML, for clients that did not ask for JSON."""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<IntuitResponse xmlns="{NAMESPACE}" time="{envelope_time()}">'
        f"{_elements(answer)}</IntuitResponse>"
    )


def _elements(value: dict[str, Any]) -> str:
    return "".join(_element(name, inner) for name, inner in value.items())


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, row) for row in value)
    if isinstance(value, dict) and "value" in value:
        label = f" name={quoteattr(str(value['name']))}" if "name" in value else ""
        return f"<{name}{label}>{escape(str(value['value']))}</{name}>"
    if isinstance(value, dict):
        return f"<{name}>{_elements(value)}</{name}>"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{name}>{escape(text)}</{name}>"
