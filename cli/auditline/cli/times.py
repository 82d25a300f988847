"""Times as people write and read them; inside they are microseconds since the epoch, UTC."""

import re
from datetime import UTC, datetime, timedelta

_AGO = re.compile(r"(\d+)\s*(s|m|h|d|w)")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def parse_time(text: str, now: datetime) -> datetime:
    """*text* as a time: ISO 8601 (UTC unless it names a zone), or ``15m``, ``2h``, ``7d`` ago.

    Raises ValueError that says what is accepted.
    """
    if ago := _AGO.fullmatch(text.strip()):
        return now - timedelta(seconds=int(ago[1]) * _UNITS[ago[2]])
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(
            f"{text!r} is no time: write 2026-07-01, 2026-07-01T12:30:00+02:00, or 2h for two "
            "hours ago"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def from_micros(micros: int) -> datetime:
    """The time that is *micros* after the epoch, exactly."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)


def shown(micros: int) -> str:
    """A time for people: ISO 8601, UTC, to the millisecond."""
    return from_micros(micros).isoformat(sep=" ", timespec="milliseconds").removesuffix("+00:00")
