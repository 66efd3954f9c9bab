from datetime import timedelta

from odoo import api, fields, models

# Actionstep does not say in which time zone it reads a filter without offset, so each
# pull reads a day more than it needs; unchanged bills cost nothing further.
OVERLAP = timedelta(hours=24)


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
