from datetime import timedelta
from decimal import Decimal

from markupsafe import Markup

from odoo import api, fields, models

from ..exceptions import DataError
from ..mappers.common import map_removal, ref
from ..mappers.money import from_answer, to_text
from .changed import changed_values

# In the order in which they are pushed: each needs those before it.
DOCUMENT_MODELS = (
    "actionstep.invoice",
    "actionstep.credit.note",
    "actionstep.payment",
    "actionstep.credit.application",
)
# How many are read, stored, decided about and committed together: so memory does not
# grow with how many there are.
DOCUMENTS_AT_ONCE = 500
# What QuickBooks refused for a reason that somebody may mend there: asked again by
# itself, but not in every run.
RETRIED_CAUSES = (
    "closed_period",
    "duplicate_number",
    "name_taken",
    "refused",
    "gone_in_quickbooks",
    "inactive_in_quickbooks",
    "outcome_unknown",
    "unavailable",
    "unexpected",
    "payment_deposited",
    "payment_matched",
    "link_refused",
    "credit_applied",
    "credit_too_large",
    "paid_in_quickbooks",
)
RETRY_REFUSED = timedelta(hours=1)
# What a person may decide to leave as it stands in QuickBooks.
LEAVABLE_CAUSES = (
    "totals_differ",
    "changed_in_quickbooks",
    "removal_changed",
    "paid_in_quickbooks",
    "closed_period",
    "payment_deposited",
    "payment_matched",
    "credit_applied",
)


class ActionstepDocument(models.AbstractModel):
    """A document of Actionstep on its way to, or standing in, QuickBooks.

    The binding (which object of QuickBooks it is, at which version) and the state of
    the push. The state is moved by the methods below only. What differs by kind of
    document is asked of the concrete model: the attributes below, and the methods of
    the section "for each kind".
    """

    _name = "actionstep.document"
    _description = "Document Pushed to QuickBooks"
    _inherit = [
        "actionstep.binding",
        "actionstep.failure",
        "mail.thread",
        "mail.activity.mixin",
    ]
    # A bookkeeper may comment on a document that only the server may change.
    _mail_post_access = "read"

    _kind = None  # of mappers.kinds: how it is translated and compared
    _date_field = None  # the day it belongs to: the start date counts by it
    _job_field = None  # where a job names it
    _push_priority = None  # of its jobs; what others need goes first,
    _removal_priority = None  # and is removed last
    _is_settlement = False  # of invoices: QuickBooks takes no more than is open
    _quickbooks_page = None  # where QuickBooks shows it to people
    _amount_field = None  # what QuickBooks' total must be; none for a payment of zero

    # Where a document stands:
    #   (pulled) --> waiting --[what it needs arrived]--> queued --> pushed
    #   waiting, queued, pushed --[something is wrong with it]--> attention
    #   waiting, attention --[Requeue, or mended before the next run]--> queued
    #   pushed --[changed in Actionstep]--> queued
    #   pushed --[deleted or made a draft in Actionstep]--> queued --> withdrawn
    #   any but withdrawn --[Hold, or Unlink]--> held --[Release]--> waiting
    #   skipped: dated before the start date; withdrawn: draft or deleted in Actionstep
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("queued", "Queued"),
            ("pushed", "In QuickBooks"),
            ("attention", "Needs attention"),
            ("skipped", "Before start date"),
            ("withdrawn", "Withdrawn"),
            ("held", "On hold"),
        ],
        default="waiting",
        required=True,
        readonly=True,
        copy=False,
    )
    is_held = fields.Boolean(
        readonly=True,
        copy=False,
        help="A person decided that this document is not pushed.",
    )
    unlinked_id = fields.Char(
        readonly=True,
        copy=False,
        help="What it was in QuickBooks before it was unlinked: it is looked for there "
        "before it is created again.",
    )
    client_external_id = fields.Char(string="Client ID", readonly=True)
    participant_id = fields.Many2one(
        "actionstep.participant", string="Client", readonly=True, index=True
    )
    subcustomer_id = fields.Many2one(
        "actionstep.subcustomer",
        string="Billed to Matter",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The customer in QuickBooks, where the firm keeps one for each matter.",
    )
    matter_external_ids = fields.Json(readonly=True)
    matter_ids = fields.Many2many("actionstep.matter", string="Matters", readonly=True)
    has_unlinked_matters = fields.Boolean(readonly=True, index="btree_not_null")
    currency_code = fields.Char(readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    modified_at = fields.Datetime(string="Changed in Actionstep", readonly=True)
    is_derived = fields.Boolean(
        string="Derived",
        readonly=True,
        help="Concluded from the totals of a bill, for want of the document itself.",
    )
    needs_plan = fields.Boolean(
        default=True,
        readonly=True,
        index=True,
        help="Something changed since it was last decided what to do with it.",
    )
    retry_at = fields.Datetime(
        readonly=True,
        copy=False,
        help="When QuickBooks is asked again about what it refused.",
    )
    failed_at = fields.Datetime(
        string="Needs Attention Since", readonly=True, copy=False
    )
    noted_message = fields.Text(
        readonly=True,
        copy=False,
        help="Sentence last told in the chatter, so that none is told twice.",
    )
    # --- what was sent, and what QuickBooks answered ---
    pushed_fingerprint = fields.Char(
        readonly=True, copy=False, help="Content that was last pushed."
    )
    quickbooks_fingerprint = fields.Char(
        string="QuickBooks Fingerprint",
        readonly=True,
        copy=False,
        help="Content as QuickBooks answered it: tells a change made there.",
    )
    edited_fingerprint = fields.Char(
        readonly=True, copy=False, help="Content that a person gave it in QuickBooks."
    )
    quickbooks_number = fields.Char(
        string="Number in QuickBooks", readonly=True, copy=False
    )
    quickbooks_tax = fields.Monetary(
        string="Tax in QuickBooks", readonly=True, copy=False
    )
    quickbooks_total = fields.Monetary(
        string="Total in QuickBooks", readonly=True, copy=False
    )
    quickbooks_untaxed = fields.Monetary(
        string="Total before Tax in QuickBooks", compute="_compute_quickbooks_untaxed"
    )
    amount_difference = fields.Monetary(
        string="Difference",
        compute="_compute_amount_difference",
        store=True,
        help="How much more stands in QuickBooks than in Actionstep.",
    )
    quickbooks_url = fields.Char(compute="_compute_quickbooks_url")

    # The dashboard counts by it, without a look at the documents themselves.
    _state = models.Index("(state, connection_id, company_id)")

    # === COMPUTE METHODS === #

    @api.depends("quickbooks_id", "connection_id")
    def _compute_quickbooks_url(self):
        for document in self:
            base = document.connection_id._get_quickbooks_app_url()
            document.quickbooks_url = (
                f"{base}/{self._quickbooks_page}?txnId={document.quickbooks_id}"
                if document.quickbooks_id
                else False
            )

    @api.depends(
        lambda self: tuple(
            filter(None, ("quickbooks_id", "quickbooks_total", self._amount_field))
        )
    )
    def _compute_amount_difference(self):
        for document in self:
            document.amount_difference = (
                document.quickbooks_total - document[self._amount_field]
                if document.quickbooks_id and self._amount_field
                else 0
            )

    @api.depends("quickbooks_total", "quickbooks_tax")
    def _compute_quickbooks_untaxed(self):
        for document in self:
            document.quickbooks_untaxed = (
                document.quickbooks_total - document.quickbooks_tax
            )

    # === FOR EACH KIND === #

    def _get_reference(self):
        """Return our marker of this document; it never changes over its life."""
        raise NotImplementedError

    def _get_label(self):
        """Return what chatter and sentences call this document, with its number."""
        raise NotImplementedError

    def _get_number(self):
        """Return the number that people know it by, or an empty text."""
        raise NotImplementedError

    def _get_total(self):
        """Return the amount that people know it by."""
        raise NotImplementedError

    def _is_withdrawn(self):
        """Tell whether Actionstep says that there is none, or not any more."""
        raise NotImplementedError

    def _to_value(self, maps):
        """Return the neutral document, its targets in QuickBooks chosen by the maps.

        :param maps: ``Maps`` of the connection
        :raise SyncError: a target is missing
        """
        raise NotImplementedError

    def _check_detail(self):
        """Refuse a document whose parts are missing or do not fit each other.

        :raise SyncError: the cause says whether it waits or needs a person
        """

    def _get_dependants(self):
        """Return recordsets of the documents that name these in QuickBooks."""
        return []

    def _get_objection(self, row):
        """Return the error that keeps a document from being removed, if any.

        :param row: the object as QuickBooks has it
        """
        if self._note_edit(row):
            return DataError("removal_changed")
        return None

    def _prepare_sent(self, payload):
        """Return the values of a job by which what was sent is found again."""
        return {"number": payload.get("DocNumber")}

    def _prepare_removal(self, row, _operation):
        """Return the payload that deletes or voids the object."""
        return map_removal(row["Id"], row["SyncToken"])

    def _get_removal_operation(self):
        """Return delete or void: what the firm chose, where QuickBooks can void."""
        return self.connection_id.removal

    # === BUSINESS METHODS === #

    def _get_customer(self):
        """Return the record that is bound to the customer of this document."""
        self.ensure_one()
        return self.subcustomer_id or self.participant_id

    def _get_exchange_rate(self):
        """Return what one unit of its currency is worth in that of the books.

        :return: Decimal with six places from Odoo's rates of the day; None in the
            currency of the books, or when Odoo has no rate
        """
        self.ensure_one()
        home = self.connection_id.quickbooks_currency_id
        day = self[self._date_field]
        if not home or not day or self.currency_id == home:
            return None
        company = self.company_id
        own = company.currency_id
        for currency in (self.currency_id | home) - own:
            # Odoo would silently count one without rates as 1.
            if not currency.rate_ids.filtered(
                lambda rate: (
                    rate.name <= day
                    and rate.company_id in (company.root_id, company.browse())
                )
            ):
                return None
        rate = self.currency_id._get_conversion_rate(
            self.currency_id, home, company, day
        )
        return Decimal(repr(rate)).quantize(Decimal("0.000001"))

    def _get_jobs(self, *states):
        """Return the jobs of these documents, oldest first, or those in some states."""
        domain = [(self._job_field, "in", self.ids)]
        if states:
            domain.append(("state", "in", states))
        return self.env["actionstep.sync.job"].search(domain, order="id")

    def _cancel_jobs(self):
        """Drop the jobs of an earlier decision that were not sent yet."""
        self._get_jobs("waiting", "pending")._cancel()

    def _may_be_there(self):
        """Tell whether it was sent and given up without knowing what became of it."""
        self.ensure_one()
        given_up = ("pending", "failed", "cancelled")
        return any(
            job.operation == "create" and job.request_id
            for job in self._get_jobs(*given_up)
        )

    def _get_push_priority(self):
        """Return the priority of the job that creates or changes it."""
        return self._push_priority

    def _get_operation(self):
        """Return what has to happen in QuickBooks."""
        self.ensure_one()
        if self._is_withdrawn():
            return self._get_removal_operation()
        return "update" if self.quickbooks_id else "create"

    def _note_edit(self, row):
        """Remember what a person made of the document in QuickBooks.

        :param row: the object as QuickBooks has it
        :return: whether it is another than we know
        """
        self.ensure_one()
        fingerprint = self._kind.answer_fingerprint(row)
        known = self.quickbooks_fingerprint or fingerprint
        is_edited = known not in (fingerprint, *self._get_former_fingerprints(row))
        is_edited = is_edited and fingerprint not in self._get_sent_fingerprints()
        self.edited_fingerprint = is_edited and fingerprint
        return is_edited

    def _get_sent_fingerprints(self):
        """Return what updates of ours made of the object whose answers were lost."""
        return set(filter(None, self._get_last_lost().mapped("sent_fingerprint")))

    def _get_last_lost(self):
        """Return the jobs since the last one that QuickBooks answered."""
        jobs = self._get_jobs().sorted("id")
        answered = [index for index, job in enumerate(jobs) if job.state == "done"]
        return jobs[answered[-1] + 1 :] if answered else jobs

    def _get_former_fingerprints(self, row):
        """Return what the object would look like had its customer not been merged.

        :param row: the object as QuickBooks has it
        """
        customer = self._get_customer()
        if ref(row, "CustomerRef") != customer.quickbooks_id:
            return []
        return [
            self._kind.answer_fingerprint({**row, "CustomerRef": {"value": former_id}})
            for former_id in customer.former_ids or []
        ]

    def _prepare_binding(self, answer):
        """Return the values that bind a document to what QuickBooks answered."""
        tax = (answer.get("TxnTaxDetail") or {}).get("TotalTax")
        return {
            "quickbooks_id": answer["Id"],
            "quickbooks_sync_token": answer["SyncToken"],
            "quickbooks_number": answer.get("DocNumber") or answer.get("PaymentRefNum"),
            "quickbooks_total": float(from_answer(answer.get("TotalAmt"))),
            "quickbooks_tax": float(from_answer(tax)),
            # Until it is sure what stands there: never take it for done.
            "pushed_fingerprint": False,
            "quickbooks_fingerprint": self._kind.answer_fingerprint(answer),
            "pushed_at": fields.Datetime.now(),
        }

    def _format_amount(self, amount):
        """Return an amount as all our sentences write it: ``1,234.50 USD``."""
        return to_text(from_answer(amount), self.currency_code or "")

    def _get_values(self):
        """Return the placeholders that any sentence about this document may use."""
        self.ensure_one()
        return {
            "number": self._get_number(),
            "date": fields.Date.to_string(self[self._date_field]) or "",
            "total": self._format_amount(self._get_total()),
            "currency": self.currency_code or "",
        }

    # === STAGING === #

    def _write_header(self, values, beside=("modified_at",)):
        """Write what changed in a document's header.

        :param beside: fields that may change without a change of what is pushed
        :return: whether what is pushed may have changed, so it must be planned again
        """
        self.ensure_one()
        changed = changed_values(self, values)
        if not changed:
            return False
        was_withdrawn = self._is_withdrawn()
        if "client_external_id" in changed:
            changed["participant_id"] = False
        if "matter_external_ids" in changed:
            changed["has_unlinked_matters"] = bool(changed["matter_external_ids"])
        is_content = bool(changed.keys() - set(beside))
        self.write({**changed, "needs_plan": True} if is_content else changed)
        if self._is_withdrawn() != was_withdrawn:
            # What settles it, or is applied of it, goes and comes with it.
            self._flag_dependants()
        return is_content

    # === STATE === #

    def _prepare_no_failure(self):
        """Override of `actionstep.failure` to end the time of the failure too."""
        return {**super()._prepare_no_failure(), "failed_at": False}

    def _set_settled(self, state):
        """Move documents to a state in which nothing is left to do."""
        moved = self.filtered(lambda document: document.state != state)
        self.write({**self._prepare_no_failure(), "state": state, "needs_plan": False})
        if state != "pushed":
            # What waits for them waits in vain.
            moved._flag_dependants()

    def _set_attention(self, errors, **values):
        """Move documents to Needs attention and tell why in their chatter.

        The same sentence is told once, however often it is tried in between.

        :param errors: ``{document: SyncError}``
        """
        now = fields.Datetime.now()
        notes = {}
        for document, error in errors.items():
            failure = self._prepare_failure(error, **document._get_values(), **values)
            sentence = failure["failure_message"]
            if document.noted_message != sentence:
                notes[document.id] = self.env._(
                    "Needs attention: %(sentence)s", sentence=sentence
                )
            document._write_changed(
                {
                    **failure,
                    "state": "attention",
                    "needs_plan": False,
                    "noted_message": sentence,
                    "failed_at": document.failed_at or now,
                    "retry_at": now + RETRY_REFUSED
                    if error.cause in RETRIED_CAUSES
                    else False,
                }
            )
        self.browse(notes)._message_log_batch(bodies=notes)

    def _set_waiting(self, errors):
        """Leave documents waiting for what they need, and say what it is."""
        for document, error in errors.items():
            failure = self._prepare_failure(error, **document._get_values())
            state = {"state": "waiting", "needs_plan": False}
            document._write_changed({**failure, **state})

    def _write_changed(self, values):
        """Write what differs: what is looked at in every run costs no writes."""
        changed = changed_values(self, values)
        if changed:
            self.write(changed)

    def _set_queued(self):
        """Queue documents; since when they need attention shows until it is over."""
        done = {**self._prepare_no_failure(), "state": "queued", "needs_plan": False}
        del done["failed_at"]
        self.write(done)

    def _set_unbound(self):
        """Forget the object that is no longer in QuickBooks, or no longer ours."""
        bound = self.filtered("quickbooks_id")
        self.write(
            {
                "quickbooks_id": False,
                "quickbooks_sync_token": False,
                "quickbooks_fingerprint": False,
                "edited_fingerprint": False,
                "quickbooks_number": False,
                "quickbooks_total": 0,
                "quickbooks_tax": 0,
                "pushed_fingerprint": False,
                "retry_at": False,
            }
        )
        bound._flag_dependants()

    def _flag_dependants(self):
        """Have it decided anew about what names these documents in QuickBooks."""
        for dependants in self._get_dependants():
            dependants.needs_plan = True

    def _set_pushed(self, bindings):
        """Store what QuickBooks answered and tell it in the chatter.

        :param bindings: ``{document: values of the binding}``
        """
        documents = self.union(*bindings)
        new = documents.filtered(lambda document: not document.quickbooks_id)
        documents.write(
            {**self._prepare_no_failure(), "noted_message": False, "state": "pushed"}
        )
        for document, binding in bindings.items():
            document.write(binding)
        notes = {one.id: one._get_pushed_note(one not in new) for one in documents}
        documents._message_log_batch(bodies=notes)
        new._flag_dependants()

    def _get_pushed_note(self, was_there):
        link = Markup('<a href="%s" target="_blank" rel="noopener">%s</a>') % (
            self.quickbooks_url,
            self.env._("Open in QuickBooks"),
        )
        text = (
            self.env._("Updated in QuickBooks: %(what)s, total %(total)s.")
            if was_there
            else self.env._("Created in QuickBooks: %(what)s, total %(total)s.")
        )
        values = {
            "what": self._get_label(),
            "total": self._format_amount(self.quickbooks_total),
        }
        return Markup("%s %s") % (text % values, link)
