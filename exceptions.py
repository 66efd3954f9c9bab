"""What can go wrong, by consequence, and the sentence a bookkeeper reads.

Clients and mappers raise one of the classes below; each class means one reaction of
the engine. The *cause* says what happened and is the key of :data:`CAUSES`, where the
sentences for people stand. The *detail* is the technical text and is shown apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)


class SyncError(Exception):
    """Anything that keeps a document from reaching QuickBooks.

    :param cause: key of :data:`CAUSES`
    :param detail: technical text, never a secret
    :param values: placeholders of the cause's sentence
    :param intuit_tid: Intuit's trace id of the answer, when there was one
    """

    def __init__(
        self,
        cause: str,
        detail: str = "",
        *,
        values: dict[str, Any] | None = None,
        intuit_tid: str | None = None,
    ) -> None:
        super().__init__(cause, detail)
        self.cause = cause
        self.detail = detail
        self.values = values or {}
        self.intuit_tid = intuit_tid


class RetryableError(SyncError):
    """Nothing was done; the same request may go again.

    :param seconds: how long to wait first; ``None`` leaves it to the engine
    """

    def __init__(
        self, cause: str, detail: str = "", *, seconds: int | None = None, **kw: Any
    ) -> None:
        super().__init__(cause, detail, **kw)
        self.seconds = seconds


class ThrottledError(RetryableError):
    """The vendor's limit is reached: the whole connection waits."""


class TokenExpiredError(RetryableError):
    """The access token is no longer good: refresh it once, then send again."""


class StaleError(RetryableError):
    """The object changed since we read it: read again, compare, retry once."""


class UnknownOutcomeError(SyncError):
    """Sent, but no readable answer came: it may or may not have been done."""


class AuthError(SyncError):
    """The grant is gone: stop the connection until somebody reconnects."""


class ConnectionStoppedError(SyncError):
    """The vendor refuses the whole company file: pause the connection."""


class DataError(SyncError):
    """This document cannot go as it is; the others can."""


class MappingError(DataError):
    """This document needs a mapping that is missing or broken."""


class NotFoundError(DataError):
    """The object is not (or no longer) on the other side."""


class DuplicateError(DataError):
    """The other side already has one of that name or number: look it up."""


@dataclass(frozen=True)
class Cause:
    """One reason why a document waits for a person.

    ``failure_type`` is one of ``config``, ``data``, ``transient``, ``auth``, ``bug``.
    ``subject`` names the placeholder that says what is to be mended: documents that
    wait for the same account are mended at once. What to do stands in ``guides.py``.
    """

    failure_type: str
    title: Any
    sentence: Any
    subject: str = ""


CAUSES: dict[str, Cause] = {
    # --- mapping ---------------------------------------------------------------
    "account_unmapped": Cause(
        "config",
        _lt("Account is not mapped"),
        _lt(
            "The invoice account %(account)s has no product or service. Add a line for "
            "it to the sales invoice account map; the document then goes by itself."
        ),
        subject="account",
    ),
    "tax_unmapped": Cause(
        "config",
        _lt("Tax code is not mapped"),
        _lt(
            "The tax code %(tax_code)s has no QuickBooks tax code. Add a line for it "
            "to the sales tax map; the document then goes by itself."
        ),
        subject="tax_code",
    ),
    "mapping_broken": Cause(
        "config",
        _lt("Mapping line is broken"),
        _lt(
            "The mapping line for %(source)s points to something that is no longer in "
            "use in QuickBooks or Actionstep. Choose another one on the mapping page."
        ),
        subject="source",
    ),
    "deposit_account_unmapped": Cause(
        "config",
        _lt("Deposit account is not mapped"),
        _lt(
            "The money was paid into %(account)s, which has no QuickBooks account. Add "
            "a line for it to the GL account map; the payment then goes by itself."
        ),
        subject="account",
    ),
    "totals_account_missing": Cause(
        "config",
        _lt("No fee account of totals"),
        _lt(
            "The lines of this document are not known, and the connection names no "
            "account for its total. Choose the fee account of totals in the settings "
            "of the connection; the document then goes by itself."
        ),
    ),
    "trust_deposit": Cause(
        "config",
        _lt("Trust money, no trust account"),
        _lt(
            "%(account)s holds trust money, but the GL account map sends it to "
            "%(target)s, which is not a trust account in QuickBooks. Nothing was sent. "
            "Map it to a bank account of the type Trust account."
        ),
        subject="source",
    ),
    "operating_deposit": Cause(
        "config",
        _lt("Own money, trust account"),
        _lt(
            "%(account)s holds the firm's own money, but the GL account map sends it "
            "to %(target)s, a trust account in QuickBooks. Nothing was sent. Map it to "
            "an operating account."
        ),
        subject="source",
    ),
    # --- the document ----------------------------------------------------------
    "client_missing": Cause(
        "data",
        _lt("No client"),
        _lt(
            "The document names no client, so no QuickBooks customer can be found. "
            "Set the client on it in Actionstep."
        ),
    ),
    "number_missing": Cause(
        "data",
        _lt("No number"),
        _lt("The document has no number. Give it one in Actionstep."),
    ),
    "date_missing": Cause(
        "data",
        _lt("No date"),
        _lt("The document has no date. Give it one in Actionstep."),
    ),
    "number_too_long": Cause(
        "data",
        _lt("Number is too long"),
        _lt(
            "QuickBooks takes at most 21 characters in an invoice number or credit "
            "note number; %(number)s has %(length)s. Shorten it in Actionstep."
        ),
    ),
    "duplicate_number": Cause(
        "data",
        _lt("Number is already used"),
        _lt(
            "QuickBooks already has a document with the number %(number)s that did "
            "not come from this one. Change one of the two numbers, then requeue."
        ),
    ),
    "currency_unknown": Cause(
        "data",
        _lt("Unknown currency"),
        _lt(
            "The document is in %(currency)s, a currency that Odoo does not know. "
            "Correct it in Actionstep, or add the currency in Odoo."
        ),
        subject="currency",
    ),
    "currency_foreign": Cause(
        "data",
        _lt("Foreign currency"),
        _lt(
            "The document is in %(currency)s, but the QuickBooks company keeps its "
            "books in %(home)s and has multicurrency turned off. Turn multicurrency "
            "on in QuickBooks and refresh the lists, or correct the currency in "
            "Actionstep."
        ),
        subject="currency",
    ),
    "exchange_rate_missing": Cause(
        "data",
        _lt("No exchange rate"),
        _lt(
            "The document is in %(currency)s, the books are in %(home)s, and Odoo has "
            "no rate for its date. Somebody with the right to Odoo's settings enters "
            "one under Lists > Currencies; the document then goes by itself."
        ),
        subject="currency",
    ),
    "customer_currency": Cause(
        "data",
        _lt("Customer has another currency"),
        _lt(
            "QuickBooks keeps the customer %(name)s in %(theirs)s, for life; the "
            "document is in %(currency)s. Bill another contact of that client in "
            "Actionstep in this currency, or enter the document in QuickBooks by hand."
        ),
        subject="name",
    ),
    "amount_not_positive": Cause(
        "data",
        _lt("Amount is not above zero"),
        _lt(
            "An amount of this document is %(amount)s; QuickBooks takes only amounts "
            "above zero here. Correct it in Actionstep."
        ),
    ),
    "allocation_too_large": Cause(
        "data",
        _lt("More allocated than received"),
        _lt(
            "%(allocated)s of this payment are allocated to bills, but only "
            "%(amount)s were received. Correct the allocations in Actionstep."
        ),
    ),
    "allocation_unknown_bill": Cause(
        "data",
        _lt("Waits for a bill"),
        _lt(
            "This settles bill %(bill)s, which is not in QuickBooks yet. It waits for "
            "that bill to be pushed first. If the bill is never pushed (dated before "
            "the start date, or needing attention), take care of the bill first."
        ),
        subject="bill",
    ),
    "allocation_left_out": Cause(
        "data",
        _lt("Settles a bill that is left out"),
        _lt(
            "This settles bill %(bill)s, which is not pushed: it is dated before the "
            "start date, on hold, or a draft or deleted in Actionstep. Push that bill "
            "first, or hold this and record it in QuickBooks by hand."
        ),
        subject="bill",
    ),
    "payment_unclear": Cause(
        "data",
        _lt("Money or credit"),
        _lt(
            "The bill is paid by %(total)s more than before, but this client also has "
            "the credit note %(credit)s, and the totals do not tell money from applied "
            "credit. If it is money, requeue; if it is credit, hold this and apply "
            "the credit memo in QuickBooks."
        ),
    ),
    "credit_unknown": Cause(
        "data",
        _lt("Waits for its credit note"),
        _lt(
            "The credit note %(credit)s is not in QuickBooks yet. It is applied as "
            "soon as it stands there."
        ),
        subject="credit",
    ),
    "credit_left_out": Cause(
        "data",
        _lt("Credit note is left out"),
        _lt(
            "The credit note %(credit)s is not pushed: it is dated before the start "
            "date, or on hold. Push it first, or hold this and apply it in "
            "QuickBooks by hand."
        ),
        subject="credit",
    ),
    "credit_too_large": Cause(
        "data",
        _lt("More credit applied than possible"),
        _lt(
            "%(amount)s of the credit note are to be applied, but only %(left)s can "
            "be: so much is left of the credit note and owed on the bill. Correct what "
            "is applied in Actionstep or in QuickBooks, then requeue."
        ),
    ),
    "closed_period": Cause(
        "data",
        _lt("Period is closed"),
        _lt(
            "The books in QuickBooks are closed for the date %(date)s. Reopen the "
            "period there, or change the date in Actionstep, then requeue."
        ),
    ),
    "lines_missing": Cause(
        "data",
        _lt("Waits for its lines"),
        _lt(
            "The lines of this document have not arrived yet. They come with the next "
            "load of the reporting database, or with a file."
        ),
    ),
    "lines_outdated": Cause(
        "data",
        _lt("Waits for its lines"),
        _lt(
            "The document changed after its lines were exported: lines %(lines)s, "
            "document %(total)s. The next load of the reporting database, or the next "
            "file, brings them."
        ),
    ),
    "lines_mismatch": Cause(
        "data",
        _lt("Lines do not add up"),
        _lt(
            "The lines add up to %(lines)s, but the document says %(total)s. Check it "
            "in Actionstep, and the load of the reporting database or the file."
        ),
    ),
    "line_unknown_kind": Cause(
        "data",
        _lt("Unknown kind of line"),
        _lt(
            "Line %(line)s is neither a fee nor an expense but %(kind)s. A line is of "
            "the kind fee or expense: correct the column kind in the views of the "
            "reporting database, or in the file."
        ),
    ),
    "lines_too_many": Cause(
        "data",
        _lt("Too many lines"),
        _lt(
            "QuickBooks takes at most %(limit)s lines on one document, this one has "
            "%(count)s. Split it in Actionstep."
        ),
    ),
    "total_negative": Cause(
        "data",
        _lt("Negative total"),
        _lt(
            "The total of the bill is %(total)s; QuickBooks takes no negative "
            "invoice. Make it a credit note in Actionstep."
        ),
    ),
    "tax_mixed": Cause(
        "data",
        _lt("Two sales taxes on one document"),
        _lt(
            "A QuickBooks company in the US takes one sales tax per document, this one "
            "uses %(tax_codes)s. Split the document in Actionstep."
        ),
    ),
    "tax_mismatch": Cause(
        "data",
        _lt("Tax does not follow the rate"),
        _lt(
            "The document has %(tax)s of tax, but the rate of the mapped QuickBooks "
            "tax code gives %(expected)s. Check the sales tax map and the document."
        ),
    ),
    "tax_unclear": Cause(
        "data",
        _lt("Tax cannot be told"),
        _lt(
            "Only the totals of this document are known, and %(tax)s of tax on %(net)s "
            "fits no tax code of the sales tax map, or more than one. Complete the "
            "map, choose the tax code for bills without tax, or load its lines."
        ),
    ),
    "name_taken": Cause(
        "data",
        _lt("Name is already used"),
        _lt(
            "QuickBooks already uses the name %(name)s for another customer, vendor "
            "or employee. Rename one of them, then requeue."
        ),
        subject="name",
    ),
    # --- QuickBooks answered ---------------------------------------------------
    "totals_differ": Cause(
        "data",
        _lt("Totals differ"),
        _lt(
            "QuickBooks has %(theirs)s where Actionstep has %(ours)s (%(what)s). Check "
            "the document in QuickBooks, and its tax code if the tax differs. When it "
            "is right there, press Leave in QuickBooks."
        ),
    ),
    "paid_in_quickbooks": Cause(
        "data",
        _lt("Paid in QuickBooks"),
        _lt(
            "The document is deleted or a draft in Actionstep, but somebody recorded a "
            "payment or credit on it in QuickBooks. Remove that payment or credit "
            "there and requeue, or press Leave in QuickBooks."
        ),
    ),
    "settled_by_ours": Cause(
        "data",
        _lt("Waits for what settles it"),
        _lt(
            "The document is deleted or a draft in Actionstep, but %(what)s still "
            "settles it there. It leaves QuickBooks as soon as that is gone, too."
        ),
    ),
    "removal_changed": Cause(
        "data",
        _lt("Changed in QuickBooks"),
        _lt(
            "The document is deleted or a draft in Actionstep, but somebody changed it "
            "in QuickBooks. Requeue to remove it all the same, or press Leave in "
            "QuickBooks."
        ),
    ),
    "deleted_in_quickbooks": Cause(
        "data",
        _lt("Deleted in QuickBooks"),
        _lt(
            "Somebody deleted the document %(number)s in QuickBooks. Requeue to create "
            "it again."
        ),
    ),
    "changed_in_quickbooks": Cause(
        "data",
        _lt("Changed in QuickBooks"),
        _lt(
            "Somebody changed this document in QuickBooks after it was pushed. It was "
            "left as it is. Requeue to put Actionstep's version back, or press Leave "
            "in QuickBooks."
        ),
    ),
    "gone_in_quickbooks": Cause(
        "data",
        _lt("Not found in QuickBooks"),
        _lt(
            "QuickBooks no longer has something that this document needs: %(what)s. "
            "Refresh the lists and check the maps, then requeue."
        ),
    ),
    "inactive_in_quickbooks": Cause(
        "data",
        _lt("Made inactive in QuickBooks"),
        _lt(
            "Something this document uses is inactive in QuickBooks: %(what)s. Make "
            "it active again or map to another one, then requeue."
        ),
    ),
    "payment_deposited": Cause(
        "data",
        _lt("Already deposited"),
        _lt(
            "The payment is part of a bank deposit in QuickBooks and cannot be changed "
            "or removed. Take it out of that deposit in QuickBooks, then requeue."
        ),
    ),
    "payment_matched": Cause(
        "data",
        _lt("Matched with the bank feed"),
        _lt(
            "QuickBooks has matched this with a transaction of the bank feed, so it "
            "cannot be removed. Undo the match under Banking in QuickBooks, then "
            "requeue."
        ),
    ),
    "link_refused": Cause(
        "data",
        _lt("Cannot be applied"),
        _lt(
            "QuickBooks could not link this to the other document: %(what)s It may be "
            "settled already, or belong to another customer. Check both in QuickBooks, "
            "then requeue."
        ),
    ),
    "credit_applied": Cause(
        "data",
        _lt("Credit is applied"),
        _lt(
            "The credit note is applied to an invoice in QuickBooks. What is applied "
            "must be removed first. If a person applied it there, remove that "
            "application in QuickBooks, then requeue."
        ),
    ),
    "refused": Cause(
        "data",
        _lt("QuickBooks refused it"),
        _lt("QuickBooks refused the document: %(what)s Correct this, then requeue."),
    ),
    "permission": Cause(
        "config",
        _lt("Missing rights in QuickBooks"),
        _lt(
            "The QuickBooks user who connected may not do this. Give that user the "
            "rights of an administrator in QuickBooks, or reconnect with another one."
        ),
    ),
    "permission_actionstep": Cause(
        "config",
        _lt("Missing rights in Actionstep"),
        _lt(
            "The Actionstep user who connected may not read %(what)s. Give that user "
            "the right in Actionstep, or reconnect with another one."
        ),
    ),
    "missing_in_actionstep": Cause(
        "config",
        _lt("Not found in Actionstep"),
        _lt(
            "Actionstep does not offer %(what)s to this connection. Check the rights "
            "of the Actionstep user who connected, then try again."
        ),
    ),
    "subscription": Cause(
        "config",
        _lt("QuickBooks subscription"),
        _lt(
            "QuickBooks says that the subscription of this company has ended or is "
            "blocked. Renew it at Intuit, then resume the connection."
        ),
    ),
    # --- the connection --------------------------------------------------------
    "reconnect": Cause(
        "auth",
        _lt("Connection has ended"),
        _lt("%(vendor)s no longer accepts the connection. Press Reconnect."),
    ),
    "app_keys": Cause(
        "auth",
        _lt("App keys are refused"),
        _lt(
            "%(vendor)s does not know the client id and secret of this connection. "
            "Correct them on the connection, then reconnect."
        ),
    ),
    "consent_refused": Cause(
        "auth",
        _lt("Access was not granted"),
        _lt("Access was not granted at %(vendor)s. Press Connect to try again."),
    ),
    "state_invalid": Cause(
        "auth",
        _lt("Answer does not belong here"),
        _lt(
            "This answer does not belong to a connection that you started here, or "
            "it is too old. Nothing was changed. Press Connect to start again."
        ),
    ),
    "wrong_realm": Cause(
        "auth",
        _lt("Another QuickBooks company"),
        _lt(
            "You signed in to the QuickBooks company %(got)s, but this connection "
            "belongs to %(expected)s. Choose that company when you reconnect."
        ),
    ),
    "address_refused": Cause(
        "config",
        _lt("Address is not allowed"),
        _lt("The address %(address)s is not one of %(vendor)s. No key was sent there."),
    ),
    "reporting_unavailable": Cause(
        "config",
        _lt("Reporting database"),
        _lt(
            "The reporting database cannot be read. Check its address, user and "
            "password on the connection, and that its nightly load is done."
        ),
    ),
    "reporting_slow": Cause(
        "config",
        _lt("Reporting database is slow"),
        _lt(
            "The reporting database took too long to answer about %(view)s. It is "
            "tried again by itself. If it lasts, ask the administrator of that "
            "database to make the views quicker, or to run its load at another hour."
        ),
    ),
    "reporting_contract": Cause(
        "config",
        _lt("Reporting views are incomplete"),
        _lt(
            "The reporting database lacks %(missing)s. Ask the administrator of that "
            "database to complete the views."
        ),
    ),
    # --- passing trouble -------------------------------------------------------
    "throttled": Cause(
        "transient",
        _lt("Limit reached"),
        _lt("%(vendor)s asks us to wait. The work goes on by itself in a minute."),
    ),
    "unavailable": Cause(
        "transient",
        _lt("Not reachable"),
        _lt("%(vendor)s could not be reached. It is tried again by itself."),
    ),
    "unreadable": Cause(
        "transient",
        _lt("Unreadable answer"),
        _lt(
            "%(vendor)s sent an answer that cannot be read. It is tried again by "
            "itself; if it lasts, contact the administrator."
        ),
    ),
    "token_expired": Cause(
        "transient",
        _lt("Connection is renewed"),
        _lt("The connection to %(vendor)s is renewed by itself."),
    ),
    "stale": Cause(
        "transient",
        _lt("Changed meanwhile"),
        _lt("QuickBooks changed the document meanwhile. It is tried again by itself."),
    ),
    "outcome_unknown": Cause(
        "transient",
        _lt("No answer yet"),
        _lt(
            "The document was sent, but no answer came. Before anything is sent "
            "again, it is looked up in QuickBooks."
        ),
    ),
    # --- files -----------------------------------------------------------------
    "file_type": Cause(
        "data",
        _lt("Neither CSV nor XLSX"),
        _lt(
            "%(file)s is neither a CSV nor an XLSX file, or it has a password. Save it "
            "as XLSX without a password, or as CSV, and upload it again."
        ),
    ),
    "file_unreadable": Cause(
        "data",
        _lt("File is damaged"),
        _lt(
            "%(file)s cannot be read; it seems to be damaged. Open it in your "
            "spreadsheet, save it anew, and upload it again."
        ),
    ),
    "file_too_large": Cause(
        "data",
        _lt("File is too large"),
        _lt(
            "%(file)s is too large. At most %(size)s MB and %(rows)s rows are taken at "
            "once: split it, for example by month, and upload one part after another."
        ),
    ),
    "file_empty": Cause(
        "data",
        _lt("File has no rows"),
        _lt("%(file)s has no rows below the names of its columns. Fill it in first."),
    ),
    "file_unknown": Cause(
        "data",
        _lt("Columns are not known"),
        _lt(
            "The columns of %(sheet)s are not those of any of our tables. Name them as "
            "the template does, or remove the sheet."
        ),
    ),
    "file_columns": Cause(
        "data",
        _lt("Columns are missing"),
        _lt(
            "%(sheet)s was taken for %(view)s but lacks the columns %(columns)s. Add "
            "them as the template has them; most of them may stay empty."
        ),
    ),
    "file_column_twice": Cause(
        "data",
        _lt("A column is there twice"),
        _lt("%(sheet)s has the column %(column)s twice. Remove one of the two."),
    ),
    "file_other_firm": Cause(
        "data",
        _lt("Another firm's file"),
        _lt(
            "%(connection)s knows none of the bills and clients in this upload: it "
            "seems to be of another firm. Check the connection that you chose."
        ),
    ),
    "row_empty": Cause(
        "data",
        _lt("A value is missing"),
        _lt(
            "%(column)s is empty. Fill it in, with 0 for an amount that is none. If it "
            "shows a value, it is a formula that was never stored: open the file in "
            "your spreadsheet, save it, and upload it again."
        ),
    ),
    "row_amount": Cause(
        "data",
        _lt("Not an amount"),
        _lt(
            "%(value)s in %(column)s is not an amount to the cent. Write it as 1234.50."
        ),
    ),
    "row_number": Cause(
        "data",
        _lt("Not a number"),
        _lt("%(value)s in %(column)s is not a number here. Write it as 3 or 2.5."),
    ),
    "row_date": Cause(
        "data",
        _lt("Not a date"),
        _lt(
            "%(value)s in %(column)s is not a date that reads in one way only. Write "
            "it as 2026-08-31, or make it a date in an XLSX file."
        ),
    ),
    "row_time": Cause(
        "data",
        _lt("Not a time"),
        _lt(
            "%(value)s in %(column)s is not a time. Write it as 2026-08-31T17:30:00Z, "
            "or remove the column."
        ),
    ),
    "row_flag": Cause(
        "data",
        _lt("Neither yes nor no"),
        _lt("%(value)s in %(column)s is neither yes nor no. Write one of the two."),
    ),
    "row_kind": Cause(
        "data",
        _lt("Neither fee nor expense"),
        _lt(
            "%(value)s in %(column)s is neither fee nor expense. Write one of the two."
        ),
    ),
    "row_text": Cause(
        "data",
        _lt("A date instead of a text"),
        _lt(
            "%(column)s holds the date or time %(value)s, which your spreadsheet made "
            "of something else. Format the column as text and enter it again."
        ),
    ),
    "row_formula": Cause(
        "data",
        _lt("Error of a formula"),
        _lt(
            "%(column)s holds %(value)s, an error of your spreadsheet. Correct the "
            "formula, or write the value in its place."
        ),
    ),
    "row_id": Cause(
        "data",
        _lt("Not an id"),
        _lt(
            "%(value)s in %(column)s is too long for an id of Actionstep. Check that "
            "all values stand below the names of their columns."
        ),
    ),
    "row_overfull": Cause(
        "data",
        _lt("More values than columns"),
        _lt(
            "The row has more values than there are columns. Put texts that hold the "
            "separator into quotes, or save the file as XLSX."
        ),
    ),
    "row_twice": Cause(
        "data",
        _lt("The same row twice"),
        _lt(
            "%(keys)s stands in row %(row)s of %(sheet)s already. Keep only one of the "
            "two rows."
        ),
    ),
    "row_parent_unknown": Cause(
        "data",
        _lt("Belongs to nothing known"),
        _lt(
            "%(column)s %(value)s is neither in this upload nor known from an earlier "
            "one. Upload its row of %(view)s together with this one."
        ),
    ),
    "row_bill_unknown": Cause(
        "data",
        _lt("Bill is not known"),
        _lt(
            "Bill %(value)s is not known here: it is another firm's, still a draft, or "
            "newer than the last run. Remove the row, or press Sync Now and try again "
            "when the run is done."
        ),
    ),
    "row_client_unknown": Cause(
        "data",
        _lt("Client is not known"),
        _lt(
            "Client %(value)s is not known here: the client is another firm's, or has "
            "no bill yet. Remove the row, or press Sync Now and try again when the run "
            "is done."
        ),
    ),
    "row_older": Cause(
        "data",
        _lt("Older than what is stored"),
        _lt(
            "%(keys)s was changed here by a newer upload, up to %(stored)s. This row "
            "is older and says something else. Upload a newer file."
        ),
    ),
    "unexpected": Cause(
        "bug",
        _lt("Unexpected error"),
        _lt(
            "An unexpected error stopped this document. The technical details help "
            "the administrator. Requeue to try again."
        ),
    ),
}
