"""The score of an inspection: 100 less what each fault costs, with its reasons."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from shared.operations.inspection.score import RATES, Grounds, compute_score, score_unreadable


def test_a_file_without_fault_has_all_points_and_no_reason() -> None:
    assert compute_score(Grounds(duration=10, seconds={})) == (100, ())


@pytest.mark.parametrize("label", RATES)
def test_every_kind_of_stretch_takes_points_and_says_how_long_it_lasts(label: str) -> None:
    points, (reason,) = compute_score(Grounds(duration=10, seconds={label: 1}))

    assert points == round(100 - reason.points) < 100
    assert (reason.label, reason.seconds) == (label, 1)
    assert reason.text.startswith("1.0 of 10.0 s")


@pytest.mark.parametrize("label", RATES)
def test_more_of_a_fault_never_costs_less_and_ends_at_its_most(label: str) -> None:
    points = [compute_score(Grounds(duration=10, seconds={label: seconds}))[1][0].points for seconds in (0.2, 1, 5, 10)]

    assert points == sorted(points)
    assert points[-1] <= RATES[label].most


def test_the_gravest_reason_stands_first() -> None:
    _, reasons = compute_score(Grounds(duration=10, seconds={"SILENT": 1, "DAMAGED": 3, "BLACK": 1}))

    assert [reason.label for reason in reasons] == ["DAMAGED", "BLACK", "SILENT"]


def test_a_stretch_in_a_file_that_lasts_no_time_costs_the_most() -> None:
    _, (reason,) = compute_score(Grounds(duration=0, seconds={"BLACK": 0.5}))

    assert reason.points == RATES["BLACK"].most


@pytest.mark.parametrize(("vmaf", "expected"), [(100, 0), (93, 0), (83, 8), (43, 40)])
def test_what_is_unlike_its_source_loses_by_how_much(vmaf: float, expected: float) -> None:
    _, reasons = compute_score(Grounds(duration=10, seconds={}, vmaf=vmaf))

    assert sum(reason.points for reason in reasons) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("lag", "expected", "said"),
    [(0.1, 0, ""), (-0.1, 0, ""), (0.35, 18, "later"), (-0.35, 18, "earlier"), (5, 40, "later")],
)
def test_audio_out_of_sync_costs_from_where_people_notice(lag: float, expected: float, said: str) -> None:
    _, reasons = compute_score(Grounds(duration=10, seconds={}, lag=lag))

    assert sum(reason.points for reason in reasons) == pytest.approx(expected)
    assert all(said in reason.text for reason in reasons)


def test_what_is_combed_or_has_lost_its_audio_says_so() -> None:
    points, reasons = compute_score(Grounds(duration=10, seconds={}, combed=True, lost=("audio",)))

    assert points == 42
    assert [reason.label for reason in reasons] == ["LOST", "INTERLACED"]


def test_a_file_that_can_not_be_played_has_no_points() -> None:
    points, (reason,) = score_unreadable()

    assert (points, reason.points, reason.label) == (0, 100, "UNREADABLE")


@given(
    some.dictionaries(some.sampled_from(sorted(RATES)), some.floats(0, 1e5)),
    some.floats(0, 1e5),
    some.none() | some.floats(0, 100),
    some.none() | some.floats(-9, 9),
)
def test_a_score_is_between_0_and_100_and_its_reasons_account_for_it(
    seconds: dict[str, float], duration: float, vmaf: float | None, lag: float | None
) -> None:
    points, reasons = compute_score(Grounds(duration=duration, seconds=seconds, vmaf=vmaf, lag=lag))

    assert points == max(round(100 - sum(reason.points for reason in reasons)), 0)
    assert all(reason.points > 0 for reason in reasons)
