"""Times: ISO 8601 where the API writes and reads them, epoch milliseconds inside; and the days of the budget."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime.fromtimestamp(0, UTC)


def iso_timestamp(at: int) -> str:
    """Return epoch milliseconds as ISO 8601 in UTC, with milliseconds."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch_milliseconds(at: datetime) -> int:
    """Return a time in epoch milliseconds; one without a time zone is UTC."""
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - EPOCH) // timedelta(milliseconds=1)


def day_of(now: int) -> datetime:
    """Return the start of the day in UTC that contains a time in epoch milliseconds."""
    return datetime.fromtimestamp(now / 1000, UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def day_after(now: int) -> int:
    """Return the start of the next day, in epoch milliseconds."""
    return int((day_of(now) + timedelta(days=1)).timestamp() * 1000)
