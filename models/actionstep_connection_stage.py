"""Stage: store what was read of Actionstep, whichever source it came from.

Reading the same again writes nothing. What changed is flagged for the plan.
"""

from odoo import models

from ..mappers.money import from_answer
from ..mappers.totals import derive_payments

NOT_BILLED = ("Draft", "Deleted")


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    def _get_by_external_id(self, model, external_ids):
        """Return ``{Actionstep id: record}`` of those that are known."""
        found = model.search(
            [
                ("connection_id", "=", self.id),
                ("external_id", "in", list(external_ids)),
            ]
        )
        return {record.external_id: record for record in found}

    def _get_currencies(self, codes):
        """Return the ids of currencies by code, also of those not in use in Odoo.

        A firm's books may be in a currency that its Odoo uses for nothing else.
        """
        currencies = self.env["res.currency"].with_context(active_test=False)
        found = currencies.search([("name", "in", list(codes))])
        return {currency.name: currency.id for currency in found}

    def _stage_headers(self, model, rows):
        """Create or change documents of one kind.

        :param rows: ``{Actionstep id: values}``
        :return: ``{Actionstep id: document}``, and the documents that are new or
            changed
        """
        known = self._get_by_external_id(model, rows)
        changed = model.browse()
        for external_id, document in known.items():
            if document._write_header(rows[external_id]):
                changed |= document
        created = model.create(
            [
                {
                    **values,
                    "connection_id": self.id,
                    "external_id": external_id,
                    "has_unlinked_matters": bool(values["matter_external_ids"]),
                }
                for external_id, values in rows.items()
                if external_id not in known and not self._is_unwanted(values)
            ]
        )
        known |= {document.external_id: document for document in created}
        return known, changed | created

    def _is_unwanted(self, values):
        """Tell whether a document that we never saw needs no record.

        A draft is not a bill yet, and what was deleted before never was.
        """
        return values.get("is_deleted") or values.get("bill_status") in NOT_BILLED

    # === BILLS === #

    def _stage_bills(self, bills):
        """Create or change the invoices of a page of bills.

        :return: the documents that are new or changed
        """
        currencies = self._get_currencies({bill.currency for bill in bills})
        rows = {bill.bill_id: self._prepare_invoice(bill, currencies) for bill in bills}
        Invoice = self.env["actionstep.invoice"]
        if self.detail_source != "totals":
            notes = self._get_by_external_id(self.env["actionstep.credit.note"], rows)
            rows = {
                key: row
                for key, row in rows.items()
                if not (key in notes and row["amount_total"] < 0)
            }
            return list(self._stage_headers(Invoice, rows)[1])
        known = self._get_by_external_id(Invoice, rows)
        credits = {
            bill_id: self._prepare_derived_credit(row)
            for bill_id, row in rows.items()
            if row["amount_total"] < 0 and bill_id not in known
        }
        positive = {key: row for key, row in rows.items() if key not in credits}
        CreditNote = self.env["actionstep.credit.note"]
        for key, note in self._get_by_external_id(CreditNote, positive).items():
            if note.is_derived:
                # Corrected to a bill above zero.
                credits[key] = {"is_deleted": True}
        invoices, changed = self._stage_headers(Invoice, positive)
        payments = self._stage_derived_payments(invoices)
        notes = self._stage_headers(CreditNote, credits)[1]
        return [*changed, *payments, *notes]

    def _prepare_invoice(self, bill, currencies):
        """Return the values of an invoice's header; clients and matters come after."""
        return {
            "number": bill.number,
            "bill_status": bill.status,
            "client_external_id": bill.client_id,
            "matter_external_ids": list(bill.matter_ids),
            "currency_code": bill.currency,
            "currency_id": currencies.get(bill.currency),
            "invoice_date": bill.bill_date,
            "due_date": bill.due_date,
            "amount_untaxed": float(bill.total_exclusive),
            "amount_tax": float(bill.total_tax),
            "amount_total": float(bill.total_inclusive),
            "amount_paid": float(bill.total_paid),
            "modified_at": bill.modified_at,
        }

    def _stage_bill_lines(self, lines_by_bill):
        """Replace the lines of bills where they differ; unknown bills are left out.

        :param lines_by_bill: ``{bill id: neutral lines}``
        :return: the invoices whose lines changed
        """
        Invoice = self.env["actionstep.invoice"]
        invoices = self._get_by_external_id(Invoice, lines_by_bill)
        return Invoice._replace_lines(
            {invoice: lines_by_bill[key] for key, invoice in invoices.items()}
        )

    # === DERIVED FROM TOTALS === #

    def _prepare_derived_credit(self, row):
        """Return the values of the credit note that a negative bill stands for."""
        keep = ("client_external_id", "matter_external_ids", "currency_code")
        return {
            **{name: row[name] for name in (*keep, "currency_id", "modified_at")},
            "number": row["number"],
            "credit_date": row["invoice_date"],
            "amount_untaxed": -row["amount_untaxed"],
            "amount_tax": -row["amount_tax"],
            "amount_total": -row["amount_total"],
            "is_deleted": row["bill_status"] in NOT_BILLED,
            "is_derived": True,
        }

    def _stage_derived_payments(self, invoices, *, grows=True):
        """Conclude payments from what is paid of bills.

        :param invoices: ``{bill id: invoice}``
        :param bool grows: else only what was concluded before may become less
        :return: the payments that are new or changed
        """
        Payment = self.env["actionstep.payment"]
        new, changed = [], Payment
        for invoice in invoices.values():
            before = invoice.allocation_ids.filtered("payment_id.is_derived").sorted(
                lambda one: one.payment_id.id
            )
            known = [from_answer(one.amount) for one in before]
            paid = invoice._get_paid_otherwise()
            amounts = derive_payments(paid if grows else min(paid, sum(known)), known)
            for one, amount in zip(before, amounts, strict=False):
                if one._set_derived_amount(float(amount)):
                    changed |= one.payment_id
            for place in range(len(before), len(amounts)):
                new.append(
                    self._prepare_derived_payment(invoice, place, float(amounts[place]))
                )
        return changed | Payment.create(new)

    def _prepare_derived_payment(self, invoice, place, amount):
        """Return the values of a payment that is concluded from a bill's totals.

        :param place: how many were concluded from this bill before
        """
        return {
            "connection_id": self.id,
            "external_id": f"bill-{invoice.external_id}-{place + 1}",
            "client_external_id": invoice.client_external_id,
            "matter_external_ids": invoice.matter_external_ids,
            "has_unlinked_matters": bool(invoice.matter_external_ids),
            "currency_code": invoice.currency_code,
            "currency_id": invoice.currency_id.id,
            # When the bill changed is all that tells when it was paid.
            "payment_date": (invoice.modified_at or invoice.create_date).date(),
            "amount": amount,
            "is_derived": True,
            "allocation_ids": [
                (
                    0,
                    0,
                    {
                        "bill_external_id": invoice.external_id,
                        "invoice_id": invoice.id,
                        "amount": amount,
                    },
                )
            ],
        }

    # === RECEIPTS AND CREDIT NOTES === #

    def _stage_receipts(self, receipts, allocations):
        """Create or change payments, and replace what they settle.

        :param receipts: neutral receipts
        :param allocations: ``{receipt id: neutral allocations}``; a payment that is not
            named there keeps what it settles
        :return: the payments that are new or changed
        """
        Payment = self.env["actionstep.payment"]
        currencies = self._get_currencies({one.currency for one in receipts})
        rows = {
            one.receipt_id: self._prepare_payment(one, currencies) for one in receipts
        }
        payments, changed = self._stage_headers(Payment, rows)
        others = allocations.keys() - payments.keys()
        payments |= self._get_by_external_id(Payment, others)
        invoices = self._get_invoices(
            one.bill_id for parts in allocations.values() for one in parts
        )
        for receipt_id, parts in allocations.items():
            payment = payments.get(receipt_id)
            if payment and payment._replace_allocations(parts, invoices):
                changed |= payment
        self._reduce_derived(invoices)
        return changed

    def _reduce_derived(self, invoices):
        """Take back what was concluded of bills and real rows explain by now."""
        derived = {
            key: invoice
            for key, invoice in invoices.items()
            if invoice.allocation_ids.payment_id.filtered("is_derived")
        }
        self._stage_derived_payments(derived, grows=False)

    def _prepare_payment(self, receipt, currencies):
        return {
            "client_external_id": receipt.client_id,
            "matter_external_ids": [receipt.matter_id] if receipt.matter_id else [],
            "currency_code": receipt.currency,
            "currency_id": currencies.get(receipt.currency),
            "payment_date": receipt.received_on,
            "amount": float(receipt.amount),
            "method": receipt.method,
            "reference": receipt.reference,
            "memo": receipt.memo,
            "deposit_account_number": receipt.deposit_account_number,
            "is_from_trust": receipt.from_trust,
            "is_deleted": bool(receipt.deleted_at),
            "modified_at": receipt.modified_at,
        }

    def _stage_credit_notes(self, headers, lines, applications):
        """Create or change credit notes, and replace their lines and applications.

        :param headers: neutral credit notes
        :param lines: ``{credit id: neutral lines}``
        :param applications: ``{credit id: neutral applications}``; a credit note that
            is not named in one of the two keeps what it has
        :return: the credit notes that are new or changed
        """
        CreditNote = self.env["actionstep.credit.note"]
        currencies = self._get_currencies({one.currency for one in headers})
        applied = [one.bill_id for parts in applications.values() for one in parts]
        invoices = self._get_invoices([*applied, *(one.bill_id for one in headers)])
        rows = {
            one.credit_id: self._prepare_credit_note(one, currencies, invoices)
            for one in headers
        }
        notes, changed = self._stage_headers(CreditNote, rows)
        others = {*lines, *applications} - notes.keys()
        notes |= self._get_by_external_id(CreditNote, others)
        changed |= CreditNote._replace_lines(
            {notes[key]: parts for key, parts in lines.items() if key in notes}
        )
        Application = self.env["actionstep.credit.application"]
        for key, parts in applications.items():
            if key in notes and Application._replace(notes[key], parts, invoices):
                # How much of it is applied may have kept it out.
                notes[key].needs_plan = True
                changed |= notes[key]
        # What was taken for a payment before may be one of these applications.
        self._reduce_derived(invoices)
        self._withdraw_derived_credits(changed)
        # REST may show a credit note as a bill below zero, too.
        twins = self._get_by_external_id(self.env["actionstep.invoice"], notes)
        for invoice in twins.values():
            if invoice.amount_total < 0 and not invoice.quickbooks_id:
                invoice._set_settled("withdrawn")
        return changed

    def _withdraw_derived_credits(self, notes):
        """Withdraw the derived credit notes whose real ones are known by now."""
        numbers = [number for number in notes.mapped("number") if number]
        derived = notes.search(
            [
                ("connection_id", "=", self.id),
                ("is_derived", "=", True),
                ("is_deleted", "=", False),
                ("number", "in", numbers),
            ]
        )
        for note in derived:
            note._write_header({"is_deleted": True})

    def _prepare_credit_note(self, header, currencies, invoices):
        invoice = invoices.get(header.bill_id)
        return {
            "number": header.number,
            "bill_external_id": header.bill_id,
            "invoice_id": invoice.id if invoice else False,
            "client_external_id": header.client_id,
            "matter_external_ids": [header.matter_id] if header.matter_id else [],
            "currency_code": header.currency,
            "currency_id": currencies.get(header.currency),
            "credit_date": header.credit_date,
            "amount_untaxed": float(header.total_exclusive),
            "amount_tax": float(header.total_tax),
            "amount_total": float(header.total_inclusive),
            "reason": header.reason,
            "is_deleted": bool(header.deleted_at),
            # Its header was concluded from a bill below zero before it was read.
            "is_derived": False,
            "modified_at": header.modified_at,
        }

    def _get_invoices(self, bill_ids):
        ids = set(filter(None, bill_ids))
        return self._get_by_external_id(self.env["actionstep.invoice"], ids)

    def _link_bills(self):
        """Link what settles a bill that came later, and have it decided anew."""
        mine = [("connection_id", "=", self.id)]
        parts = self._link_to_bills(
            "actionstep.payment.allocation",
            [("payment_id.connection_id", "=", self.id)],
        )
        uses = self._link_to_bills("actionstep.credit.application", mine)
        self._link_to_bills("actionstep.credit.note", mine)
        parts.payment_id.needs_plan = True
        uses.needs_plan = True

    def _link_to_bills(self, model, domain):
        """Link the records of a model to the bills they name.

        Many name a bill that never comes, such as a draft: those are not read.

        :return: the records that are linked now
        """
        groups = self.env[model]._read_group(
            [*domain, ("invoice_id", "=", False), ("bill_external_id", "!=", False)],
            ["bill_external_id"],
            ["id:recordset"],
        )
        invoices = self._get_invoices([bill_id for bill_id, _records in groups])
        linked = self.env[model]
        for bill_id, records in groups:
            if bill_id in invoices:
                records.invoice_id = invoices[bill_id]
                linked |= records
        return linked
