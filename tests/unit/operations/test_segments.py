"""Segments together."""

from shared.operations.findings import Segment
from shared.operations.segments import fit_segments, join_segments, round_segments


def segment(start: float, end: float, text: str = "a", confidence: float = 0.5) -> Segment:
    return Segment(start=start, end=end, label="TEXT", confidence=confidence, text=text)


def same_text(one: Segment, other: Segment) -> bool:
    return one.text == other.text


def test_what_touches_and_is_alike_is_one_and_as_sure_as_the_surer() -> None:
    made = join_segments([segment(0, 1), segment(0, 1, "b"), segment(1, 2, "a", 0.9), segment(2, 3)], same_text)

    assert made == (segment(0, 3, "a", 0.9), segment(0, 1, "b"))


def test_what_comes_again_later_is_another() -> None:
    assert len(join_segments([segment(0, 1), segment(1.5, 2)], same_text)) == 2


def test_the_text_of_the_surer_reading_stays() -> None:
    made = join_segments([segment(0, 1, "Bunny", 0.9), segment(1, 2, "Bvnny", 0.6)], lambda *_: True)

    assert made == (segment(0, 2, "Bunny", 0.9),)


def test_a_result_takes_so_many_segments_and_so_many_bytes() -> None:
    many = [segment(number, number + 1) for number in range(400)]
    long = [segment(number, number + 1, "ä" * 1000) for number in range(100)]

    assert len(fit_segments(many)) == 300
    assert 20 <= len(fit_segments(long)) <= 28
    assert fit_segments(many[:5]) == tuple(many[:5])


def test_times_are_rounded_to_milliseconds() -> None:
    assert round_segments([segment(0.12345, 1.98765, confidence=0.55555)]) == (segment(0.123, 1.988, confidence=0.556),)


def test_a_day_of_segments_that_are_all_different_is_joined_in_a_moment() -> None:
    asked = 0

    def never(_one: Segment, _other: Segment) -> bool:
        nonlocal asked
        asked += 1
        return False

    many = [segment(number, number + 1, str(number)) for number in range(20_000)]

    assert len(join_segments(many, never)) == 20_000
    assert asked < 2 * len(many)
