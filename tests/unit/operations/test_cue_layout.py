"""Caption cues fit the screen, can be read in their time, and contain all that was said."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.operations.analysis.cue_layout import LINE_CELLS, LINES, LONGEST, SHORTEST, count_cells, make_cues
from shared.operations.captions import to_subrip, to_webvtt
from shared.operations.findings import Segment


def said(start: float, end: float, text: str) -> Segment:
    return Segment(start=start, end=end, label="SPEECH", confidence=1, text=text)


WORDS = st.text(st.characters(codec="utf-8", categories=["L", "M", "N", "P", "S"]), min_size=1, max_size=60)
SEGMENTS = st.lists(
    st.builds(
        lambda start, length, words: said(start, start + length, " ".join(words)),
        st.floats(0, 3600).map(lambda value: round(value, 3)),
        st.floats(0, 30).map(lambda value: round(value, 3)),
        st.lists(WORDS, max_size=30),
    ),
    max_size=12,
)


@given(SEGMENTS)
def test_any_speech_fits_two_lines_and_cues_do_not_overlap(segments: list[Segment]) -> None:
    cues = make_cues(segments)

    lines = [cue.text.split("\n") for cue in cues]
    assert all(1 <= len(each) <= LINES for each in lines)
    assert all(line.strip() for each in lines for line in each)
    assert all(count_cells(line) <= LINE_CELLS for each in lines for line in each)
    assert all(0 < round(cue.end - cue.start, 3) <= LONGEST for cue in cues)
    assert all(before.end <= after.start + 1e-9 for before, after in pairwise(cues))


@given(SEGMENTS)
def test_nothing_that_is_said_is_lost(segments: list[Segment]) -> None:
    ordered = sorted(segments, key=lambda segment: segment.start)

    shown = "".join("".join(cue.text.split()) for cue in make_cues(segments))

    assert shown == "".join("".join((segment.text or "").split()) for segment in ordered)


@given(SEGMENTS)
def test_a_file_contains_as_many_cues_as_there_are(segments: list[Segment]) -> None:
    cues = make_cues(segments)

    assert len(re.findall(r"^[\d:.]+ --> [\d:.]+$", to_webvtt(cues), re.MULTILINE)) == len(cues)
    assert len(re.findall(r"^[\d:,]+ --> [\d:,]+$", to_subrip(cues), re.MULTILINE)) == len(cues)


def test_the_parts_of_a_long_sentence_are_shown_in_turn_in_the_time_that_it_took() -> None:
    text = (
        "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness"
    )

    cues = make_cues([said(10, 18, text)])

    assert [cue.text for cue in cues] == [
        "It was the best of times,\nit was the worst of times,",
        "it was the age of wisdom,\nit was the age of foolishness",
    ]
    assert cues[0].start == 10
    assert cues[0].end == cues[1].start == pytest.approx(14, abs=0.5)
    assert cues[1].end == pytest.approx(18)


def test_a_short_cue_stays_for_a_second_but_never_into_the_next() -> None:
    cues = make_cues([said(1, 1.2, "No."), said(1.5, 1.6, "Yes."), said(9, 9.1, "Well.")])

    assert [(cue.start, cue.end) for cue in cues] == [(1, 1.5), (1.5, 1.5 + SHORTEST), (9, 9 + SHORTEST)]


def test_characters_of_two_cells_fill_a_line_twice_as_fast() -> None:
    (first, _) = make_cues([said(0, 9, "国" * 60)])

    assert first.text == "国" * 21 + "\n" + "国" * 21


def test_without_speech_the_files_have_no_cue() -> None:
    assert to_webvtt(make_cues([])) == "WEBVTT\n"
    assert to_subrip(make_cues([])) == ""
