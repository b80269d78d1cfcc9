"""WebVTT and SubRip: what is written can be read again, and a part of a file keeps its cues on its own clock."""

from pathlib import Path

import pytest

from shared.operations.captions import (
    Cue,
    cut_webvtt,
    format_cue_time,
    is_webvtt,
    parse_cue_time,
    to_subrip,
    to_webvtt,
)

CUES = [Cue(1, 3, "one"), Cue(3, 5, "two\nlines"), Cue(7, 9, "three")]


def test_webvtt_takes_no_markup_from_what_is_said() -> None:
    text = to_webvtt([Cue(3723.5, 3725, "a <b> & --> c")])

    assert text == "WEBVTT\n\n01:02:03.500 --> 01:02:05.000\na &lt;b&gt; &amp; --&gt; c\n"


def test_subrip_counts_its_cues_and_has_commas() -> None:
    assert to_subrip([Cue(0, 1, "a"), Cue(1, 2.25, "b\nc")]) == (
        "1\n00:00:00,000 --> 00:00:01,000\na\n\n2\n00:00:01,000 --> 00:00:02,250\nb\nc\n"
    )


@pytest.mark.parametrize("seconds", [0, 0.001, 59.999, 60, 3599.999, 3723.5, 360_000])
def test_a_time_is_read_as_it_was_written(seconds: float) -> None:
    assert parse_cue_time(format_cue_time(seconds)) == pytest.approx(seconds)


def test_hours_may_be_omitted() -> None:
    assert parse_cue_time("02:03.500") == 123.5


@pytest.mark.parametrize(
    ("start", "duration", "expected"),
    [
        (0, None, CUES),
        (2, 4, [Cue(0, 1, "one"), Cue(1, 3, "two\nlines")]),
        (4, None, [Cue(0, 1, "two\nlines"), Cue(3, 5, "three")]),
        (5, 2, []),
    ],
)
def test_a_part_keeps_its_cues_on_its_own_clock(
    tmp_path: Path, start: float, duration: float | None, expected: list[Cue]
) -> None:
    source, target = tmp_path / "whole.vtt", tmp_path / "part.vtt"
    source.write_text(to_webvtt(CUES))

    found = cut_webvtt(source, target, start=start, duration=duration)

    assert found == bool(expected)
    assert target.read_text().strip() == to_webvtt(expected).strip()


@pytest.mark.parametrize(("head", "expected"), [(b"WEBVTT\n", True), (b"\xef\xbb\xbfWEBVTT", True), (b"1\n00:", False)])
def test_webvtt_is_known_by_its_first_bytes(tmp_path: Path, head: bytes, *, expected: bool) -> None:
    path = tmp_path / "subtitles.vtt"
    path.write_bytes(head)

    assert is_webvtt(path) is expected
