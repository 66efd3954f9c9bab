"""A person at Odoo, over HTTP: signs in, calls methods, follows redirects.

Like a browser, but without screens: the demo goes the way that a user's clicks go.
"""

from __future__ import annotations

from typing import Any

import requests


class OdooError(Exception):
    """Odoo refused a call; the text is the message that the user would see."""


class Person:
    """A signed-in user; `base_url` is Odoo's address, without a slash at the end."""

    def __init__(self, base_url: str, database: str, login: str, password: str) -> None:
        """Sign in. Raises `OdooError` when the login is refused."""
        self.base_url = base_url
        self.session = requests.Session()
        self.session.trust_env = False
        self._post(
            "/web/session/authenticate",
            {"db": database, "login": login, "password": password},
        )

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a model's method as the web client does; raise `OdooError`."""
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        return self._post(f"/web/dataset/call_kw/{model}/{method}", params)

    def press(self, model: str, button: str, record_id: int) -> Any:
        """Press a button of a record and return the action it answers."""
        params = {"model": model, "method": button, "args": [[record_id]], "kwargs": {}}
        return self._post(f"/web/dataset/call_button/{model}/{button}", params)

    def visit(self, url: str) -> str:
        """Open an address, follow its redirects, and return where that ended."""
        answer = self.session.get(url, timeout=300)
        answer.raise_for_status()
        return answer.url

    def _post(self, path: str, params: dict[str, Any]) -> Any:
        body = {"jsonrpc": "2.0", "method": "call", "params": params}
        answer = self.session.post(self.base_url + path, json=body, timeout=300)
        answer.raise_for_status()
        document = answer.json()
        if "error" in document:
            raise OdooError(document["error"]["data"]["message"])
        return document.get("result")
