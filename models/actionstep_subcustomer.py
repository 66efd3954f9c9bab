from odoo import api, fields, models

from ..mappers.customer import (
    map_sub_customer,
    map_sub_customer_update,
    matter_reference,
)
from ..mappers.names import distinct_name, matter_name


class ActionstepSubcustomer(models.Model):
    """A matter of a client, as a sub-customer below the client's customer."""

    _name = "actionstep.subcustomer"
    _description = "Matter as Customer"
    _inherit = "actionstep.customer"

    _job_field = "subcustomer_id"

    participant_id = fields.Many2one(
        "actionstep.participant",
        string="Client",
        required=True,
        index=True,
        ondelete="cascade",
    )
    matter_id = fields.Many2one(
        "actionstep.matter", required=True, index=True, ondelete="cascade"
    )

    _pair_once = models.UniqueIndex("(participant_id, matter_id)")
    _customer_once = models.UniqueIndex(
        "(connection_id, quickbooks_id) WHERE quickbooks_id IS NOT NULL"
    )

    def _compute_display_name(self):
        for one in self:
            one.display_name = f"{one.participant_id.name}: {one.matter_id.name}"

    @api.model
    def _ensure(self, connection, pairs):
        """Return ``{(client, matter): record}``, created where it is missing."""
        pairs = list(pairs)
        known = self.search(
            [
                ("participant_id", "in", [client.id for client, _matter in pairs]),
                ("matter_id", "in", [matter.id for _client, matter in pairs]),
            ]
        )
        found = {(one.participant_id, one.matter_id): one for one in known}
        created = self.create(
            [
                {
                    "connection_id": connection.id,
                    "external_id": f"{client.external_id}/{matter.external_id}",
                    "participant_id": client.id,
                    "matter_id": matter.id,
                }
                for client, matter in pairs
                if (client, matter) not in found
            ]
        )
        return found | {(one.participant_id, one.matter_id): one for one in created}

    # === CUSTOMER === #

    def _get_wanted_name(self):
        """Override of `actionstep.customer`."""
        return matter_name(self.matter_id.name, self.matter_id.external_id)

    def _get_distinct_name(self):
        """Override of `actionstep.customer`: a matter may have several clients."""
        return distinct_name(self._get_wanted_name(), self.participant_id.external_id)

    def _is_same(self, row):
        """Override of `actionstep.customer`: one below the client's customer."""
        parent = (row.get("ParentRef") or {}).get("value")
        is_below = parent == self.participant_id.quickbooks_id
        return is_below and super()._is_same(row)

    def _get_reference(self):
        """Override of `actionstep.customer`."""
        client_id = self.participant_id.external_id
        return matter_reference(self.matter_id.external_id, client_id)

    def _prepare_payload(self, name, currency):
        """Override of `actionstep.customer`."""
        participant = self.participant_id
        return map_sub_customer(
            self.matter_id._to_value(),
            participant._to_value(),
            participant.quickbooks_id,
            name,
            currency,
        )

    def _prepare_update(self, row, name):
        """Override of `actionstep.customer`: contact data; the name is the matter's."""
        matter, client = self.matter_id._to_value(), self.participant_id._to_value()
        return map_sub_customer_update(matter, client, row)

    def _get_parent(self):
        """Override of `actionstep.customer`."""
        return self.participant_id

    def _get_client(self):
        """Override of `actionstep.customer`."""
        return self.participant_id
