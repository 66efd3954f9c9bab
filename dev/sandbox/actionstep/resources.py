"""What each REST resource looks like: attributes, links, which come unasked.

Sources: the vendor's endpoint specifications (bills, actions, participants ...) and,
for the undocumented accounting lists, the field maps of the vendor's 2015 SDK, where
nearly everything is *additional*: returned only when ``fields`` names it.

An attribute is written ``name:kind=key``: ``kind`` is text unless given, ``key`` is the
name in the sandbox's row (the attribute's own name unless given; a key that no row has
reads as null). A link is written ``name>type=key``, with ``*`` after the type when it
holds several ids. A leading ``+`` marks what is additional.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

KINDS = {
    "text",
    "id",
    "integer",
    "flag",
    "money",
    "decimal",
    "date",
    "bare",  # a timestamp which the real API shows as a bare date
    "timestamp",
}
_WORD = re.compile(
    r"(?P<extra>\+?)(?P<name>\w+)(?::(?P<kind>\w+))?"
    r"(?:>(?P<target>\w+)(?P<many>\*?))?(?:=(?P<key>\w+))?"
)


@dataclass(frozen=True)
class Attribute:
    """One attribute; ``key`` names it in the sandbox's row."""

    name: str
    kind: str
    key: str
    default: bool


@dataclass(frozen=True)
class Link:
    """One link to a row (or, with ``many``, rows) of the type ``target``."""

    name: str
    target: str
    key: str
    many: bool
    default: bool


@dataclass(frozen=True)
class Resource:
    """A REST resource: its attributes and links by name."""

    name: str
    attributes: dict[str, Attribute]
    links: dict[str, Link]

    @property
    def id_key(self) -> str:
        """Return the row's key that holds the id."""
        return self.attributes["id"].key


def _resource(name: str, attributes: str, links: str = "") -> Resource:
    own, tied = {}, {}
    for word in attributes.split():
        part = _WORD.fullmatch(word)
        kind = part["kind"] or ("id" if part["name"] == "id" else "text")
        if kind not in KINDS:
            raise ValueError(f"{name}: unknown kind in {word!r}")
        key = part["key"] or part["name"]
        own[part["name"]] = Attribute(part["name"], kind, key, not part["extra"])
    for word in links.split():
        part = _WORD.fullmatch(word)
        key = part["key"] or part["name"]
        many, default = bool(part["many"]), not part["extra"]
        tied[part["name"]] = Link(part["name"], part["target"], key, many, default)
    return Resource(name, own, tied)


_ADDRESS = (
    "{0}AddressLine1={1} {0}AddressLine2 {0}City={2} {0}StateProvince={3} "
    "{0}County {0}PostCode={4} "
)
_PHONES = " ".join(
    f"phone{n}{part}"
    for n in (1, 2, 3, 4)
    for part in ("Label", "Country", "Area", "Number", "Notes")
)

_TABLE = (
    _resource(
        "bills",
        "id=bill_id status ourReference=number theirReference=their_reference "
        "currency invoiceDate:date=bill_date dueDate:date=due_date "
        "totalInclusive:money=total_inclusive totalExclusive:money=total_exclusive "
        "totalSalesTax:money=total_tax totalPaid:money=total_paid "
        "totalDue:money=total_due createdTimestamp:timestamp=created_at "
        "modifiedTimestamp:timestamp=modified_at "
        "deletedTimestamp:timestamp=deleted_at",
        "division>divisions=division_id action>actions*=matter_ids "
        "theirParticipant>participants=client_id",
    ),
    _resource(
        "actions",
        "id=matter_id name reference priority:integer status "
        "statusTimestamp:timestamp=modified_at isBillableOverride "
        "createdTimestamp:bare=modified_at modifiedTimestamp:timestamp=modified_at "
        "isDeleted:flag deletedBy deletedTimestamp:timestamp isFavorite:flag "
        "overrideBillingStatus lastAccessTimestamp:timestamp "
        "importExternalReference amlReviewStatus bannerText",
        "assignedTo>participants=assigned_to_id division>divisions=division_id "
        "actionType>actiontypes primaryParticipants>participants*=client_ids "
        "step>steps billSettings>actionbillsettings=matter_id "
        "relatedActions>actions*",
    ),
    _resource(
        "participants",
        "id=participant_id displayName=display_name displayInitials "
        "isCompany:flag=is_company companyName=company_name salutation "
        "firstName=first_name middleName lastName=last_name suffix preferredName "
        + _ADDRESS.format("physical", "address", "city", "state", "post_code")
        + _ADDRESS.format("mailing", "address", "city", "state", "post_code")
        + _PHONES.replace("phone1Number", "phone1Number=phone")
        + " fax sms email website occupation taxNumber birthTimestamp:date "
        "deathTimestamp:date maritalStatus gender "
        "createdTimestamp:timestamp=created_at "
        "modifiedTimestamp:timestamp=modified_at debtorStatementSendEmail:flag "
        "debtorStatementUsePrimaryEmail:flag debtorStatementEmail "
        "importExternalReference",
        "physicalCountry>countries=country mailingCountry>countries=country "
        "division>divisions=division_id",
    ),
    _resource(
        "users",
        "id isCurrent:flag emailAddress isActive:flag hasAuthority:flag",
        "+defaultRate>rates +division>divisions +participant>participants +role>roles",
    ),
    _resource(
        "accounts",
        "id=account_id +accountNumber=number +name +active:flag +header:flag "
        "+cashflowSection +actionEntriesOnly:flag=matter_only "
        "+preferenceOrder:integer +naturalAllocationType",
        "+accountType>accounttypes=type_id +currency>currencies "
        "+taxcode>taxcodes=tax_code_id +incomeAccount>accounts=income_account_id "
        "+parentAccount>accounts=parent_id",
    ),
    _resource(
        "accounttypes",
        "id=type_id +name +primarySectionOrder:integer",
        "+primarySection>accountprimarysections "
        "+incomeStatementSection>accountincomesections",
    ),
    _resource(
        "accountprimarysections",
        "id +name +sortOrder:integer +reportingName +creditIncreasesBalance:flag",
    ),
    _resource("accountincomesections", "id +name +displayName +sortOrder:integer"),
    _resource(
        "taxcodes",
        "id=tax_code_id +code +description +percentage:decimal +sortOrder:integer "
        "+collectedMemo +paidMemo +effectiveFrom:date +effectiveTo:date "
        "+externalInput +externalOutput",
        "+nextGstCode>taxcodes +previousGstCode>taxcodes",
    ),
    _resource(
        "divisions",
        "id=division_id timezoneName=timezone timezoneOffset:integer isActive:flag "
        "+taxMonths:integer +taxAccountingMethod +lockoutTimestamp:date "
        "+openingBalanceTimestamp:date +emailSignature +invoiceAccountingMethod "
        "+cashAccountingAllocation +invoiceAccountingAllocation "
        "+trustLockoutTimestamp:date",
        "+participant>participants=participant_id +parent>divisions",
    ),
    _resource("currencies", "id +name +symbol"),
    _resource("units", "id +symbol +nameSingular +namePlural +description +category"),
    _resource(
        "billingpreferences",
        "id +name +amountsIncludeTax:flag +taskOrder:integer "
        "+disbursementOrder:integer",
        "+disbursementTaxcode>taxcodes +disbursementIncomeAccount>accounts "
        "+taskTaxcode>taxcodes +taskIncomeAmount>accounts",
    ),
    _resource(
        "actiontypes",
        "id name description isBillable:flag isDisabled:flag "
        "allowCloseWithOpenInvoice:flag",
        "primaryParticipantType>participanttypes",
    ),
    _resource(
        "actionparticipants",
        "id participantNumber:integer",
        "action>actions participantType>participanttypes participant>participants",
    ),
    _resource(
        "actionbillsettings",
        "id billType sendToEmailAddress quotedAmountIncludes quotedAmount:money "
        "isBillable:flag isUtbmsEnabled:flag utbmsTaskCategoryCode "
        "defaultTimeEntryBehavior salesTaxAppliesTo discountType "
        "discountAmount:money isSalesTaxEnabled:flag",
        "defaultRate>rates currency>currencies salesTaxRate>taxcodes",
    ),
    _resource(
        "disbursements",
        "id date:date description quantity:decimal unitPrice:money "
        "unitPriceIncludesTax:flag utbmsExpenseCode importExternalReference "
        "enteredTimestamp:timestamp isAnticipated:flag",
        "action>actions enteredByParticipant>participants uom>units "
        "taxCode>taxcodes incomeAccount>accounts",
    ),
    _resource(
        "timeentries",
        "id timestampDate:date description actualHours:decimal "
        "billableHours:decimal createdTimestamp:timestamp startTime timerStatus "
        "timerStartedClientTimestamp:timestamp timerDurationSeconds:integer "
        "billingBehavior rateUnitPrice:money rateSource billableAmountType "
        "billableAmount:money isBillable:flag importExternalReference",
        "task>tasks quickCode>quickcodes createdBy>participants owner>participants "
        "action>actions rate>rates utbmsActivityCode>utbmscodes "
        "utbmsTaskCode>utbmscodes utbmsTimekeeperCode>utbmscodes "
        "phoneRecord>phonerecords",
    ),
)

RESOURCES: dict[str, Resource] = {resource.name: resource for resource in _TABLE}
