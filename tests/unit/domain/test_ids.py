"""IDs that sort by time: the same for the same event, and bounds of any span of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.ids import (
    CROCKFORD,
    ID_LENGTH,
    TIME_LENGTH,
    base32,
    id_before,
    id_range,
    is_sortable_id,
    number_of,
    sortable_id,
    time_prefix,
)

NOW = 1_750_000_000_000
TIMES = st.integers(0, 2**48 - 1)
IDS = st.builds(sortable_id, TIMES, st.binary())


@given(TIMES, st.binary(), st.binary())
def test_the_same_event_gives_the_same_id_and_another_one_another(at: int, one: bytes, other: bytes) -> None:
    assert (sortable_id(at, one) == sortable_id(at, other)) is (one == other)


@given(TIMES, TIMES, st.binary())
def test_ids_sort_by_time_and_contain_it(one: int, other: int, identity: bytes) -> None:
    identifiers = sortable_id(one, identity), sortable_id(other, identity)

    assert [identifier[:TIME_LENGTH] for identifier in identifiers] == [time_prefix(one), time_prefix(other)]
    assert (time_prefix(one) == time_prefix(other)) is (one == other)
    assert (identifiers[0] < identifiers[1]) is (one < other)
    assert all(len(i) == ID_LENGTH and set(i) <= set(CROCKFORD) for i in identifiers)


@given(st.integers(0, 2**50 - 1))
def test_base_32_loses_no_bit(value: int) -> None:
    assert number_of(base32(value, 10)) == value


@given(IDS, IDS)
def test_between_an_id_and_the_one_before_it_there_is_none(one: str, other: str) -> None:
    assert number_of(id_before(one)) == number_of(one) - 1
    assert (other <= id_before(one)) is (other < one)


@given(TIMES, TIMES, TIMES, st.binary())
def test_a_range_contains_just_the_ids_between_its_times(at: int, after: int, before: int, identity: bytes) -> None:
    low, high = id_range("", after, before)

    assert (low <= sortable_id(at, identity) <= high) is (after <= at <= before)


@given(IDS, IDS, st.integers(0, ID_LENGTH))
def test_a_range_of_a_prefix_contains_just_the_ids_with_that_prefix(one: str, other: str, length: int) -> None:
    low, high = id_range(other[:length], None, None)

    assert (low <= one <= high) is one.startswith(other[:length])


def test_a_range_keeps_to_a_beginning_and_to_times_at_once() -> None:
    prefix = time_prefix(NOW)[:6]

    low, high = id_range(prefix, NOW, NOW + 1)

    assert low == time_prefix(NOW) + "0" * 16
    assert high == time_prefix(NOW + 1) + "Z" * 16
    assert id_range(prefix, None, NOW)[0] == prefix.ljust(ID_LENGTH, "0")


def test_a_time_before_the_epoch_is_the_epoch() -> None:
    assert id_range("", -5, None)[0] == "0" * ID_LENGTH
    assert id_range("", None, -5)[1] == time_prefix(0) + "Z" * 16


@pytest.mark.parametrize(
    ("text", "good"),
    [
        (sortable_id(NOW, b"a"), True),
        ("0" * 26, True),
        ("0" * 25, False),
        ("0" * 27, False),
        ("0" * 25 + "U", False),
        ("0" * 25 + "a", False),
        ("é" * 26, False),
        ("", False),
        (None, False),
        (["0"] * 26, False),
    ],
)
def test_an_id_is_recognized_by_its_length_and_its_characters(text: object, *, good: bool) -> None:
    assert is_sortable_id(text) is good
