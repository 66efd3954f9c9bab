from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from odoo import api, fields, models

# Actionstep does not say in which time zone it reads a filter without offset, so each
# pull reads a day more than it needs; unchanged bills cost nothing further.
OVERLAP = timedelta(hours=24)
# The place in a list is of no use for longer: the list changes.
PLACE_CAP = timedelta(hours=1)


@dataclass
class Place:
    """How far the reading of a stream is."""

    after: Any = None
    newest: datetime | None = None
    is_whole: bool = True

    def move(self, after, times):
        """Go on behind what was stored; ``times`` are those of its changes."""
        self.after = after
        self.newest = max(filter(None, (self.newest, *times)), default=None)


class ActionstepSyncCheckpoint(models.Model):
    """Where the reading of one stream of a connection stopped."""

    _name = "actionstep.sync.checkpoint"
    _description = "Sync Checkpoint"
    _rec_name = "stream"

    connection_id = fields.Many2one(
        "actionstep.connection", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", related="connection_id.company_id", store=True, index=True
    )
    stream = fields.Selection(
        [
            ("bills", "Bills"),
            ("bill_lines", "Bill lines"),
            ("receipts", "Payments"),
            ("credit_notes", "Credit notes"),
            ("participants", "Clients"),
        ],
        required=True,
    )
    cursor = fields.Datetime(
        help="Newest change that was read, in UTC. Empty it to read everything again."
    )

    place = fields.Json(
        readonly=True,
        help="Where a reading that did not come to its end in one pass goes on.",
    )
    unread_ids = fields.Json(
        string="Read Again",
        readonly=True,
        help="Documents of the reporting database that could not be read as a whole. "
        "They are asked for by their ids in every run, until they can be read.",
    )

    _stream_once = models.UniqueIndex("(connection_id, stream)")

    @api.model
    def _get(self, connection, stream):
        """Return the checkpoint of a stream, creating it when missing."""
        found = self.search(
            [("connection_id", "=", connection.id), ("stream", "=", stream)]
        )
        return found or self.create({"connection_id": connection.id, "stream": stream})

    def _get_since(self):
        """Return the time from which to read: the cursor less the overlap, or None."""
        self.ensure_one()
        return self.cursor - OVERLAP if self.cursor else None

    def _get_place(self):
        """Return where a reading goes on: at the beginning, unless one was broken off.

        :return: the place, with the last page or id that was stored
        """
        self.ensure_one()
        kept = self.place or {}
        oldest = fields.Datetime.now() - PLACE_CAP
        if (
            not kept
            or kept["since"] != _text(self.cursor)
            or _time(kept["at"]) < oldest
        ):
            return Place()
        return Place(kept["after"], _time(kept["newest"]), kept["is_whole"])

    def _keep_place(self, place):
        """Remember where a reading goes on in the next pass."""
        self.ensure_one()
        self.place = {
            "after": place.after,
            "newest": _text(place.newest),
            "is_whole": place.is_whole,
            "since": _text(self.cursor),
            "at": _text(fields.Datetime.now()),
        }

    def _end(self, place):
        """End a reading: everything up to the newest change is safely stored.

        What could not be read is asked for again until it can be.
        """
        self.ensure_one()
        if self.place:
            self.place = False
        if place.is_whole:
            self._advance(place.newest)

    def _keep_unread(self, tried, unread):
        """Remember what is asked for by its id until it can be read.

        What is not there any more stays, too: a load can be at work, and bring it back
        with a time of change that was passed long ago.

        :param tried: ids of what was read as a whole
        :param unread: ids of what could not be
        """
        self.ensure_one()
        before = self.unread_ids or []
        unread = set(filter(None, unread))
        kept = sorted({*before, *unread} - (set(tried) - unread))
        if kept != before:
            self.unread_ids = kept or False

    def _advance(self, newest):
        """Move the cursor forward once everything up to there is safely stored.

        Never beyond now: a change with a wrong date would hide all that come after it.
        """
        self.ensure_one()
        if not newest:
            return
        newest = min(newest.replace(microsecond=0), fields.Datetime.now())
        if not self.cursor or newest > self.cursor:
            self.cursor = newest


def _text(moment):
    return moment.isoformat() if moment else False


def _time(text):
    return datetime.fromisoformat(text) if text else None
