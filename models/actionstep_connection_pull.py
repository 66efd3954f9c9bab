"""Pull: read what changed in Actionstep, and stage it."""

import logging

import psycopg2

from odoo import models

from ..clients.values import UnreadableRow, clean
from .vendor_session import VendorSession

_logger = logging.getLogger(__name__)

# Of rows that cannot be read so many are named; a badly defined view has thousands.
MOST_TOLD = 500


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    def _pull(self, run):
        """Stage what changed since the last run.

        Each page is committed; a checkpoint moves only when its stream was read to the
        end, so an interrupted pull reads again and skips nothing.

        :raise SyncError: Actionstep or the reporting database cannot be read
        """
        self.ensure_one()
        with VendorSession(self, "actionstep") as actionstep:
            self._pull_bills(actionstep, run)
            self._pull_renamed(actionstep, run)
            self._pull_people(actionstep, run)
            self._pull_details(run)
            # Payments and credit notes name clients and matters, too.
            self._pull_people(actionstep, run)

    def _store_each(self, resource, rows, store, get_id):
        """Store rows together or, when that fails, each alone.

        One that cannot be stored is left out, and keeps no other from coming.

        :param store: stores a list of rows and returns the records
        :param get_id: returns the vendor's id of a row
        :return: what ``store`` returned, and ``UnreadableRow`` of those left out
        """
        try:
            with self.env.cr.savepoint():
                return [store(rows)], []
        except psycopg2.OperationalError:
            # Trouble of the database, not of a row.
            raise
        except Exception as error:
            if len(rows) == 1:
                row_id = get_id(rows[0])
                _logger.warning("%s %s", resource, row_id, exc_info=True)
                return [], [UnreadableRow(resource, row_id, clean(error))]
        alone = [self._store_each(resource, [row], store, get_id) for row in rows]
        return [found for results, _out in alone for found in results], [
            row for _results, out in alone for row in out
        ]

    # === BILLS === #

    def _pull_bills(self, actionstep, run):
        checkpoint = self.env["actionstep.sync.checkpoint"]._get(self, "bills")
        self._commit_step()
        place = checkpoint._get_place()
        page = place.after or 0
        for bills, unreadable in actionstep.pages(
            "bills", checkpoint._get_since(), page + 1
        ):
            changed, left_out = self._store_each(
                "bills", bills, self._stage_bills, lambda bill: bill.bill_id
            )
            place.is_whole &= not self._note_unreadable(run, unreadable + left_out)
            run._count(pulled=sum(map(len, changed)))
            page += 1
            place.move(page, [bill.modified_at for bill in bills])
            self._commit_part(checkpoint, place)
        checkpoint._end(place)
        self._commit_step()

    def _note_unreadable(self, run, rows):
        """Tell in the run which rows of Actionstep could not be read.

        :return: whether there are any
        """
        lines = [f"{row.resource} {row.row_id}: {row.reason}" for row in rows]
        if lines:
            told = (run.detail or "").splitlines()
            new = [line for line in dict.fromkeys(lines) if line not in set(told)]
            count = run.unreadable_count + len(new)
            sentence = self.env._(
                "%(count)s rows of Actionstep could not be read; see the details.",
                count=count,
            )
            detail = "\n".join([*told, *new][:MOST_TOLD])
            run.write(
                {"unreadable_count": count, "message": sentence, "detail": detail}
            )
        return bool(lines)
