"""Where samples are taken, and what each stands for."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import MediaRejected
from shared.operations.analysis.sampling import choose_moments
from shared.operations.analysis.shots import SHORTEST, Shot, split_at_cuts

SHOTS = st.lists(st.floats(SHORTEST, 500), min_size=1, max_size=40).map(
    lambda lengths: split_at_cuts([sum(lengths[:count]) for count in range(1, len(lengths))], sum(lengths))
)


@given(SHOTS, st.floats(0.5, 20), st.integers(1, 200))
def test_stretches_fill_the_shots_without_a_gap_and_contain_their_moment(
    shots: tuple[Shot, ...], every: float, most: int
) -> None:
    found = choose_moments(shots, every=every, most=most)

    assert 1 <= len(found) <= most
    assert found[0].start == 0
    assert found[-1].end == pytest.approx(shots[-1].end)
    assert all(before.end == pytest.approx(after.start) for before, after in pairwise(found))
    assert all(moment.start <= moment.time <= moment.end for moment in found)


@given(SHOTS, st.floats(0.5, 20))
def test_with_room_for_all_each_shot_is_looked_at_and_no_stretch_is_longer_than_asked(
    shots: tuple[Shot, ...], every: float
) -> None:
    found = choose_moments(shots, every=every, most=10**6)

    assert all(any(shot.start < moment.time < shot.end for moment in found) for shot in shots)
    assert all(moment.end - moment.start <= every + 1e-6 for moment in found)


def test_a_moment_lies_in_the_middle_away_from_the_cuts() -> None:
    found = choose_moments((Shot(0, 3), Shot(3, 4)), every=2, most=10)

    assert [(moment.start, moment.time, moment.end) for moment in found] == [
        (0, 0.75, 1.5),
        (1.5, 2.25, 3),
        (3, 3.5, 4),
    ]


def test_a_flash_is_not_a_shot() -> None:
    assert split_at_cuts([2.0, 2.2, 5.0, 9.9], 10.0) == (Shot(0, 2), Shot(2, 5), Shot(5, 10))


def test_a_video_that_never_was_has_no_shots() -> None:
    with pytest.raises(MediaRejected):
        split_at_cuts([], 0)
