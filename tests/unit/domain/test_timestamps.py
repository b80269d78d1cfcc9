"""Times as the API writes and reads them."""

from datetime import UTC, datetime

import pytest

from shared.domain.timestamps import epoch_milliseconds, iso_timestamp


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2025-06-15T15:06:40.123Z", 1_750_000_000_123),
        ("2025-06-15T15:06:40Z", 1_750_000_000_000),
        ("2025-06-15T17:06:40.123+02:00", 1_750_000_000_123),
        ("1970-01-01T00:00:00.001Z", 1),
        ("2038-01-19T03:14:07.999Z", 2**31 * 1000 - 1),
    ],
)
def test_a_time_is_read_to_the_millisecond(text: str, at: int) -> None:
    assert epoch_milliseconds(datetime.fromisoformat(text)) == at


@pytest.mark.parametrize("at", [0, 1, 1_001, 1_750_000_000_123, 2**31 * 1000 - 1])
def test_a_time_survives_the_way_out_and_back(at: int) -> None:
    assert epoch_milliseconds(datetime.fromisoformat(iso_timestamp(at))) == at


def test_a_time_without_a_zone_is_utc() -> None:
    naive = datetime(2026, 11, 24, 20, tzinfo=UTC).replace(tzinfo=None)

    assert iso_timestamp(epoch_milliseconds(naive)) == "2026-11-24T20:00:00.000Z"
