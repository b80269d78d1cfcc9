"""Times as a person types them: a date, a date and time, or an age."""

import re
from datetime import UTC, datetime, timedelta

import typer

AGO = re.compile(r"(\d+)\s*([smhdw])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def point_in_time(text: str) -> str:
    """Return a typed time in the API's format; a time without a zone is local."""
    try:
        if ago := AGO.fullmatch(text.strip().lower()):
            at = datetime.now(UTC) - timedelta(**{UNITS[ago[2]]: int(ago[1])})
        else:
            at = datetime.fromisoformat(text.strip())
        in_utc = at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(
            f"{text!r} is not a valid time; use 2026-01-31, 2026-01-31T12:00 or 12h (12 hours ago)"
        ) from error
    return in_utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")
