"""A client of Actionstep as a QuickBooks customer, and a matter as a sub-customer.

Name and contact data follow Actionstep only for customers that we created, which their
notes tell. A customer that was there before and is linked stays as the bookkeeper has
it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..documents import Matter, Participant
from .common import text
from .names import (
    contains_reference,
    display_name,
    distinct_name,
    name_part,
    one_line,
)

# Lengths: developer.intuit.com, reference of Customer and PhysicalAddress. Where the
# reference and older schemas differ, the shorter one is taken.
NAME_LENGTH = 100
EMAIL_LENGTH = 100
PHONE_LENGTH = 30
ADDRESS_LINES = 5
ADDRESS_LINE_LENGTH = 500
PLACE_LENGTH = 255
POSTCODE_LENGTH = 30

# What every marker of ours in a customer's notes begins with.
_MARKERS = ("Actionstep participant", "Actionstep matter")
_ADDRESS_KEYS = (
    *(f"Line{number}" for number in range(1, ADDRESS_LINES + 1)),
    *("City", "CountrySubDivisionCode", "PostalCode", "Country"),
)

# One plain address; QuickBooks refuses (2210) what has no @ and no point after it.
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(\.[\w-]+)+", re.ASCII)


def map_customer(
    participant: Participant, name: str, currency: str = ""
) -> dict[str, Any]:
    """Return the payload that creates the customer of a client.

    :param name: the DisplayName that was chosen, see :mod:`.names`
    :param currency: of its documents, for a company with multicurrency: a customer has
        one for life, the home currency unless said
    :return: only keys that have a value; what QuickBooks would refuse is left out
    """
    payload = {
        "DisplayName": name,
        **_person_or_company(participant),
        "PrimaryEmailAddr": _wrapped("Address", _email(participant.email)),
        "PrimaryPhone": _wrapped("FreeFormNumber", _phone(participant.phone)),
        "BillAddr": _address(participant),
        "Notes": customer_reference(participant.participant_id),
        "CurrencyRef": _wrapped("value", currency),
    }
    return _filled(payload)


def map_sub_customer(
    matter: Matter,
    participant: Participant,
    parent_id: str,
    name: str,
    currency: str = "",
) -> dict[str, Any]:
    """Return the payload that creates a matter below the customer of its client.

    It repeats the client's contact data: a document takes its address, on which
    automated sales tax depends, from its own customer.

    :param parent_id: QuickBooks id of the client's customer
    :param name: the DisplayName that was chosen, see :func:`.names.matter_name`; the
        client's is put before it by QuickBooks (FullyQualifiedName ``Parent:Child``)
    :param currency: that of the client's customer, for a company with multicurrency
    """
    return {
        **map_customer(participant, name, currency),
        "ParentRef": {"value": parent_id},
        "Job": True,
        "BillWithParent": True,
        "Notes": matter_reference(matter.matter_id, participant.participant_id),
    }


def map_customer_update(
    participant: Participant, row: Mapping[str, Any], name: str = ""
) -> dict[str, Any]:
    """Return the sparse update after which the customer is as the client is now.

    Holds what differs and nothing else; what Actionstep does not have stays as it is.
    An addition that made the name distinct stays, too.

    :param row: the Customer object as QuickBooks has it now
    :param name: another DisplayName, when the client's own is taken
    :return: empty when the customer is not ours, is inactive, or is as it should be
    """
    participant_id = participant.participant_id
    if not is_our_customer(participant_id, row):
        return {}
    plain = display_name(participant.display_name, participant_id)
    known = (plain, distinct_name(plain, participant_id), name)
    wanted = row["DisplayName"] if row.get("DisplayName") in known else name or plain
    return _update(participant, row, wanted)


def map_sub_customer_update(
    matter: Matter, participant: Participant, row: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the sparse update after which a matter has its client's contact data.

    Its name stays. Empty as that of :func:`map_customer_update`.
    """
    reference = matter_reference(matter.matter_id, participant.participant_id)
    if not contains_reference(text(row.get("Notes")), reference):
        return {}
    return _update(participant, row, text(row.get("DisplayName")))


def _update(
    participant: Participant, row: Mapping[str, Any], name: str
) -> dict[str, Any]:
    """Return what differs of name and contact data; nothing of an inactive customer."""
    values = map_customer(participant, name)
    values.pop("Notes")
    if not row.get("Active", True):
        return {}
    changed = {key: one for key, one in values.items() if _differs(one, row.get(key))}
    if not changed:
        return {}
    return {
        "Id": text(row.get("Id")),
        "SyncToken": text(row.get("SyncToken")),
        "sparse": True,
        **changed,
    }


def _differs(ours: Any, theirs: Any) -> bool:
    """Compare a value; of an address only what we may have written into it."""
    if not isinstance(ours, dict):
        return ours != text(theirs)
    theirs = {key: text((theirs or {}).get(key)) for key in {*ours, *_ADDRESS_KEYS}}
    return ours != _filled(theirs)


def is_our_customer(participant_id: str, row: Mapping[str, Any]) -> bool:
    """Tell whether we created this customer for this client."""
    notes = text(row.get("Notes"))
    return contains_reference(notes, customer_reference(participant_id))


def is_made_for_another(reference: str, row: Mapping[str, Any]) -> bool:
    """Tell whether we created this customer, but for another client or matter.

    :param reference: our marker of the client or matter
    """
    notes = text(row.get("Notes"))
    is_made = any(contains_reference(notes, marker) for marker in _MARKERS)
    return is_made and not contains_reference(notes, reference)


def matter_reference(matter_id: str, participant_id: str) -> str:
    """Return our marker in a sub-customer's notes."""
    return f"Actionstep matter {matter_id} of participant {participant_id}"


def customer_reference(participant_id: str) -> str:
    """Return our marker in the customer's notes, by which we know our customer."""
    return f"Actionstep participant {participant_id}"


def _person_or_company(participant: Participant) -> dict[str, str]:
    if participant.is_company:
        return {"CompanyName": name_part(participant.display_name, NAME_LENGTH)}
    return {
        "GivenName": name_part(participant.first_name, NAME_LENGTH),
        "FamilyName": name_part(participant.last_name, NAME_LENGTH),
    }


def _email(text: str) -> str:
    """Return the address when it looks valid, else nothing."""
    email = text.strip()
    is_valid = len(email) <= EMAIL_LENGTH and _EMAIL.fullmatch(email)
    return email if is_valid else ""


def _phone(text: str) -> str:
    """Return the number; one that is too long is left out, cut it would be wrong."""
    phone = one_line(text, len(text))
    return phone if len(phone) <= PHONE_LENGTH else ""


def _address(participant: Participant) -> dict[str, str]:
    """Return the postal address; lines beyond the fifth go into the fifth."""
    lines = [one_line(line, len(line)) for line in participant.address_lines]
    lines = [line for line in lines if line]
    last = ADDRESS_LINES - 1
    if len(lines) > ADDRESS_LINES:
        lines[last:] = [", ".join(lines[last:])]
    address = {
        f"Line{position}": one_line(line, ADDRESS_LINE_LENGTH)
        for position, line in enumerate(lines, 1)
    }
    address["City"] = one_line(participant.city, PLACE_LENGTH)
    address["CountrySubDivisionCode"] = one_line(participant.state, PLACE_LENGTH)
    address["PostalCode"] = one_line(participant.postcode, POSTCODE_LENGTH)
    address["Country"] = one_line(participant.country, PLACE_LENGTH)
    return _filled(address)


def _wrapped(key: str, value: str) -> dict[str, str]:
    return {key: value} if value else {}


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value}
