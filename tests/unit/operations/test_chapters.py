"""Chapters, highlights and covers, computed from a survey of the video."""

from dataclasses import replace
from typing import Any

import pytest

from shared.operations.analysis import chapters, cover, highlights
from shared.operations.analysis.shots import Shot, split_at_cuts
from shared.operations.analysis.survey import THUMB_BYTES, Look, LoudnessAt, Survey

RED, GREEN, BLUE = (bytes([*color] * (THUMB_BYTES // 3)) for color in ((200, 0, 0), (0, 200, 0), (0, 0, 200)))


def look(time: float, colors: bytes = RED, **flaws: Any) -> Look:  # noqa: ANN401 - any field of it
    """Return a look at a video that is as it should be, but for its flaws."""
    return replace(Look(time, brightness=120, contrast=120, motion=1, blur=3, colors=colors), **flaws)


def film(*colors: bytes, seconds: int = 10) -> tuple[tuple[Shot, ...], list[Look]]:
    """Return a film of shots of one color each, and a look at every second of it."""
    shots = split_at_cuts([seconds * number for number in range(1, len(colors))], seconds * len(colors))
    return shots, [look(second, colors[second // seconds]) for second in range(seconds * len(colors))]


def starts(*colors: bytes, shortest: float = 5) -> list[float]:
    shots, looks = film(*colors)
    return [chapter.start for chapter in chapters.find_chapters(shots, looks, shortest)]


def test_a_chapter_begins_where_the_colors_change_for_good() -> None:
    assert starts(RED, RED, GREEN, GREEN, BLUE) == [0, 20, 40]


def test_to_and_fro_between_two_speakers_is_one_chapter() -> None:
    assert starts(RED, GREEN, RED, GREEN, RED, GREEN, shortest=15) == [0]


def test_no_chapter_is_shorter_than_asked_not_even_the_last() -> None:
    assert starts(RED, GREEN, BLUE, BLUE, BLUE, RED, shortest=20) == [0, 20]


def test_chapters_fill_the_film() -> None:
    shots, looks = film(RED, GREEN, BLUE)

    found = chapters.find_chapters(shots, looks, 5)

    assert [(chapter.start, chapter.end) for chapter in found] == [(0, 10), (10, 20), (20, 30)]
    assert all(0 < chapter.confidence <= 1 for chapter in found)


def test_a_shot_that_was_never_looked_at_begins_no_chapter() -> None:
    shots, looks = film(RED, GREEN, RED)

    assert len(chapters.find_chapters(shots, [one for one in looks if not 10 <= one.time < 20], 5)) == 1


def survey(moving: range, loud: range, seconds: int = 60) -> Survey:
    return Survey(
        shots=(Shot(0, seconds),),
        looks=tuple(look(second, motion=20 if second in moving else 1) for second in range(seconds)),
        heard=tuple(LoudnessAt(second + 0.5, -10 if second in loud else -50) for second in range(seconds)),
    )


def test_highlights_are_where_it_moves_and_where_it_is_loud_and_do_not_overlap() -> None:
    found = highlights.find_highlights(survey(range(10, 15), range(40, 45)), 2, 5)

    assert [(one.start, one.end) for one in found] == [(10, 15), (40, 45)]


def test_both_together_are_more_than_either() -> None:
    (best,) = highlights.find_highlights(survey(range(10, 35), range(30, 50)), 1, 5)

    assert (best.start, best.confidence) == (30, 1)


def test_without_audio_what_moves_is_enough() -> None:
    silent = Survey((Shot(0, 60),), survey(range(20, 30), range(0)).looks, ())

    assert [one.start for one in highlights.find_highlights(silent, 1, 10)] == [20]


def test_a_cut_is_not_movement() -> None:
    looks = tuple(
        look(second, motion=90 if second == 30 else 2 if second in range(50, 55) else 1) for second in range(60)
    )

    (best,) = highlights.find_highlights(Survey((Shot(0, 29.9), Shot(29.9, 60)), looks, ()), 1, 5)

    assert best.start == 50


@pytest.mark.parametrize("length", [60, 120])
def test_of_a_film_that_is_no_longer_than_a_highlight_there_is_none(length: float) -> None:
    assert highlights.find_highlights(survey(range(10), range(10)), 3, length) == ()


@pytest.mark.parametrize(
    "flaw", [{"brightness": 17}, {"brightness": 230}, {"contrast": 10}, {"blur": 15}, {"blur": None}, {"motion": 40}]
)
def test_a_flaw_makes_a_worse_cover(flaw: dict[str, Any]) -> None:
    good = look(0)

    assert cover.score_look(good) > cover.score_look(look(0, **flaw)) + 0.1


@pytest.mark.parametrize("flaw", [{"brightness": 17}, {"brightness": 230}, {"contrast": 10}, {"blur": None}])
def test_a_frame_with_a_flaw_gets_a_low_score(flaw: dict[str, Any]) -> None:
    assert cover.score_look(look(0, **flaw)) < 0.15


def test_of_the_same_videos_the_cover_is_taken_away_from_cuts() -> None:
    found = cover.choose_cover([look(number / 4) for number in range(16)], (Shot(0, 2), Shot(2, 4)))

    assert found is not None
    assert min(abs(found[0].time - cut) for cut in (0, 2, 4)) >= 0.4


def test_where_nothing_was_seen_there_is_no_cover() -> None:
    assert cover.choose_cover([], (Shot(0, 2),)) is None
