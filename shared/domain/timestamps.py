"""Times as the API writes and reads them: ISO 8601 outside, epoch milliseconds inside."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime.fromtimestamp(0, UTC)


def iso_timestamp(at: int) -> str:
    """Return epoch milliseconds as ISO 8601 in UTC, with milliseconds."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch_milliseconds(at: datetime) -> int:
    """Return a time in epoch milliseconds; one without a time zone is UTC."""
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - EPOCH) // timedelta(milliseconds=1)
