"""The lag between two audio tracks, computed from synthetic levels."""

from random import Random

import pytest

from shared.operations.inspection.examination import AudioLevel
from shared.operations.inspection.lag import find_lag, sample_levels

CHANCE = Random(7)  # noqa: S311 - the same levels in each run
SPEECH = [CHANCE.choice((-60.0, -40.0, -20.0)) + CHANCE.random() for _ in range(300)]
OTHER = [CHANCE.choice((-60.0, -40.0, -20.0)) + CHANCE.random() for _ in range(300)]


@pytest.mark.parametrize("shift", [0, 3, 15])
def test_the_lag_of_an_audio_track_that_comes_later_or_earlier_is_measured(shift: int) -> None:
    later, earlier = find_lag(SPEECH, [-70.0] * shift + SPEECH), find_lag(SPEECH[: 300 - shift], SPEECH[shift:])

    assert (later.start, later.end) == pytest.approx((shift / 10, shift / 10), abs=0.02)
    assert earlier.start == pytest.approx(-shift / 10, abs=0.02)
    assert later.drift == pytest.approx(0, abs=0.03)


def test_an_audio_track_that_runs_slower_drifts() -> None:
    slower = SPEECH[:150] + [-50.0] * 5 + SPEECH[150:]

    found = find_lag(SPEECH, slower)

    assert found.start == pytest.approx(0, abs=0.02)
    assert found.drift == pytest.approx(0.5, abs=0.03)
    assert found.worst == found.end


@pytest.mark.parametrize("other", [OTHER, [-30.0] * 300, [-30.0] * 10, []])
def test_another_audio_or_an_even_or_a_short_one_gives_no_lag(other: list[float]) -> None:
    found = find_lag(SPEECH, other)

    assert (found.start, found.end, found.drift, found.worst) == (None, None, None, None)


def test_the_lag_at_the_beginning_is_reported_even_if_the_end_is_silent() -> None:
    found = find_lag(SPEECH[:100] + [-70.0] * 300, [-70.0] * 4 + SPEECH[:100] + [-70.0] * 296)

    assert found.start == pytest.approx(0.4, abs=0.02)
    assert found.end is None
    assert found.worst == found.start


def test_levels_begin_with_the_video_and_are_silent_where_there_is_no_audio() -> None:
    audio_levels = [AudioLevel(1.0, -20, 0, -20), AudioLevel(1.1, None, 0, -120), AudioLevel(1.3, -90, 0, -90)]

    assert sample_levels(audio_levels, 0.9) == [-70, -20, -70, -70, -70]
    assert sample_levels([], 0) == []
