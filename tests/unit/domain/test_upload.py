"""The identity of an uploaded object, the order of writes, and the history of a key without versions."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain.ids import time_prefix
from shared.domain.upload import (
    CLOCKS_MS,
    MAX_LISTED,
    REFUSALS,
    KeyHistory,
    ListedObject,
    Upload,
    UploadDecision,
    Verdict,
)

AT = 1_750_000_000_000
NOW = AT + 10 * CLOCKS_MS
HEX = st.text("0123456789ABCDEFabcdef", min_size=1, max_size=40)


def told(sequencer: str = "0A", **changes: Any) -> Upload:  # noqa: ANN401
    """Return a write as its event describes it."""
    return replace(Upload("plain", "a.mp4", 5, "etag", AT, sequencer=sequencer), **changes)


def seen(**changes: Any) -> Upload:  # noqa: ANN401
    """Return an object as a listing shows it."""
    return told("", **changes)


def after(*uploads: Upload) -> KeyHistory:
    """Return what is known once all these were heard of, in that order."""
    history = KeyHistory()
    for upload in uploads:
        history = history.after(history.with_known_name(upload), NOW)
    return history


@given(HEX, HEX)
@example("0A", "0A00")
@example("0A", "0A01")
@example("9", "0A")
@example("55ED00", "0055ED")
def test_sequencers_are_in_order_as_s3_says(one: str, other: str) -> None:
    length = max(len(one), len(other))
    first, second = (int(text.ljust(length, "0"), 16) for text in (one, other))

    assert (told(one).order < told(other).order) == (first < second)
    assert (told(one).order == told(other).order) == (first == second)


@pytest.mark.parametrize(
    "changes",
    [
        {"bucket": "other"},
        {"key": "b.mp4"},
        {"sequencer": "0B"},
        {"version_id": "v1"},
        {"tenant": "other"},
        {"sequencer": ""},
        {"alias": "x"},
    ],
)
def test_another_object_has_another_identity(changes: dict[str, Any]) -> None:
    other = replace(told(), **changes)

    assert other.identity() != told().identity()
    assert other.identity("a") != told().identity("a")


def test_each_orchestration_has_its_own_identity_of_an_object() -> None:
    assert len({told().identity(name) for name in ("", "a", "b")}) == 3


def test_a_version_is_the_same_object_for_every_reporter_and_clock() -> None:
    event = told(version_id="v1")
    listed = replace(event, sequencer="", at=AT - 5000)

    assert listed.identity("a") == event.identity("a")
    assert listed.is_of("v1", "other")
    assert not listed.is_of("v2", "etag")
    assert not listed.is_of(None, "etag")


def test_two_writes_of_the_same_content_differ_by_their_sequencers_or_times() -> None:
    assert told("0B").identity() != told("0A").identity()
    assert seen(at=AT + 1).identity() != seen().identity()


def test_the_id_of_a_verdict_sorts_by_the_time_of_its_upload() -> None:
    decision = UploadDecision(told(), Verdict.MATCHED, "", "web", "task")

    assert decision.id.startswith(time_prefix(AT))
    assert decision.id == replace(decision, verdict=Verdict.SUPERSEDED, task_id=None).id


@pytest.mark.parametrize("verdict", Verdict)
def test_an_orchestration_that_only_came_closest_took_nothing(verdict: Verdict) -> None:
    decision = UploadDecision(told(), verdict, "", "web")

    assert decision.accepted_by == ("" if verdict in REFUSALS else "web")


def test_the_history_of_an_unreported_key_is_empty() -> None:
    for upload in (told(), seen()):
        assert KeyHistory().with_known_name(upload) == upload
        assert not KeyHistory().supersedes(upload)


def test_an_earlier_write_is_superseded_and_the_same_or_a_later_one_is_not() -> None:
    history = after(told("0B"))

    assert history.supersedes(told("0A"))
    assert not history.supersedes(told("0B"))
    assert not history.supersedes(told("0B0"))
    assert not history.supersedes(told("0C"))
    assert not history.supersedes(seen())


def test_a_late_event_changes_nothing_that_is_known() -> None:
    history = after(told("0B"))

    assert history.after(history.with_known_name(told("0A")), NOW) == history
    assert history.after(history.with_known_name(told("0B", at=AT - 123)), NOW) == history


def test_an_object_that_an_event_reported_is_the_same_when_a_listing_shows_it() -> None:
    history = after(told())

    named = history.with_known_name(seen(at=AT - 300_000))  # the upload of a large object began earlier

    assert named.identity() == told().identity()
    assert history.after(named, NOW) == history


@pytest.mark.parametrize("changes", [{"e_tag": "other"}, {"at": AT + CLOCKS_MS + 1}])
def test_a_listing_shows_another_object_than_an_event_reported(changes: dict[str, Any]) -> None:
    history = after(told())
    other = seen(**changes)

    assert history.with_known_name(other) == other
    assert history.after(other, NOW) == KeyHistory(told(), (ListedObject(other.name, other.e_tag, NOW),))


def test_what_a_listing_showed_is_the_same_when_its_event_comes() -> None:
    history = after(seen())

    named = history.with_known_name(told(at=AT + 5000))

    assert named.identity() == seen().identity()
    assert history.after(named, NOW).notified == named


@pytest.mark.parametrize("changes", [{"e_tag": "other"}, {"at": NOW + CLOCKS_MS + 1000}])
def test_an_event_reports_another_write_than_a_listing_showed(changes: dict[str, Any]) -> None:
    other = told(**changes)

    assert after(seen()).with_known_name(other) == other


def test_an_event_keeps_the_name_that_it_got_first_however_often_it_comes() -> None:
    before, late, later = seen(), told("0A"), told("0B", e_tag="other")

    assert after(before, late, late).with_known_name(late).identity() == before.identity()
    assert after(late, seen(at=AT + 2 * CLOCKS_MS)).with_known_name(late).identity() == late.identity()
    assert after(before, late, later).with_known_name(late).identity() == before.identity()


def test_a_listed_object_is_still_known_when_an_earlier_write_is_reported_late() -> None:
    newest = seen(e_tag="new", at=AT + 1000)

    history = after(newest, told("0A"))

    assert history.with_known_name(told("0B", e_tag="new", at=AT + 1000)).identity() == newest.identity()


def test_what_a_listing_shows_again_has_the_name_that_it_had() -> None:
    assert after(seen()).with_known_name(seen()).identity() == seen().identity()
    assert after(seen(), told()).with_known_name(seen()).identity() == seen().identity()


def test_each_of_several_objects_that_listings_showed_is_the_same_when_its_event_comes() -> None:
    history = KeyHistory()
    objects = [seen(e_tag=e_tag, at=AT + n) for n, e_tag in enumerate(["a", "b", "a", "c"])]
    for number, one in enumerate(objects):
        history = history.after(one, NOW + number * 1000)

    events = [replace(one, sequencer=f"A{n}", at=NOW + n * 1000 - 5) for n, one in enumerate(objects)]

    assert [history.with_known_name(event).name for event in events] == [one.name for one in objects]
    assert history.with_known_name(replace(events[2], at=NOW + 2005)).name == objects[2].name
    assert history.after(history.with_known_name(objects[0]), NOW).listed[-1] == ListedObject(objects[0].name, "a", NOW)


def test_the_number_of_remembered_objects_without_an_event_is_limited() -> None:
    history = after(*(seen(e_tag=f"{number}") for number in range(MAX_LISTED + 5)))

    assert [one.e_tag for one in history.listed] == [f"{number}" for number in range(5, MAX_LISTED + 5)]
