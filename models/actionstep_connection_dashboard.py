"""Dashboard: what the card of a connection shows; each figure for all at once."""

import json
from collections import Counter, defaultdict
from datetime import datetime, time, timedelta

import pytz
from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import float_compare
from odoo.tools.misc import format_date, formatLang

from .actionstep_connection import DOCUMENTS

CHART_DAYS = 30
# What the table of the month compares: a kind of documents, its amount, and which of
# them Actionstep does not count.
MONTHLY = (
    ("invoices", "actionstep.invoice", "amount_total", "bill_status"),
    ("credits", "actionstep.credit.note", "amount_total", "is_deleted"),
    ("payments", "actionstep.payment", "amount", "is_deleted"),
)
NOT_COUNTED = ("Draft", "Deleted", True)


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    invoice_count = fields.Integer(compute="_compute_counts")
    payment_count = fields.Integer(compute="_compute_counts")
    credit_note_count = fields.Integer(compute="_compute_counts")
    # Over the documents of all kinds.
    pushed_count = fields.Integer(compute="_compute_counts")
    waiting_count = fields.Integer(compute="_compute_counts")
    attention_count = fields.Integer(compute="_compute_counts")
    last_run_at = fields.Datetime(string="Last Run", compute="_compute_last_run_at")
    last_run_note = fields.Char(compute="_compute_last_run_at")
    month = fields.Json(
        compute="_compute_month",
        help="What Actionstep and QuickBooks count in this month, ready to be shown.",
    )
    chart = fields.Text(
        string="Pushed in the Last 30 Days",
        compute="_compute_chart",
        help="As the widget dashboard_graph takes it; empty when nothing was pushed.",
    )

    # === COUNTS === #

    @api.depends(*(f"{name}.state" for name in DOCUMENTS))
    def _compute_counts(self):
        counts = {name: self._count_by_state(name) for name in DOCUMENTS}
        others = self._count_other_causes()
        for connection in self:
            key = connection._origin.id
            mine = {name: counts[name].get(key, {}) for name in DOCUMENTS}
            for name in ("invoice", "payment", "credit_note"):
                connection[f"{name}_count"] = sum(mine[f"{name}_ids"].values())
            by_state = sum(map(Counter, mine.values()), Counter())
            connection.pushed_count = by_state["pushed"]
            connection.attention_count = by_state["attention"] + others.get(key, 0)
            connection.waiting_count = by_state["waiting"] + by_state["queued"]

    def _count_by_state(self, name):
        """Return ``{connection id: {state: count}}`` of one kind of documents."""
        groups = self.env[self._fields[name].comodel_name]._read_group(
            [("connection_id", "in", self._origin.ids)],
            ["connection_id", "state"],
            ["__count"],
        )
        counts = defaultdict(dict)
        for connection, state, count in groups:
            counts[connection.id][state] = count
        return counts

    def _count_other_causes(self):
        """Return ``{connection id: count}`` of clients, matters and itself.

        The page Needs Attention, which the number opens, shows those, too.
        """
        groups = self.env["actionstep.attention"]._read_group(
            [
                ("connection_id", "in", self._origin.ids),
                ("state", "=", "attention"),
                ("kind", "!=", "documents"),
            ],
            ["connection_id"],
            ["record_count:sum"],
        )
        return {connection.id: count for connection, count in groups}

    def _compute_last_run_at(self):
        """Tell when the last run ended and what it did, or since when it works."""
        field = self.env["actionstep.sync.run"]._fields["state"]
        states = dict(field._description_selection(self.env))
        for connection in self:
            run = connection.last_run_id
            connection.last_run_at = run.finished_at or run.started_at
            connection.last_run_note = False
            if run.state in ("interrupted", "stopped"):
                values = {"state": states[run.state], "pushed": run.pushed_count}
                connection.last_run_note = self.env._(
                    "%(state)s, %(pushed)s pushed", **values
                )
            elif run.state == "done" and run.failed_count:
                values = {"pushed": run.pushed_count, "failed": run.failed_count}
                connection.last_run_note = self.env._(
                    "%(pushed)s pushed, %(failed)s not", **values
                )
            elif run.state == "done":
                connection.last_run_note = self.env._(
                    "%(pushed)s pushed", pushed=run.pushed_count
                )

    # === THE MONTH === #

    @api.depends_context("uid", "lang", "tz")
    def _compute_month(self):
        first = fields.Date.context_today(self).replace(day=1)
        title = format_date(self.env, first, date_format="LLLL y")
        labels = {
            "invoices": self.env._("Invoices"),
            "credits": self.env._("Credit notes"),
            "payments": self.env._("Payments"),
        }
        rows = defaultdict(list)
        for kind, *source in MONTHLY:
            for (connection, currency), sums in self._sum_month(first, *source).items():
                # A document in a currency that Odoo does not have has none here.
                rounding = currency.rounding or 0.01
                is_equal = not float_compare(*sums, precision_rounding=rounding)
                billed, pushed = (
                    formatLang(self.env, amount, currency_obj=currency or None)
                    for amount in sums
                )
                rows[connection.id].append(
                    {
                        "kind": kind,
                        "label": labels[kind],
                        "actionstep": billed,
                        "quickbooks": pushed,
                        "is_equal": is_equal,
                    }
                )
        for connection in self:
            mine = rows.get(connection._origin.id, [])
            connection.month = {"title": title, "rows": mine}

    def _sum_month(self, first, model, amount, gone):
        """Return ``{(connection, currency): [in Actionstep, in QuickBooks]}``.

        A document in another currency than the books has a row of its own: amounts of
        two currencies have no sum.

        :param first: the first day of the month
        :param amount: the field that holds what Actionstep says
        :param gone: the field that tells whether Actionstep counts it at all
        """
        Document = self.env[model]
        groups = Document._read_group(
            [
                ("connection_id", "in", self._origin.ids),
                (Document._date_field, ">=", first),
                (Document._date_field, "<", first + relativedelta(months=1)),
            ],
            ["connection_id", "currency_id", gone],
            [f"{amount}:sum", "quickbooks_total:sum"],
        )
        sums = defaultdict(lambda: [0.0, 0.0])
        for connection, currency, reason, billed, pushed in groups:
            mine = sums[connection, currency]
            mine[0] += 0 if reason in NOT_COUNTED else billed
            mine[1] += pushed
        return {key: mine for key, mine in sums.items() if any(mine)}

    # === THE CHART === #

    @api.depends_context("uid", "lang", "tz")
    def _compute_chart(self):
        today = fields.Date.context_today(self)
        days = [today - timedelta(days=n) for n in reversed(range(CHART_DAYS))]
        labels = [format_date(self.env, day, date_format="d MMM") for day in days]
        pushed = self._count_pushed_by_day(days[0])
        title = self._fields["chart"]._description_string(self.env)
        for connection in self:
            mine = pushed.get(connection._origin.id)
            values = [
                {"label": label, "value": mine[day], "type": "past"}
                for day, label in zip(days, labels, strict=True)
                if mine
            ]
            connection.chart = mine and json.dumps([{"key": title, "values": values}])

    def _count_pushed_by_day(self, first):
        """Return ``{connection id: {day: documents pushed}}`` from a day on.

        Days are those of the user; a run counts on the day on which it began.
        """
        zone = pytz.timezone(self.env.context.get("tz") or self.env.user.tz or "UTC")
        start = zone.localize(datetime.combine(first, time.min))
        groups = self.env["actionstep.sync.run"]._read_group(
            [
                ("connection_id", "in", self._origin.ids),
                ("pushed_count", ">", 0),
                ("started_at", ">=", start.astimezone(pytz.utc).replace(tzinfo=None)),
            ],
            ["connection_id", "started_at:day"],
            ["pushed_count:sum"],
        )
        counts = defaultdict(Counter)
        for connection, day, pushed in groups:
            counts[connection.id][day.date()] += pushed
        return counts
