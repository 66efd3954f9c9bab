"""Time as QBO writes it: Pacific time with its offset."""

from __future__ import annotations

from datetime import date, datetime, timezone

from dateutil import zoneinfo

# The zone file that comes with dateutil: the same on every machine.
PACIFIC = zoneinfo.get_zonefile_instance().get("America/Los_Angeles")


def now() -> datetime:
    """Return the present in Pacific time."""
    return datetime.now(timezone.utc).astimezone(PACIFIC)


def today() -> date:
    """Return the server's date, the default of TxnDate."""
    return now().date()


def stamp(moment: datetime | None = None) -> str:
    """Return ``2020-09-29T05:58:16-07:00``, as in MetaData."""
    return (moment or now()).isoformat(timespec="seconds")


def envelope_time() -> str:
    """Return ``2020-09-29T05:58:16.187-07:00``, as in the envelope of an answer."""
    return now().isoformat(timespec="milliseconds")


def parse_moment(text: str) -> datetime:
    """Read a date or date and time; without an offset it is Pacific time.

    Raises ValueError.
    """
    moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=PACIFIC)
