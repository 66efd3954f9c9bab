"""Facts about both vendors, as data. Each table names where the vendor writes it."""

from __future__ import annotations

from typing import NamedTuple

# --- Environments ---------------------------------------------------------------
# Actionstep: docs.actionstep.com, "Authentication". Intuit: developer.intuit.com,
# "Set up OAuth 2.0". "local" has no addresses: they stand on the connection and must
# be loopback ones.
ACTIONSTEP_AUTHORIZE_URLS = {
    "production": "https://go.actionstep.com/api/oauth/authorize",
    "sandbox": "https://go.actionstepstaging.com/api/oauth/authorize",
}
ACTIONSTEP_TOKEN_URLS = {
    "production": "https://api.actionstep.com/api/oauth/token",
    "sandbox": "https://api.actionstepstaging.com/api/oauth/token",
}
# The API host comes with each token; a token is sent to these domains only.
ACTIONSTEP_DOMAINS = {
    "production": ("actionstep.com",),
    "sandbox": ("actionstepstaging.com",),
}
QUICKBOOKS_DISCOVERY_URLS = {
    "production": "https://developer.intuit.com/.well-known/openid_configuration/",
    "sandbox": "https://developer.intuit.com/.well-known/openid_sandbox_configuration/",
}
QUICKBOOKS_API_URLS = {
    "production": "https://quickbooks.api.intuit.com/v3",
    "sandbox": "https://sandbox-quickbooks.api.intuit.com/v3",
}
# Everything a token or a key of QuickBooks is sent to: the API, the token and the
# revocation endpoint that the discovery document names.
QUICKBOOKS_DOMAINS = {
    "production": ("intuit.com",),
    "sandbox": ("intuit.com",),
}
QUICKBOOKS_APP_URLS = {
    "production": "https://qbo.intuit.com/app",
    "sandbox": "https://sandbox.qbo.intuit.com/app",
}
# The names of undocumented resources are not confirmed as scopes, "all" is what the
# vendor's own demonstration application asks for.
ACTIONSTEP_SCOPES = ("all",)
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")

# --- Time and size limits ---------------------------------------------------------
CONNECT_TIMEOUT = 10
# Intuit cuts a request at 120 s ("Limits and throttles"), and so does Odoo a worker by
# default: we give up before, so that the outcome is recorded as unknown in order.
READ_TIMEOUT = 110
# When Intuit has ended any request, whatever became of its sender: its 120 s, and some
# for the way there.
QUICKBOOKS_REQUEST_SECONDS = 130
# The first page of a large Actionstep table counts all matches and can take minutes.
ACTIONSTEP_READ_TIMEOUT = 300
# Token requests are short, and a user or a locked credential waits for them.
OAUTH_READ_TIMEOUT = 30
REPORTING_TIMEOUT = 60
# For a token answer without "expires_in": half an hour is the shortest life that any
# revision of Actionstep's documentation names.
TOKEN_SECONDS = 1800
# How long a grant of Actionstep lasts unused. The answers do not say; 21 days stand in
# the developers' wiki, and in later descriptions of the portal.
ACTIONSTEP_GRANT_DAYS = 21
# An access token is renewed when less than this is left of it, in seconds.
TOKEN_MARGIN = 120

# docs.actionstep.com, endpoint bills.
ACTIONSTEP_BILL_STATUSES = ("Draft", "Open", "Closed", "Deleted")
ACTIONSTEP_PAGE_SIZE = 200  # docs.actionstep.com: default 50, at most 200
ACTIONSTEP_IDS_PER_REQUEST = 50  # multi-id GET: the ids stand in the path
QUICKBOOKS_PAGE_SIZE = 1000  # query language: MAXRESULTS at most 1000
QUICKBOOKS_BATCH_SIZE = 30  # "Limits and throttles"
QUICKBOOKS_MINOR_VERSION = 75  # all older ones behave as 75 since 2025-08-01
THROTTLE_SECONDS = 60  # "wait 60 seconds", "Limits and throttles"

QUICKBOOKS_NUMBER_LENGTH = 21
QUICKBOOKS_NAME_LENGTH = 100  # DisplayName takes 500, but other lists show only 100
QUICKBOOKS_NOTE_LENGTH = 4000
QUICKBOOKS_DESCRIPTION_LENGTH = 4000
QUICKBOOKS_LINES_PER_INVOICE = 750
# With a batch, a request id has at most 36 characters and a bId at most 10; Intuit
# stores both together in 50 (QuickBooks-V3-Java-SDK issue 180).
QUICKBOOKS_REQUEST_ID_LENGTH = 36
QUICKBOOKS_BATCH_ID_LENGTH = 10
# A request id without a batch: "Handling duplicate requests", developer.intuit.com.
QUICKBOOKS_SINGLE_REQUEST_ID_LENGTH = 50
# Ours: no limit of a statement is documented. 30 values in each of a batch's 30 items
# stay under the 1,000 objects that one batch answer may hold.
QUICKBOOKS_VALUES_PER_QUERY = 30
QUICKBOOKS_QUERY_LENGTH = 4000


# --- Faults of QuickBooks -----------------------------------------------------------
class Fault(NamedTuple):
    """What a fault means for us: the class of reaction and the cause shown.

    ``action`` is one of: retry, unsure (retry, but the outcome of a writing request is
    unknown), throttle, refresh, reconnect, stop, reread, duplicate, missing, refuse,
    bug.
    """

    action: str
    cause: str


# By Intuit's code, before the HTTP status: the same status carries many meanings.
# Codes and meanings: developer.intuit.com, "Error codes"; 5010, 610, 2010, 4001, 6240
# and 3200 also seen in recorded answers.
QUICKBOOKS_FAULTS: dict[str, Fault] = {
    "100": Fault("reconnect", "reconnect"),
    "110": Fault("reconnect", "reconnect"),
    "120": Fault("stop", "permission"),
    "130": Fault("retry", "unavailable"),
    "140": Fault("retry", "unavailable"),
    "150": Fault("retry", "unavailable"),
    "500": Fault("bug", "unexpected"),
    "600": Fault("duplicate", "outcome_unknown"),
    "610": Fault("missing", "gone_in_quickbooks"),
    "620": Fault("refuse", "link_refused"),
    "2010": Fault("bug", "unexpected"),
    "2500": Fault("missing", "gone_in_quickbooks"),
    "3001": Fault("throttle", "throttled"),
    "3100": Fault("reconnect", "reconnect"),
    "3200": Fault("refresh", "token_expired"),
    "3202": Fault("reconnect", "reconnect"),
    "4000": Fault("bug", "unexpected"),
    "4001": Fault("bug", "unexpected"),
    "5010": Fault("reread", "stale"),
    "5020": Fault("stop", "permission"),
    "6140": Fault("duplicate", "duplicate_number"),
    "6190": Fault("stop", "subscription"),
    "6200": Fault("refuse", "closed_period"),
    "6210": Fault("refuse", "closed_period"),
    "6240": Fault("duplicate", "name_taken"),
    "6480": Fault("refuse", "payment_matched"),
    "6540": Fault("refuse", "payment_deposited"),
    "10000": Fault("retry", "unavailable"),
    "10200": Fault("retry", "unavailable"),
}
# By HTTP status, for bodies without a code we know.
QUICKBOOKS_STATUSES: dict[int, Fault] = {
    400: Fault("refuse", "refused"),
    401: Fault("refresh", "token_expired"),
    403: Fault("reconnect", "reconnect"),
    404: Fault("bug", "unexpected"),
    408: Fault("retry", "unavailable"),
    413: Fault("refuse", "refused"),
    429: Fault("throttle", "throttled"),
    500: Fault("retry", "unavailable"),
    502: Fault("retry", "unavailable"),
    503: Fault("retry", "unavailable"),
    504: Fault("retry", "unavailable"),
}
# The same code with another text: (code, part of the text in lower case, fault).
# 610: the text of an inactive reference. 5010: seen with the text of a closed period
# (python-quickbooks issue 208). 6000: Intuit's catch-all; this text came for trouble
# while saving, and for the repeat of a batch that had been done (quickbooks-ruby 344).
QUICKBOOKS_FAULT_TEXTS: tuple[tuple[str, str, Fault], ...] = (
    ("610", "made inactive", Fault("missing", "inactive_in_quickbooks")),
    ("5010", "account period closed", Fault("refuse", "closed_period")),
    ("6000", "wait a few minutes", Fault("unsure", "unavailable")),
)

# --- Reporting database -------------------------------------------------------------
# The views that the firm's administrator defines: our contract, not a vendor's schema.
# Amounts are numeric, ids text, dates date, times timestamp with zone.
REPORTING_VIEWS: dict[str, tuple[str, ...]] = {
    "bill": (
        "bill_id", "number", "status", "client_id", "client_name", "matter_ids",
        "division_id", "currency", "bill_date", "due_date", "total_exclusive",
        "total_tax", "total_inclusive", "modified_at", "deleted_at",
    ),
    "bill_line": (
        "bill_id", "line_no", "kind", "account_number", "description", "quantity",
        "unit_price", "amount_exclusive", "tax_code", "tax_amount", "matter_id",
        "timekeeper", "service_date", "product_service", "modified_at",
    ),
    "receipt": (
        "receipt_id", "client_id", "matter_id", "received_on", "amount", "currency",
        "method", "reference", "memo", "deposit_account_number", "from_trust",
        "modified_at", "deleted_at",
    ),
    "receipt_allocation": ("receipt_id", "bill_id", "amount", "modified_at"),
    "credit_note": (
        "credit_id", "number", "bill_id", "client_id", "matter_id", "credit_date",
        "currency", "total_exclusive", "total_tax", "total_inclusive", "reason",
        "modified_at", "deleted_at",
    ),
    "credit_note_line": (
        "credit_id", "line_no", "kind", "account_number", "description",
        "amount_exclusive", "tax_code", "tax_amount", "modified_at",
    ),
    "credit_application": (
        "credit_id", "bill_id", "applied_on", "amount", "modified_at",
    ),
}  # fmt: skip
REPORTING_OPTIONAL_COLUMNS = {
    "bill_line": ("product_service",),
    # Where rows have no time of change of their own, that of their parent counts.
    "receipt_allocation": ("modified_at",),
    "credit_note_line": ("modified_at",),
    "credit_application": ("modified_at",),
}
REPORTING_REQUIRED_VIEWS = ("bill_line",)
# Without these a connection has no payments or no credit notes; bills go all the same.
REPORTING_PAYMENT_VIEWS = ("receipt", "receipt_allocation")
REPORTING_CREDIT_VIEWS = ("credit_note", "credit_note_line", "credit_application")
REPORTING_DETAIL_VIEWS = (
    *REPORTING_REQUIRED_VIEWS,
    *REPORTING_PAYMENT_VIEWS,
    *REPORTING_CREDIT_VIEWS,
)
REPORTING_PAGE_SIZE = 2000
REPORTING_SSL_MODES = (
    "disable",
    "allow",
    "prefer",
    "require",
    "verify-ca",
    "verify-full",
)
