"""What to do about each cause of ``exceptions.CAUSES``: the help pages, and the cure.

One guide for each cause, in a bookkeeper's words. The button of a cause is its *cure*;
a cause without one says why there is none. What happens afterwards is not written here:
the engine's own tables know it (``models/guidance.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)


@dataclass(frozen=True)
class Cure:
    """A button that leads to where a cause is mended.

    :param label: what stands on the button
    :param group: who may do it: user, operator or administrator
    """

    label: Any
    group: str = "user"


@dataclass(frozen=True)
class Guide:
    """The help page of one cause.

    :param means: what has happened, without the names and amounts of one document
    :param why: how it comes about
    :param steps: what to do, in order
    :param cure: key of ``CURES``; or empty, and then
    :param none: key of ``NO_CURE``, why there is no button
    """

    means: Any
    why: Any
    steps: tuple[Any, ...]
    cure: str = ""
    none: str = ""


CURES: dict[str, Cure] = {
    "map_item": Cure(_lt("Map This Account"), "administrator"),
    "map_account": Cure(_lt("Map This Account"), "administrator"),
    "map_tax": Cure(_lt("Map This Tax Code"), "administrator"),
    "mend_mapping": Cure(_lt("Correct the Map"), "administrator"),
    "mapping": Cure(_lt("Open the Mapping Page"), "administrator"),
    "settings": Cure(_lt("Open the Settings"), "administrator"),
    "lists": Cure(_lt("Refresh the Lists"), "administrator"),
    "rate": Cure(_lt("Enter the Rate")),
    "currency": Cure(_lt("Open the Currencies")),
    "document": Cure(_lt("Show What to Correct")),
    "named_document": Cure(_lt("Show What It Waits for")),
    "quickbooks": Cure(_lt("Open in QuickBooks")),
    "customer": Cure(_lt("Open the Customer in QuickBooks")),
    "details": Cure(_lt("Load the Lines"), "operator"),
    "requeue": Cure(_lt("Try Again"), "operator"),
    "restore": Cure(_lt("Put Actionstep's Version Back"), "operator"),
    "money": Cure(_lt("It Is Money"), "operator"),
    "reconnect": Cure(_lt("Reconnect"), "administrator"),
    "resume": Cure(_lt("Resume"), "administrator"),
}
NO_CURE: dict[str, Any] = {
    "passes": _lt("It passes by itself, so there is nothing to press."),
    "file": _lt("The file itself is corrected, in your spreadsheet."),
    "consent": _lt("It is told on the page on which you connected."),
}

# --- steps that several causes share --------------------------------------------------
_OPEN = _lt("Open the document here; it shows its number, client and matter.")
_CORRECT = _lt("Correct it in Actionstep.")
_MAP_PAGE = _lt("Or open the mapping page, where all lines stand side by side.")
_OPEN_THERE = _lt("Press Open in QuickBooks and sign in if you are asked to.")
_REQUEUE = _lt("Come back and press Requeue.")
_LEAVE = _lt(
    "If it is right in QuickBooks as it is: open the document here and press Leave in "
    "QuickBooks."
)
_HOLD = _lt(
    "If it is not to be in QuickBooks at all: open the document here and press Hold."
)
_UPLOAD = _lt("Save the file and upload it again under Upload Files.")
_RECONNECT = _lt("Press Reconnect and sign in with a user who has full rights there.")
_DATABASE_ADMIN = _lt(
    "Show this page and the technical details to the administrator of that database."
)
_CHECK = _lt("Press Check on the tab Reporting Database of the connection.")
_NOTHING = _lt("Wait a few minutes.")
_LASTS = _lt("If it lasts for hours, show the technical details to your administrator.")


def _file(means: Any, why: Any, *steps: Any) -> Guide:
    """Return the guide of a file that is corrected and uploaded again."""
    return Guide(means, why, (*steps, _UPLOAD), none="file")


def _passing(means: Any, why: Any) -> Guide:
    """Return the guide of trouble that nobody has to do anything about."""
    return Guide(means, why, (_NOTHING, _LASTS), none="passes")


GUIDES: dict[str, Guide] = {
    # --- mapping ----------------------------------------------------------------------
    "account_unmapped": Guide(
        _lt("A line is booked to an account that has no product or service yet."),
        _lt(
            "QuickBooks books an invoice through products and services, so each fee "
            "and expense account needs one. The account may be new in Actionstep."
        ),
        (
            _lt("Press Map This Account: the account is filled in."),
            _lt("Choose the product or service it goes to, and save."),
            _MAP_PAGE,
        ),
        cure="map_item",
    ),
    "tax_unmapped": Guide(
        _lt("A line has a tax code that has no tax code in QuickBooks yet."),
        _lt("The tax code may be new in Actionstep, or was never mapped."),
        (
            _lt("Press Map This Tax Code: the tax code is filled in."),
            _lt("Choose the QuickBooks tax code of the same rate, and save."),
            _MAP_PAGE,
        ),
        cure="map_tax",
    ),
    "mapping_broken": Guide(
        _lt("A map points to something that is no longer in use."),
        _lt(
            "Somebody made the product, account or tax code inactive, or deleted it, "
            "in QuickBooks or in Actionstep."
        ),
        (
            _lt("Press Correct the Map: the line opens."),
            _lt("Choose another product, account or tax code, and save."),
            _lt(
                "Or make the old one active again in QuickBooks, then press Refresh "
                "Lists on the mapping page."
            ),
        ),
        cure="mend_mapping",
    ),
    "deposit_account_unmapped": Guide(
        _lt("Money was paid into an account that has no QuickBooks account yet."),
        _lt("The bank account may be new in Actionstep, or was never mapped."),
        (
            _lt("Press Map This Account: the account is filled in."),
            _lt("Choose the bank account of QuickBooks that it is, and save."),
            _lt("A trust account may only go to an account of the type Trust account."),
        ),
        cure="map_account",
    ),
    "totals_account_missing": Guide(
        _lt("Only the total of the document is known, and no account stands for it."),
        _lt(
            "The connection pushes bills by their totals, and needs one account for "
            "the whole amount."
        ),
        (
            _lt("Press Open the Settings."),
            _lt("Choose the Fee Account of Totals on the tab Documents, and save."),
        ),
        cure="settings",
    ),
    "trust_deposit": Guide(
        _lt("Trust money would land in an account that is no trust account."),
        _lt(
            "The GL account map sends a trust account of Actionstep to an operating "
            "account. Trust money is never mixed with the firm's own, so it stays back."
        ),
        (
            _lt("Press Correct the Map: the line opens."),
            _lt("Choose a bank account of QuickBooks of the type Trust account."),
            _lt(
                "If there is none, create it in QuickBooks under Chart of accounts "
                "(Bank, detail type Trust account), then press Refresh Lists on the "
                "mapping page."
            ),
        ),
        cure="mend_mapping",
    ),
    "operating_deposit": Guide(
        _lt("The firm's own money would land in a trust account."),
        _lt(
            "The GL account map sends an operating account of Actionstep to a trust "
            "account of QuickBooks."
        ),
        (
            _lt("Press Correct the Map: the line opens."),
            _lt("Choose the operating account of QuickBooks, and save."),
        ),
        cure="mend_mapping",
    ),
    # --- the document -----------------------------------------------------------------
    "client_missing": Guide(
        _lt("The document names no client."),
        _lt(
            "The bill was made without a client, or Actionstep does not show us the "
            "contact."
        ),
        (
            _OPEN,
            _lt("Set the client of the bill in Actionstep."),
            _lt(
                "If it has one, check that the Actionstep user who connected may see "
                "that contact."
            ),
        ),
        cure="document",
    ),
    "number_missing": Guide(
        _lt("The document has no number."),
        _lt("QuickBooks must show the number that the client sees on paper."),
        (_OPEN, _lt("Give it a number in Actionstep.")),
        cure="document",
    ),
    "date_missing": Guide(
        _lt("The document has no date."),
        _lt("Without a date QuickBooks would take today, in the wrong period maybe."),
        (_OPEN, _lt("Give it a date in Actionstep.")),
        cure="document",
    ),
    "number_too_long": Guide(
        _lt("The number has more characters than QuickBooks takes."),
        _lt("QuickBooks takes at most 21 characters, Actionstep takes more."),
        (
            _OPEN,
            _lt("Shorten its number in Actionstep."),
            _lt("If all your numbers are long, shorten the prefix of new bills there."),
        ),
        cure="document",
    ),
    "duplicate_number": Guide(
        _lt("QuickBooks has another document of that number."),
        _lt(
            "Somebody entered it in QuickBooks by hand, or two documents of Actionstep "
            "have the same number."
        ),
        (
            _lt("Search QuickBooks for the number and compare the two."),
            _lt(
                "If it is the same bill, entered by hand: delete that one in "
                "QuickBooks, or press Hold here."
            ),
            _lt("If it is another one: change one of the two numbers."),
            _REQUEUE,
        ),
        cure="document",
    ),
    "currency_unknown": Guide(
        _lt("The document is in a currency that Odoo does not know."),
        _lt("The code of the currency is misspelt in Actionstep, or is not in Odoo."),
        (
            _OPEN,
            _lt("Correct the currency in Actionstep."),
            _lt("If it is right, add the currency in Odoo under Currencies."),
        ),
        cure="currency",
    ),
    "currency_foreign": Guide(
        _lt("The document is in another currency than the books in QuickBooks."),
        _lt("QuickBooks takes other currencies only with multicurrency turned on."),
        (
            _lt("If the currency is wrong, correct it in Actionstep."),
            _lt(
                "If it is right, turn multicurrency on in QuickBooks under Account and "
                "settings, Advanced. It cannot be turned off again."
            ),
            _lt("Press Refresh the Lists."),
        ),
        cure="lists",
    ),
    "exchange_rate_missing": Guide(
        _lt("Odoo has no exchange rate for the day of the document."),
        _lt("The rate of that day was never entered or loaded."),
        (
            _lt("Press Enter the Rate: the currency opens."),
            _lt("Add the rate of that day or of one before it, and save."),
        ),
        cure="rate",
    ),
    "customer_currency": Guide(
        _lt("The customer has another currency in QuickBooks than the document."),
        _lt("A customer of QuickBooks has one currency for life."),
        (
            _lt("Bill another contact of that client in Actionstep in this currency."),
            _lt(
                "Or enter the document in QuickBooks by hand, for a second customer, "
                "and press Hold here."
            ),
        ),
        cure="document",
    ),
    "amount_not_positive": Guide(
        _lt("An amount is zero or below, where QuickBooks takes only more."),
        _lt("A payment or credit was entered with the wrong sign, or was emptied."),
        (_OPEN, _CORRECT),
        cure="document",
    ),
    "allocation_too_large": Guide(
        _lt("More of a payment is allocated to bills than was received."),
        _lt(
            "The payment was reduced after it was allocated, or an allocation stands "
            "twice in the reporting database or the file."
        ),
        (_OPEN, _lt("Correct the allocations in Actionstep.")),
        cure="document",
    ),
    "allocation_unknown_bill": Guide(
        _lt("It settles a bill that is not in QuickBooks yet."),
        _lt("Invoices go first, and what settles them follows."),
        (
            _lt("Look at the bill: it may need attention itself."),
            _lt("Take care of the bill; this follows by itself."),
        ),
        cure="named_document",
    ),
    "allocation_left_out": Guide(
        _lt("It settles a bill that is not pushed."),
        _lt(
            "The bill is dated before the start date, somebody kept it out, or it is a "
            "draft or deleted in Actionstep."
        ),
        (
            _lt(
                "To push the bill: set an earlier start date, or press Release on the "
                "bill if it is on hold."
            ),
            _lt(
                "If the bill stands in QuickBooks since before: record this there by "
                "hand, then open it here and press Hold."
            ),
        ),
        cure="named_document",
    ),
    "payment_unclear": Guide(
        _lt("The bill is paid by more than before, and it may be money or credit."),
        _lt(
            "Only totals are known, and this client also has a credit note. The totals "
            "do not tell which of the two it was."
        ),
        (
            _lt("Look in Actionstep whether money came in."),
            _lt("If it is money: press It Is Money, or Requeue on the document."),
            _lt(
                "If it is the credit note: press Hold on the document, and apply "
                "the credit memo in QuickBooks."
            ),
        ),
        cure="money",
    ),
    "credit_unknown": Guide(
        _lt("The credit note that is applied is not in QuickBooks yet."),
        _lt("Credit notes go first, and what is applied of them follows."),
        (
            _lt("Look at the credit note: it may need attention itself."),
            _lt("Take care of it; this follows by itself."),
        ),
        cure="named_document",
    ),
    "credit_left_out": Guide(
        _lt("The credit note that is applied is not pushed."),
        _lt("It is dated before the start date, or somebody kept it out."),
        (
            _lt(
                "To push it: set an earlier start date, or press Release on the credit "
                "note if it is on hold."
            ),
            _lt(
                "If it stands in QuickBooks since before: apply it there by hand, then "
                "open this here and press Hold."
            ),
        ),
        cure="named_document",
    ),
    "credit_too_large": Guide(
        _lt("More is to be applied than is left of the credit note or of the bill."),
        _lt("Part of it was used up otherwise, by a payment or by hand in QuickBooks."),
        (
            _OPEN_THERE,
            _lt("Compare what is applied on both sides, and correct one of them."),
            _REQUEUE,
        ),
        cure="document",
    ),
    "closed_period": Guide(
        _lt("The books in QuickBooks are closed for the date of the document."),
        _lt("Your accountant has set a closing date in QuickBooks."),
        (
            _lt("Ask your accountant whether the document belongs into that period."),
            _lt(
                "If so: move the closing date in QuickBooks under Account and "
                "settings, Advanced, Accounting, and move it back afterwards."
            ),
            _lt("If not: change the date in Actionstep."),
            _REQUEUE,
        ),
        cure="requeue",
    ),
    "lines_missing": Guide(
        _lt("The lines of the document have not arrived yet."),
        _lt(
            "Actionstep offers the total of a bill at once, but its lines only with "
            "the nightly export, or with a file that you upload."
        ),
        (
            _lt("With a reporting database: wait for its next load."),
            _lt("With files: export the lines and press Load the Lines."),
            _lt(
                "To push such bills at once, choose Goes by its totals first on the "
                "connection."
            ),
        ),
        cure="details",
    ),
    "lines_outdated": Guide(
        _lt("The document changed after its lines were exported."),
        _lt("Totals arrive within minutes, lines only with the next load or file."),
        (
            _lt("With a reporting database: wait for its next load."),
            _lt("With files: export the lines anew and press Load the Lines."),
        ),
        cure="details",
    ),
    "lines_mismatch": Guide(
        _lt("The lines do not add up to the total of the document."),
        _lt(
            "Lines are missing in the export, an amount was rounded, or the file is of "
            "another day than the bill."
        ),
        (
            _lt(
                "Compare the lines shown on the document here with those in Actionstep."
            ),
            _lt("Load the reporting database again, or upload a complete file."),
        ),
        cure="details",
    ),
    "line_unknown_kind": Guide(
        _lt("A line says of itself neither that it is a fee nor an expense."),
        _lt(
            "The column kind of the reporting views or of the file must hold one of "
            "the two words fee and expense."
        ),
        (
            _lt("Show this page to who defines the views or makes the file."),
            _lt("Have the column kind say fee or expense for every line."),
            _lt("Load the reporting database again, or upload the file again."),
        ),
        cure="details",
    ),
    "lines_too_many": Guide(
        _lt("The document has more lines than QuickBooks takes."),
        _lt("QuickBooks limits the lines of one document."),
        (
            _lt("Split the bill in Actionstep."),
            _lt(
                "Or choose One for each product and tax code under Lines in QuickBooks "
                "on the connection."
            ),
        ),
        cure="settings",
    ),
    "total_negative": Guide(
        _lt("The total of a bill is below zero."),
        _lt("Credits on the bill are larger than its fees and expenses."),
        (_OPEN, _lt("Make it a credit note in Actionstep.")),
        cure="document",
    ),
    "tax_mixed": Guide(
        _lt("The document uses two sales taxes."),
        _lt("A QuickBooks company in the US takes one sales tax for each document."),
        (_OPEN, _lt("Split it in Actionstep, one document for each tax.")),
        cure="document",
    ),
    "tax_mismatch": Guide(
        _lt("The tax of the document is not what the rate gives."),
        _lt(
            "The tax code is mapped to one of another rate, or the tax was entered by "
            "hand in Actionstep."
        ),
        (
            _lt("Compare the two rates on the sales tax map."),
            _lt("If they differ, map the tax code to one of the same rate."),
            _lt("If they are equal, correct the tax of the document in Actionstep."),
        ),
        cure="mapping",
    ),
    "tax_unclear": Guide(
        _lt("Only totals are known, and they do not tell which tax code it is."),
        _lt("No mapped rate gives this tax, or several do."),
        (
            _lt("Complete the sales tax map."),
            _lt(
                "For bills without tax: choose the Tax Code of Bills without Tax on "
                "the connection."
            ),
            _lt("Or load the lines, from the reporting database or a file."),
        ),
        cure="settings",
    ),
    "name_taken": Guide(
        _lt("QuickBooks uses the name of this client for somebody else."),
        _lt(
            "Customers, vendors and employees share one list of names in QuickBooks, "
            "and the name with the client's id behind it is taken, too."
        ),
        (
            _lt("Search QuickBooks for the name, also among vendors and employees."),
            _lt("Rename one of the two, there or in Actionstep."),
            _lt("Press Try Again."),
        ),
        cure="requeue",
    ),
    # --- QuickBooks answered ----------------------------------------------------------
    "totals_differ": Guide(
        _lt("QuickBooks shows another total, tax or balance than Actionstep."),
        _lt(
            "QuickBooks computed the tax itself, or somebody changed the document or "
            "what settles it there."
        ),
        (
            _OPEN_THERE,
            _lt("Compare total and tax with those of Actionstep, shown here."),
            _lt("If the tax is wrong, check the tax code there and the sales tax map."),
            _LEAVE,
        ),
        cure="quickbooks",
    ),
    "paid_in_quickbooks": Guide(
        _lt("A bill that is gone in Actionstep is paid or credited in QuickBooks."),
        _lt("Somebody recorded the payment or credit in QuickBooks by hand."),
        (
            _OPEN_THERE,
            _lt("Remove that payment or credit there, then press Requeue here."),
            _LEAVE,
        ),
        cure="quickbooks",
    ),
    "settled_by_ours": Guide(
        _lt("A document that is gone in Actionstep is still settled by another."),
        _lt("What settles it leaves QuickBooks first."),
        (_lt("Look at what settles it: it may need attention itself."),),
        cure="document",
    ),
    "removal_changed": Guide(
        _lt("A document that is gone in Actionstep was changed in QuickBooks."),
        _lt("Somebody worked on it in QuickBooks, so it is not removed unasked."),
        (
            _lt("Open it in QuickBooks and look at what was changed."),
            _lt("If it is to go: press Requeue on the document. It is then removed."),
            _LEAVE,
        ),
        cure="quickbooks",
    ),
    "deleted_in_quickbooks": Guide(
        _lt("Somebody deleted the document in QuickBooks."),
        _lt("It still stands in Actionstep, so one of the two is wrong."),
        (
            _lt("If it is to be there: press Put Actionstep's Version Back."),
            _lt(
                "If not: delete it in Actionstep, or press Hold on the document. "
                "Otherwise it comes back when it changes in Actionstep."
            ),
        ),
        cure="restore",
    ),
    "changed_in_quickbooks": Guide(
        _lt("Somebody changed the document in QuickBooks after it was pushed."),
        _lt("Actionstep changed it as well, and would overwrite that work."),
        (
            _lt("Open it in QuickBooks and look at what was changed."),
            _lt("If Actionstep is right: press Put Actionstep's Version Back."),
            _LEAVE,
        ),
        cure="restore",
    ),
    "gone_in_quickbooks": Guide(
        _lt("Something that the document needs is no longer in QuickBooks."),
        _lt("A product, account, tax code or customer was deleted there."),
        (
            _lt("Press Refresh the Lists: broken lines of the maps then show."),
            _lt("Correct the maps."),
            _REQUEUE,
        ),
        cure="lists",
    ),
    "inactive_in_quickbooks": Guide(
        _lt("Something that the document uses is inactive in QuickBooks."),
        _lt("A product, account, tax code or customer was made inactive there."),
        (
            _lt(
                "Make it active again in QuickBooks; a customer under Sales, Customers."
            ),
            _lt("Or map to another one, after Refresh Lists on the mapping page."),
            _REQUEUE,
        ),
        cure="customer",
    ),
    "payment_deposited": Guide(
        _lt("The payment is part of a bank deposit and cannot be changed."),
        _lt("QuickBooks locks a payment once it is deposited."),
        (
            _OPEN_THERE,
            _lt("Open the deposit it links to, and take the payment out of it."),
            _REQUEUE,
            _lt("Put the payment into the deposit again."),
            _LEAVE,
        ),
        cure="quickbooks",
    ),
    "payment_matched": Guide(
        _lt("The payment is matched with the bank feed and cannot be removed."),
        _lt("Somebody accepted the match under Banking in QuickBooks."),
        (
            _lt("Undo the match in QuickBooks under Banking, Categorized."),
            _REQUEUE,
            _LEAVE,
        ),
        cure="quickbooks",
    ),
    "link_refused": Guide(
        _lt("QuickBooks could not apply it to the other document."),
        _lt("The other one is settled already, or belongs to another customer."),
        (
            _lt("Look at both in QuickBooks: who the customer is, and what is open."),
            _lt("Remove what settles it wrongly."),
            _REQUEUE,
        ),
        cure="customer",
    ),
    "credit_applied": Guide(
        _lt("The credit note is applied to an invoice and cannot be changed."),
        _lt("What is applied must be removed first."),
        (
            _OPEN_THERE,
            _lt("Remove the application that a person made there."),
            _REQUEUE,
            _LEAVE,
        ),
        cure="quickbooks",
    ),
    "refused": Guide(
        _lt("QuickBooks refused it, for the reason in its sentence."),
        _lt("Something in it breaks a rule of QuickBooks that we cannot check first."),
        (
            _lt("Read the reason: it names the field or the rule."),
            _lt("Correct it, in Actionstep or in QuickBooks."),
            _lt("Press Try Again."),
            _HOLD,
        ),
        cure="requeue",
    ),
    "permission": Guide(
        _lt("The QuickBooks user who connected may not do this."),
        _lt("That user's role in QuickBooks was changed, or never sufficed."),
        (
            _lt("Make that user an administrator in QuickBooks under Manage users."),
            _lt("Or press Reconnect on the connection and sign in as another user."),
            _lt("Press Resume."),
        ),
        cure="resume",
    ),
    "permission_actionstep": Guide(
        _lt("The Actionstep user who connected may not read something we need."),
        _lt("That user's role in Actionstep was changed, or never sufficed."),
        (
            _lt("Give that user the right in Actionstep."),
            _lt("Or press Reconnect on the connection and sign in as another user."),
            _lt("Press Resume."),
        ),
        cure="resume",
    ),
    "missing_in_actionstep": Guide(
        _lt("Actionstep does not offer something to this connection."),
        _lt("The user who connected lacks a right, or the app lacks an agreed scope."),
        (
            _lt("Check the rights of that user in Actionstep."),
            _lt("Ask Actionstep's support which scopes your app has."),
            _lt("Press Sync Now on the connection."),
        ),
        cure="settings",
    ),
    "subscription": Guide(
        _lt("The QuickBooks subscription has ended or is blocked."),
        _lt("Intuit lets nobody write into such a company."),
        (
            _lt("Renew the subscription in QuickBooks under Account and settings."),
            _lt("Press Resume."),
        ),
        cure="resume",
    ),
    # --- the connection ---------------------------------------------------------------
    "reconnect": Guide(
        _lt("A side no longer accepts the connection."),
        _lt(
            "Somebody disconnected the app there, the user who connected was removed, "
            "or the connection was not used for a long time."
        ),
        (
            _RECONNECT,
            _lt("Choose the same Actionstep system and QuickBooks company as before."),
        ),
        cure="reconnect",
    ),
    "app_keys": Guide(
        _lt("The vendor does not know the client id and secret of your app."),
        _lt("The secret was renewed there, or a key was copied in part."),
        (
            _lt("Press Open the Settings and open the tab Keys."),
            _lt("Copy client id and client secret from the vendor's page, and save."),
            _lt("Press Reconnect."),
        ),
        cure="settings",
    ),
    "consent_refused": Guide(
        _lt("Access was not granted."),
        _lt("Somebody pressed Cancel on the consent page, or took very long there."),
        (
            _lt("Press Connect again."),
            _lt("Sign in with a user of full rights, and agree."),
        ),
        none="consent",
    ),
    "state_invalid": Guide(
        _lt("An answer came to a question that was not asked here."),
        _lt(
            "The page was open for more than ten minutes, was opened twice, or the "
            "link came from somebody else."
        ),
        (_lt("Open the connection and press Connect again."),),
        none="consent",
    ),
    "wrong_realm": Guide(
        _lt("You signed in to another QuickBooks company."),
        _lt(
            "A connection stays with its company: the maps and documents name ids of "
            "that one."
        ),
        (
            _lt("Press Reconnect and choose the company that the sentence names."),
            _lt("For another company make a new connection."),
        ),
        none="consent",
    ),
    "address_refused": Guide(
        _lt("A key would go to an address that is not one of the vendor."),
        _lt("An address on the connection is wrong, or an answer named a strange one."),
        (
            _lt("Press Open the Settings and check the environment."),
            _lt("Show the technical details to your administrator."),
        ),
        cure="settings",
    ),
    "reporting_unavailable": Guide(
        _lt("The reporting database cannot be read."),
        _lt(
            "It is down, another address or password is needed, or its nightly load is "
            "still at work."
        ),
        (
            _lt("Press Open the Settings and open the tab Reporting Database."),
            _lt("Check server, user and password."),
            _CHECK,
            _lt("If the connection is paused, press Resume."),
        ),
        cure="settings",
    ),
    "reporting_slow": Guide(
        _lt("The reporting database takes too long to answer."),
        _lt(
            "Its views read large tables without an index, or its nightly load is "
            "still at work."
        ),
        (
            _lt("Wait for the end of the load; it is tried again by itself."),
            _DATABASE_ADMIN,
            _lt("Materialized views, or indexes on the ids and on modified_at, help."),
        ),
        cure="settings",
    ),
    "reporting_contract": Guide(
        _lt("The reporting database lacks views or columns."),
        _lt("The views were never complete, or the nightly load has lost them."),
        (
            _DATABASE_ADMIN,
            _lt("The template of the views shows what is needed."),
            _CHECK,
            _lt("If the connection is paused, press Resume."),
        ),
        cure="settings",
    ),
    # --- passing trouble --------------------------------------------------------------
    "throttled": _passing(
        _lt("The vendor asks us to wait."),
        _lt("A vendor takes only so many requests in a minute."),
    ),
    "unavailable": _passing(
        _lt("The vendor could not be reached."),
        _lt("The service or the line is down for the moment."),
    ),
    "unreadable": _passing(
        _lt("The vendor sent an answer that cannot be read."),
        _lt("The service is being repaired, or something between us cut it."),
    ),
    "token_expired": _passing(
        _lt("The connection is being renewed."),
        _lt("A sign-in is good for an hour or so, and is then renewed by itself."),
    ),
    "stale": _passing(
        _lt("QuickBooks changed the document at the same moment."),
        _lt("A payment or a person touched it; it is read again first."),
    ),
    "outcome_unknown": Guide(
        _lt("The document was sent, but no answer came."),
        _lt("The line broke at the wrong moment."),
        (
            _lt("Wait: it is looked up in QuickBooks before anything is sent again."),
            _lt("If it needs attention all the same, search QuickBooks for it."),
            _lt("Press Try Again: it is looked up once more, and never doubled."),
        ),
        cure="requeue",
    ),
    # --- files ------------------------------------------------------------------------
    "file_type": _file(
        _lt("The file is neither CSV nor XLSX."),
        _lt("It is of another program, or has a password."),
        _lt("Save it as XLSX without a password, or as CSV."),
    ),
    "file_unreadable": _file(
        _lt("The file is damaged."),
        _lt("It was cut while it was copied or sent."),
        _lt("Open it in your spreadsheet, and save it anew."),
    ),
    "file_too_large": _file(
        _lt("The file is too large."),
        _lt("An upload is checked as a whole, which has its limits."),
        _lt("Split it, for example by month."),
    ),
    "file_empty": _file(
        _lt("The file has no rows."),
        _lt("Only the names of the columns are in it."),
        _lt("Fill in the rows, or export again."),
    ),
    "file_unknown": _file(
        _lt("The columns are not those of any of our tables."),
        _lt("Each table is known by the names of its columns."),
        _lt("Press Download Template and compare the first row."),
        _lt("Name the columns alike, or remove the sheet."),
    ),
    "file_columns": _file(
        _lt("Columns are missing."),
        _lt("The export leaves out columns that are needed."),
        _lt("Press Download Template and compare the first row."),
        _lt("Add the missing columns; most of them may stay empty."),
    ),
    "file_column_twice": _file(
        _lt("A column is there twice."),
        _lt("Which of the two counts cannot be told."),
        _lt("Remove one of the two columns."),
    ),
    "file_other_firm": _file(
        _lt("The file seems to be of another firm."),
        _lt("None of its bills and clients is known to the connection."),
        _lt("Check the connection that you chose, and the file."),
    ),
    "row_empty": _file(
        _lt("A value is missing."),
        _lt("A cell that is needed is empty, or a formula that was never stored."),
        _lt("Fill it in, with 0 for an amount that is none."),
    ),
    "row_amount": _file(
        _lt("A value is not an amount."),
        _lt("It holds letters, more than two decimals, or another notation."),
        _lt("Write it as 1234.50."),
    ),
    "row_number": _file(
        _lt("A value is not a number."),
        _lt("It holds letters or another notation."),
        _lt("Write it as 3 or 2.5."),
    ),
    "row_date": _file(
        _lt("A value is not a date that reads in one way only."),
        _lt("03/04/2026 may be March or April."),
        _lt("Write it as 2026-08-31, or make it a date in an XLSX file."),
    ),
    "row_time": _file(
        _lt("A value is not a time."),
        _lt("The time of the last change is needed to tell new from old."),
        _lt("Write it as 2026-08-31T17:30:00Z, or remove the column."),
    ),
    "row_flag": _file(
        _lt("A value is neither yes nor no."),
        _lt("The column says whether money is trust money."),
        _lt("Write yes or no."),
    ),
    "row_kind": _file(
        _lt("A value is neither fee nor expense."),
        _lt("Each line is one of the two."),
        _lt("Write fee or expense."),
    ),
    "row_text": _file(
        _lt("A text has become a date."),
        _lt("A spreadsheet turns numbers such as 3-4 into dates by itself."),
        _lt("Format the column as text, and enter the value again."),
    ),
    "row_formula": _file(
        _lt("A formula ended in an error."),
        _lt("The cell shows something like #REF! instead of a value."),
        _lt("Correct the formula, or write the value in its place."),
    ),
    "row_id": _file(
        _lt("A value is too long for an id."),
        _lt("The values may stand below the wrong columns."),
        _lt("Check that each value stands below the name of its column."),
    ),
    "row_overfull": _file(
        _lt("A row has more values than there are columns."),
        _lt("A text holds the separator, and was cut in two."),
        _lt("Put such texts into quotes, or save the file as XLSX."),
    ),
    "row_twice": _file(
        _lt("The same row stands twice."),
        _lt("Which of the two counts cannot be told."),
        _lt("Keep only one of the two rows."),
    ),
    "row_parent_unknown": _file(
        _lt("A row belongs to nothing that is known."),
        _lt("Its payment or credit note is neither in the upload nor known already."),
        _lt("Add the row that it belongs to, to the same upload."),
    ),
    "row_bill_unknown": _file(
        _lt("A row names a bill that is not known."),
        _lt("The bill is another firm's, a draft, or newer than the last run."),
        _lt("Press Sync Now on the connection and wait until the run is done."),
        _lt("Or remove the row."),
    ),
    "row_client_unknown": _file(
        _lt("A row names a client who is not known."),
        _lt("The client is another firm's, or has no bill yet."),
        _lt("Press Sync Now on the connection and wait until the run is done."),
        _lt("Or remove the row."),
    ),
    "row_older": _file(
        _lt("A row is older than what is stored."),
        _lt("A newer file was uploaded before this one."),
        _lt("Export again, so that the file holds the newest state."),
    ),
    "unexpected": Guide(
        _lt("Something happened that this program did not expect."),
        _lt("It is an error of this program, or an answer nobody has seen before."),
        (
            _lt("Press Try Again."),
            _lt(
                "If it comes back, send the technical details to your administrator; "
                "they hold Intuit's trace id."
            ),
        ),
        cure="requeue",
    ),
}
