"""The local QuickBooks Online server; see README.md beside this file."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette

from .app import QuickBooks

__all__ = ["QuickBooks", "create_app"]


def create_app(
    firm: Any, switches: dict[str, Any] | None = None, speed: str = "fast"
) -> Starlette:
    """Return the server of a firm's company.

    ``firm`` needs ``country``, ``currency``, ``realm_id`` and ``quickbooks``, the
    company's starting objects. ``speed`` is ``fast`` or ``real``.
    """
    return QuickBooks(firm, switches, speed).app()
