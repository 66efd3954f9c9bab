"""A server that answers exactly what a test wrote down, for bodies nobody wants."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

JSON = "application/json"


@dataclass
class Reply:
    """One answer; ``cut`` closes the connection instead, ``delay`` is in seconds."""

    status: int = 200
    body: str = ""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    delay: float = 0.0


@dataclass
class Call:
    """A request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


class RawServer:
    """``with RawServer(Reply(...), ...) as server:``; the last reply repeats.

    A reply may also be a function of the call.
    """

    def __init__(self, *replies: Reply | Callable[[Call], Reply]) -> None:
        self.replies = deque(replies)
        self.calls: list[Call] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer._answer(self)

            do_POST = do_GET

            def log_message(self, *args: object) -> None:
                """Override of `log_message` to stay quiet."""

        self._server = _QuietServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )

    def __enter__(self) -> RawServer:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length).decode()
        headers = {key.lower(): value for key, value in handler.headers.items()}
        call = Call(handler.command, handler.path, headers, body)
        self.calls.append(call)
        reply = self.replies.popleft() if len(self.replies) > 1 else self.replies[0]
        if callable(reply):
            reply = reply(call)
        time.sleep(reply.delay)
        if reply.cut:
            handler.close_connection = True
            return
        content = reply.body.encode()
        handler.send_response(reply.status)
        for key, value in {"Content-Type": reply.content_type, **reply.headers}.items():
            handler.send_header(key, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Override of `handle_error`: clients that give up are part of the tests."""
