from odoo import api, fields, models

from ..documents import Participant
from ..mappers.customer import (
    customer_reference,
    map_customer,
    map_customer_update,
)
from ..mappers.names import display_name, distinct_name


class ActionstepParticipant(models.Model):
    """A client of the firm, bound to the customer of QuickBooks it is pushed to."""

    _name = "actionstep.participant"
    _description = "Actionstep Client"
    _inherit = ["actionstep.list", "actionstep.customer"]
    _rec_names_search = ["name", "external_id"]

    _job_field = "participant_id"

    is_company = fields.Boolean(readonly=True)
    first_name = fields.Char(readonly=True)
    last_name = fields.Char(readonly=True)
    email = fields.Char(readonly=True)
    phone = fields.Char(readonly=True)
    address_lines = fields.Json(readonly=True)
    city = fields.Char(readonly=True)
    state = fields.Char(readonly=True)
    postcode = fields.Char(readonly=True)
    country = fields.Char(readonly=True)
    needs_push = fields.Boolean(
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Changed in Actionstep since the customer was written.",
    )
    push_at = fields.Datetime(
        string="Not Before",
        readonly=True,
        copy=False,
        help="When QuickBooks is asked again about a change that it refused.",
    )

    job_ids = fields.One2many("actionstep.sync.job", "participant_id")

    _external_once = models.UniqueIndex("(connection_id, external_id)")
    _customer_once = models.UniqueIndex(
        "(connection_id, quickbooks_id) WHERE quickbooks_id IS NOT NULL"
    )

    @api.model
    def _prepare(self, value):
        """Override of `actionstep.list`."""
        return {
            "external_id": value.participant_id,
            "name": value.display_name or value.participant_id,
            "is_company": value.is_company,
            "first_name": value.first_name,
            "last_name": value.last_name,
            "email": value.email,
            "phone": value.phone,
            "address_lines": list(value.address_lines),
            "city": value.city,
            "state": value.state,
            "postcode": value.postcode,
            "country": value.country,
        }

    def _to_value(self):
        """Return the neutral participant that the mappers take."""
        self.ensure_one()
        return Participant(
            participant_id=self.external_id,
            display_name=self.name,
            is_company=self.is_company,
            first_name=self.first_name or "",
            last_name=self.last_name or "",
            email=self.email or "",
            phone=self.phone or "",
            address_lines=tuple(self.address_lines or ()),
            city=self.city or "",
            state=self.state or "",
            postcode=self.postcode or "",
            country=self.country or "",
        )

    # === CUSTOMER === #

    def _get_wanted_name(self):
        """Override of `actionstep.customer`."""
        return display_name(self.name, self.external_id)

    def _get_distinct_name(self):
        """Override of `actionstep.customer`."""
        return distinct_name(self._get_wanted_name(), self.external_id)

    def _is_same(self, row):
        """Override of `actionstep.customer`: not what stands below another customer."""
        return not row.get("ParentRef") and super()._is_same(row)

    def _get_client(self):
        """Override of `actionstep.customer`."""
        return self

    def _get_reference(self):
        """Override of `actionstep.customer`."""
        return customer_reference(self.external_id)

    def _prepare_payload(self, name, currency):
        """Override of `actionstep.customer`."""
        return map_customer(self._to_value(), name, currency)

    def _prepare_update(self, row, name):
        """Override of `actionstep.customer`."""
        return map_customer_update(self._to_value(), row, name)
