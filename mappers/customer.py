"""A client of Actionstep as a QuickBooks customer."""

from __future__ import annotations

import re
from typing import Any

from ..documents import Participant
from .names import name_part, one_line

# Lengths: developer.intuit.com, reference of Customer and PhysicalAddress. Where the
# reference and older schemas differ, the shorter one is taken.
NAME_LENGTH = 100
EMAIL_LENGTH = 100
PHONE_LENGTH = 30
ADDRESS_LINES = 5
ADDRESS_LINE_LENGTH = 500
PLACE_LENGTH = 255
POSTCODE_LENGTH = 30

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
