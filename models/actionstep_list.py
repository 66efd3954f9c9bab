from odoo import api, fields, models

from .changed import changed_values


class ActionstepList(models.AbstractModel):
    """An entry of a list that one of the two sides keeps, as we last read it.

    Entries are archived, never deleted, when the other side no longer has them: maps
    that point to them must show as broken instead of losing a line.
    """

    _name = "actionstep.list"
    _description = "Entry of a Vendor's List"
    _order = "name, id"

    connection_id = fields.Many2one(
        "actionstep.connection", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", related="connection_id.company_id", store=True, index=True
    )
    external_id = fields.Char(required=True, readonly=True)
    name = fields.Char(required=True, readonly=True)
    active = fields.Boolean(default=True, readonly=True)

    @api.model
    def _prepare(self, value):
        """Return the values that store a neutral entry, with its ``external_id``."""
        raise NotImplementedError

    @api.model
    def _upsert(self, connection, values, *, complete=True):
        """Bring the list of a connection up to date with what was read.

        :param values: neutral entries, as the clients read them
        :param bool complete: archive the entries that are not among them
        :return: the entries of the values
        """
        rows = [{"active": True, **self._prepare(value)} for value in values]
        rows = {row["external_id"]: row for row in rows}
        domain = [("connection_id", "=", connection.id)]
        if not complete:
            domain.append(("external_id", "in", list(rows)))
        known = {
            entry.external_id: entry
            for entry in self.with_context(active_test=False).search(domain)
        }
        if complete and not rows:
            # A list that had entries and suddenly has none is trouble on the other
            # side, and no reason to break every map.
            return self.browse()
        for external_id, entry in known.items():
            changed = changed_values(entry, rows.get(external_id, {"active": False}))
            if changed:
                entry.write(changed)
        created = self.create(
            [
                {**row, "connection_id": connection.id}
                for external_id, row in rows.items()
                if external_id not in known
            ]
        )
        return created.union(*(known[key] for key in rows if key in known))
