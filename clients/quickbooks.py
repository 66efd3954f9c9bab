"""QuickBooks Online, Accounting API v3, on python-quickbooks.

The library builds addresses and headers; our session under it reads each answer first,
because the library's errors lose the HTTP status. Payloads are plain dictionaries, so
that nothing is sent that a mapper did not put there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar
from urllib.parse import quote as quote_path

import quickbooks
import requests
import simplejson

from .. import const
from ..documents import (
    QuickbooksAccount,
    QuickbooksCompany,
    QuickbooksItem,
    QuickbooksPaymentMethod,
    QuickbooksTaxCode,
    QuickbooksTaxRate,
)
from ..exceptions import NotFoundError, SyncError
from .faults import item_error, read_answer, unreadable
from .transport import QUICKBOOKS, Policy, Transport
from .values import date_of, decimal_of, flag_of, text_of

_logger = logging.getLogger(__name__)

Row = dict[str, Any]
T = TypeVar("T")

KINDS = ("create", "update", "delete", "void")
# Names are unique over these three lists together ("Customer", API reference).
NAME_ENTITIES = ("Customer", "Vendor", "Employee")
_CUSTOMER_KEYS = ("ParentRef", "CurrencyRef", "Notes")


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing to do; ``bid`` names it in the answer of its batch.

    ``payload`` is the object as QuickBooks takes it, money as ``Decimal``.
    """

    bid: str
    kind: str
    entity: str
    payload: Mapping[str, Any]

    def __post_init__(self) -> None:
        """Refuse what cannot be an operation.

        :raise ValueError: a bug of the caller
        """
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of operation {self.kind!r}")
        if not 0 < len(self.bid) <= const.QUICKBOOKS_BATCH_ID_LENGTH:
            raise ValueError(f"bid {self.bid!r} has a wrong length")
        if not self.payload:
            raise ValueError(f"operation {self.bid!r} has nothing to send")

    def as_item(self) -> Row:
        """Return the operation as an item of a batch request."""
        item = {"bId": self.bid, "operation": self.kind, self.entity: self.payload}
        if self.kind == "void" and self.entity != "Invoice":
            # Only an invoice has a void of its own; a payment is voided by an update.
            item |= {"operation": "update", "optionsData": "void"}
        return item


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of one operation: exactly one of the two is set.

    ``answer`` is the object as QuickBooks now has it (of a deleted one its id and
    status).
    """

    answer: Row | None = None
    error: SyncError | None = None


def quote(value: str) -> str:
    """Return a text as a literal of the query language."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


class QuickbooksClient:
    """One QuickBooks company; a context manager, for one thread.

    Every method raises the errors of ``exceptions.py``: ``TokenExpiredError`` to
    refresh and call again, ``ThrottledError`` to wait, ``AuthError`` and
    ``ConnectionStoppedError`` to stop, ``DataError`` for this document alone,
    ``RetryableError`` when nothing was done, ``UnknownOutcomeError`` when a writing
    request may have been done.

    :param api_url: base address that ends in ``/v3``
    :param before_request: called before each request, with whether it is a batch, to
        wait for its turn
    """

    def __init__(
        self,
        api_url: str,
        access_token: str,
        realm_id: str,
        environment: str,
        *,
        read_timeout: float = const.READ_TIMEOUT,
        before_request: Callable[[bool], None] | None = None,
    ) -> None:
        self.realm_id = realm_id
        domains = const.QUICKBOOKS_DOMAINS.get(environment, ())
        policy = Policy(QUICKBOOKS, environment, domains, read_timeout)
        self._session = _QuickbooksSession(policy, access_token)
        self._session.before_request = before_request
        self._quickbooks = quickbooks.QuickBooks(
            company_id=quote_path(realm_id, safe=""),
            minorversion=const.QUICKBOOKS_MINOR_VERSION,
            use_decimal=True,
        )
        self._quickbooks.api_url_v3 = api_url.rstrip("/")
        self._quickbooks.session = self._session

    def __enter__(self) -> QuickbooksClient:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to QuickBooks."""
        self._session.close()

    # === LISTS === #

    def company(self) -> QuickbooksCompany:
        """Return what the company is like, from CompanyInfo and Preferences."""
        info = self.read("CompanyInfo", self.realm_id)
        preferences = self._object(
            self._send(self._quickbooks.get, self._url("preferences")), "Preferences"
        )
        currency = preferences.get("CurrencyPrefs") or {}
        tax = preferences.get("TaxPrefs") or {}
        forms = preferences.get("SalesFormsPrefs") or {}
        accounting = preferences.get("AccountingInfoPrefs") or {}
        told = _named_values(info)
        return QuickbooksCompany(
            realm_id=self.realm_id,
            name=text_of(info.get("CompanyName")),
            country=text_of(info.get("Country")).upper(),
            home_currency=_value(currency.get("HomeCurrency")),
            is_multicurrency=flag_of(currency.get("MultiCurrencyEnabled")),
            uses_sales_tax=flag_of(tax.get("UsingSalesTax")),
            uses_automated_sales_tax=flag_of(tax.get("PartnerTaxEnabled")),
            uses_custom_numbers=flag_of(forms.get("CustomTxnNumbers")),
            book_close_date=self._read(date_of, accounting.get("BookCloseDate")),
            offering=told.get("OfferingSku", ""),
            subscription=told.get("SubscriptionStatus", ""),
        )

    def items(self) -> list[QuickbooksItem]:
        """Return all products and services, inactive ones too."""
        return [
            QuickbooksItem(
                item_id=text_of(row.get("Id")),
                name=_name(row),
                item_type=text_of(row.get("Type")),
                income_account=text_of((row.get("IncomeAccountRef") or {}).get("name")),
                is_active=_is_active(row),
            )
            for row in self._all("Item")
        ]

    def accounts(self) -> list[QuickbooksAccount]:
        """Return the chart of accounts, inactive ones too."""
        return [
            QuickbooksAccount(
                account_id=text_of(row.get("Id")),
                number=text_of(row.get("AcctNum")),
                name=_name(row),
                account_type=text_of(row.get("AccountType")),
                account_subtype=text_of(row.get("AccountSubType")),
                is_active=_is_active(row),
            )
            for row in self._all("Account")
        ]

    def payment_methods(self) -> list[QuickbooksPaymentMethod]:
        """Return all payment methods, inactive ones too."""
        return [
            QuickbooksPaymentMethod(
                method_id=text_of(row.get("Id")),
                name=text_of(row.get("Name")),
                method_type=text_of(row.get("Type")),
                is_active=_is_active(row),
            )
            for row in self._all("PaymentMethod")
        ]

    def tax_codes(self) -> list[QuickbooksTaxCode]:
        """Return all tax codes with their sales rates, inactive ones too."""
        rates = {
            text_of(row.get("Id")): self._rate(row) for row in self._all("TaxRate")
        }
        return [
            QuickbooksTaxCode(
                tax_code_id=text_of(row.get("Id")),
                name=text_of(row.get("Name")),
                description=text_of(row.get("Description")),
                is_taxable=flag_of(row.get("Taxable")),
                is_active=_is_active(row),
                rates=_sales_rates(row, rates),
            )
            for row in self._all("TaxCode")
        ]

    def _rate(self, row: Row) -> QuickbooksTaxRate:
        """Return a rate; without ``RateValue`` the one of its dated rates in force."""
        dated = row.get("EffectiveTaxRate") or []
        current = [entry for entry in dated if not entry.get("EndDate")] or dated
        value = row.get("RateValue")
        if value is None and current:
            value = current[-1].get("RateValue")
        return QuickbooksTaxRate(text_of(row.get("Id")), self._read(decimal_of, value))

    def _all(self, entity: str) -> list[Row]:
        """Return every object of a list, page by page, each once.

        Paging is no snapshot: a page that brings nothing new is the last one.
        """
        size = const.QUICKBOOKS_PAGE_SIZE
        found: dict[str, Row] = {}
        start = 1
        while True:
            rows = self.query(
                f"SELECT * FROM {entity} WHERE Active IN (true, false) "
                f"ORDERBY Id STARTPOSITION {start} MAXRESULTS {size}"
            )
            known = len(found)
            found.update((text_of(row.get("Id")), row) for row in rows)
            if len(rows) < size or len(found) == known:
                return list(found.values())
            start += len(rows)

    # === QUERIES === #

    def query(self, statement: str) -> list[Row]:
        """Return the rows of a statement of the query language, as QuickBooks has them.

        Without MAXRESULTS QuickBooks returns 100 rows.
        """
        document = self._send(self._quickbooks.query, statement.encode())
        return _rows(self._object(document, "QueryResponse"))

    # Not a model, nothing to call above: pylint: disable-next=method-required-super
    def read(self, entity: str, object_id: str) -> Row:
        """Return one object.

        :raise NotFoundError: it is deleted, or never was
        """
        document = self._send(
            self._quickbooks.get_single_object,
            entity,
            quote_path(object_id, safe=""),
            itself=True,
        )
        return self._object(document, entity)

    def read_many(self, entity: str, object_ids: Iterable[str]) -> list[Row]:
        """Return the objects with these ids; those that are deleted are left out."""
        statements = [
            _in_statement(entity, "Id", chunk) for chunk in _chunks(object_ids)
        ]
        return self._query_all(statements)

    def query_names(self, names: Iterable[str]) -> list[Row]:
        """Return who bears one of the names: customers, vendors and employees.

        :return: rows with entity, Id, DisplayName, Active, SyncToken, and of a customer
            ParentRef, CurrencyRef and Notes where it has them
        """
        keys = ("Id", "DisplayName", "Active", "SyncToken", *_CUSTOMER_KEYS)
        return [
            {"entity": entity, **{key: row[key] for key in keys if key in row}}
            for chunk in _chunks(names)
            for entity in NAME_ENTITIES
            for row in self.query(_in_statement(entity, "DisplayName", chunk, "Active"))
        ]

    def find_invoices(self, numbers: Iterable[str]) -> list[Row]:
        """Return the invoices that bear one of the document numbers."""
        return self._find_numbered("Invoice", numbers)

    def find_credit_notes(self, numbers: Iterable[str]) -> list[Row]:
        """Return the credit memos that bear one of the document numbers."""
        return self._find_numbered("CreditMemo", numbers)

    def find_payments(self, wanted: Iterable[tuple[str, date]]) -> list[Row]:
        """Return the payments of some customers on certain days, applied credits too.

        Whose they are, their notes tell: a note cannot be queried, and a payment needs
        no number. Customer and date can be asked for, as public integrations do.

        :param wanted: customer id and date of each payment that is looked for
        """
        statements = [_payment_statement(*one) for one in dict.fromkeys(wanted)]
        return self._query_all(statements)

    def _find_numbered(self, entity: str, numbers: Iterable[str]) -> list[Row]:
        statements = [
            _in_statement(entity, "DocNumber", chunk) for chunk in _chunks(numbers)
        ]
        return self._query_all(statements)

    def _query_all(self, statements: Iterable[str]) -> list[Row]:
        """Return the rows of all statements, one request after the other.

        In a batch each would take QuickBooks longer than alone (measured answers), and
        of batches only 40 may go in a minute.
        """
        return [row for statement in statements for row in self.query(statement)]

    # === WRITES === #

    def send(self, operation: Operation, request_id: str) -> Row:
        """Carry out one operation outside of a batch and return its answer.

        :param request_id: at most 50 characters; a repeat with the same one is not
            done twice, as far as QuickBooks keeps it
        :raise ValueError: a bug of the caller
        """
        _check_request_id(request_id, const.QUICKBOOKS_SINGLE_REQUEST_ID_LENGTH)
        document = self._send(
            self._quickbooks.post,
            self._url(operation.entity.lower()),
            _body(operation.payload),
            params=_params(operation),
            request_id=request_id,
            writes=True,
            itself=operation.kind in ("delete", "void"),
        )
        return self._object(document, operation.entity)

    def batch(
        self, operations: Sequence[Operation], request_id: str
    ) -> dict[str, BatchResult]:
        """Carry out up to 30 operations; return what became of each, by ``bid``.

        They are independent of each other and done in no certain order.

        :param request_id: at most 36 characters
        :raise SyncError: the request as a whole failed
        :raise ValueError: a bug of the caller
        """
        _check_batch(operations)
        _check_request_id(request_id, const.QUICKBOOKS_REQUEST_ID_LENGTH)
        document = self._send(
            self._quickbooks.post,
            self._url("batch"),
            _body({"BatchItemRequest": [item.as_item() for item in operations]}),
            request_id=request_id,
            writes=True,
        )
        items = document.get("BatchItemResponse")
        if not isinstance(items, list):
            raise unreadable("no BatchItemResponse", self._intuit_tid, sent=True)
        answers = self._by_bid(items, {operation.bid for operation in operations})
        return {
            operation.bid: self._result(operation, answers.get(operation.bid))
            for operation in operations
        }

    def _by_bid(self, items: list[Any], expected: set[str]) -> dict[str, Row]:
        """Return the items of a batch answer by bId; the first one of each counts."""
        found: dict[str, Row] = {}
        for item in items:
            bid = text_of(item.get("bId")) if isinstance(item, dict) else ""
            if bid in expected and bid not in found:
                found[bid] = item
            else:
                _logger.warning(
                    "Batch answer with an unknown or repeated bId %r (intuit_tid %s)",
                    bid,
                    self._intuit_tid,
                )
        return found

    def _result(self, operation: Operation, item: Row | None) -> BatchResult:
        tid = self._intuit_tid
        fault = (item or {}).get("Fault") or (item or {}).get("fault")
        if isinstance(fault, dict):
            error = item_error(fault, intuit_tid=tid, sent=True)
            if operation.kind in ("delete", "void"):
                error = _gone_itself(error)
            return BatchResult(error=error)
        answer = (item or {}).get(operation.entity)
        if isinstance(answer, dict):
            return BatchResult(answer=answer)
        what = "is missing from" if item is None else "cannot be read in"
        detail = f"{operation.bid} {what} the batch answer"
        return BatchResult(error=unreadable(detail, tid, sent=True))

    # === REQUESTS === #

    def _url(self, resource: str) -> str:
        client = self._quickbooks
        return f"{client.api_url}/company/{client.company_id}/{resource}"

    def _send(
        self,
        call: Callable[..., Row],
        *args: Any,
        writes: bool = False,
        itself: bool = False,
        **kwargs: Any,
    ) -> Row:
        """Call python-quickbooks; what fails is raised by the session below it.

        :param itself: whether the request names nothing but the object itself
        """
        self._session.writes = writes
        try:
            return call(*args, **kwargs)
        except NotFoundError as error:
            raise (_gone_itself(error) if itself else error) from None

    def _object(self, document: Row, key: str) -> Row:
        """Return what stands under the envelope's key."""
        found = document.get(key)
        if not isinstance(found, dict):
            raise unreadable(f"no {key}", self._intuit_tid, self._session.writes)
        return found

    def _read(self, reader: Callable[[Any], T], value: Any) -> T:
        try:
            return reader(value)
        except ValueError as err:
            raise unreadable(str(err), self._intuit_tid, sent=False) from err

    @property
    def _intuit_tid(self) -> str | None:
        return self._session.last.intuit_tid if self._session.last else None


class _QuickbooksSession(Transport):
    """Reads each answer before python-quickbooks does, so that only successes pass."""

    before_request: Callable[[bool], None] | None = None

    def request(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        """Override of `request` to raise our error for every fault."""
        if self.before_request:
            self.before_request(url.endswith("/batch"))
        response = super().request(method, url, **kwargs)
        read_answer(
            response.status_code,
            self.body_of(response),
            intuit_tid=self.last.intuit_tid,
            retry_after=self.last.retry_after,
            sent=self.writes,
        )
        return response


def _gone_itself(error: SyncError) -> SyncError:
    """Return the error for a request that names nothing but the object itself.

    QuickBooks answers the removal of a deleted invoice with the text of an inactive
    reference (recorded answer), so the text tells nothing here.
    """
    if not isinstance(error, NotFoundError):
        return error
    return NotFoundError(
        "gone_in_quickbooks",
        error.detail,
        values=error.values,
        intuit_tid=error.intuit_tid,
    )


# --- Requests -------------------------------------------------------------------------


def _body(payload: Any) -> bytes:
    """Return JSON with money as numbers of exactly the digits of its ``Decimal``.

    Letters outside ASCII are escaped: no reader can take the bytes for another code.
    """
    return simplejson.dumps(payload, use_decimal=True, allow_nan=False).encode()


def _params(operation: Operation) -> dict[str, str]:
    """Return the query parameters of an operation outside of a batch."""
    if operation.kind == "delete":
        return {"operation": "delete"}
    if operation.kind == "void":
        if operation.entity == "Invoice":
            return {"operation": "void"}
        return {"operation": "update", "include": "void"}
    return {}


def _check_request_id(request_id: str, limit: int) -> None:
    if not 0 < len(request_id) <= limit:
        raise ValueError(f"request id {request_id!r} must have 1 to {limit} characters")


def _check_batch(operations: Sequence[Operation]) -> None:
    if not 0 < len(operations) <= const.QUICKBOOKS_BATCH_SIZE:
        raise ValueError(f"a batch of {len(operations)} operations")
    if len({operation.bid for operation in operations}) != len(operations):
        raise ValueError("two operations of a batch with one bid")


def _in_statement(
    entity: str, column: str, values: Sequence[str], active: str = ""
) -> str:
    """Return a query for all rows with one of the values, at most 1,000."""
    statement = f"SELECT * FROM {entity} WHERE {column} IN ("
    statement += ", ".join(quote(value) for value in values) + ")"
    if active:
        statement += f" AND {active} IN (true, false)"
    return f"{statement} MAXRESULTS {const.QUICKBOOKS_PAGE_SIZE}"


def _payment_statement(customer_id: str, day: date) -> str:
    """Return the query for what one customer paid on one day."""
    return (
        f"SELECT * FROM Payment WHERE CustomerRef = {quote(customer_id)} "
        f"AND TxnDate = {quote(day.isoformat())} "
        f"MAXRESULTS {const.QUICKBOOKS_PAGE_SIZE}"
    )


def _chunks(values: Iterable[str]) -> Iterator[list[str]]:
    """Yield the values, each once, in groups that keep a statement short."""
    chunk: list[str] = []
    length = 0
    for value in dict.fromkeys(filter(None, values)):
        full = len(chunk) >= const.QUICKBOOKS_VALUES_PER_QUERY
        if chunk and (full or length + len(value) > const.QUICKBOOKS_QUERY_LENGTH):
            yield chunk
            chunk, length = [], 0
        chunk.append(value)
        length += len(value)
    if chunk:
        yield chunk


# --- Rows -----------------------------------------------------------------------------


def _rows(response: Row) -> list[Row]:
    """Return the rows of a QueryResponse; without rows it has no list at all."""
    found = next((v for v in response.values() if isinstance(v, list)), [])
    return [row for row in found if isinstance(row, dict)]


def _name(row: Row) -> str:
    """Return the name with its parents (``Legal:Advice``), as QuickBooks shows it."""
    return text_of(row.get("FullyQualifiedName") or row.get("Name"))


def _is_active(row: Row) -> bool:
    """Only what says so is inactive: QuickBooks leaves out what has no value."""
    return row.get("Active") is None or flag_of(row["Active"])


def _value(reference: Any) -> str:
    """Return the id of a reference, empty for none."""
    return text_of(reference.get("value")) if isinstance(reference, dict) else ""


def _named_values(row: Row) -> dict[str, str]:
    """Return what an object tells as pairs of Name and Value."""
    pairs = row.get("NameValue") or []
    return {
        text_of(pair.get("Name")): text_of(pair.get("Value"))
        for pair in pairs
        if isinstance(pair, dict)
    }


def _sales_rates(
    row: Row, rates: Mapping[str, QuickbooksTaxRate]
) -> tuple[QuickbooksTaxRate, ...]:
    """Return the rates that a tax code charges on sales, in their order."""
    listed = (row.get("SalesTaxRateList") or {}).get("TaxRateDetail") or []
    ids = [_value(entry.get("TaxRateRef")) for entry in listed]
    return tuple(rates[rate_id] for rate_id in ids if rate_id in rates)
