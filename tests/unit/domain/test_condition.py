"""Conditions of subtasks: their syntax, their meaning, and the messages about invalid ones."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.condition import ResultField, condition_fields, condition_subtasks, is_met, parse_condition

FOUND: dict[str, dict[str, Any]] = {
    "moderate": {"suggestion": "PASS", "score": 0.25, "text": 'it\'s "so"'},
    "look-1": {"score": 80, "damaged": False, "hasAudio": True, "loudness": None},
}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("moderate.suggestion == 'PASS'", True),
        ('moderate.suggestion == "PASS"', True),
        ("moderate.suggestion != 'PASS'", False),
        ("moderate.suggestion == 'pass'", False),
        ("look-1.score >= 80", True),
        ("look-1.score > 80", False),
        ("look-1.score<=80.0", True),
        ("look-1.score < -3", False),
        ("look-1.hasAudio", True),
        ("look-1.damaged", False),
        ("not look-1.damaged", True),
        ("look-1.damaged == false", True),
        ("look-1.loudness == null", True),
        ("look-1.loudness != null", False),
        ("look-1.loudness < 3", False),
        ("look-1.nothingOfThatName == null", True),
        ("missing.nothing == null", True),
        # Values of different types are not equal and have no order.
        ("look-1.hasAudio == 1", False),
        ("look-1.hasAudio > 0", False),
        ("look-1.score == '80'", False),
        ("look-1.score != '80'", True),
        ("moderate.suggestion > 3", False),
        # `and` binds more than `or`, `not` most.
        ("look-1.hasAudio or look-1.damaged and look-1.damaged", True),
        ("(look-1.hasAudio or look-1.damaged) and look-1.damaged", False),
        ("not look-1.damaged and look-1.hasAudio", True),
        ("not (look-1.damaged and look-1.hasAudio) and not not look-1.hasAudio", True),
        (" moderate.score < 0.5 and ( look-1.score >= 80 )  ", True),
    ],
)
def test_a_condition_means_what_it_says(condition: str, expected: bool) -> None:  # noqa: FBT001 - a case's answer
    assert is_met(parse_condition(condition), FOUND) is expected


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "moderate",
        "moderate.",
        ".suggestion",
        "moderate.suggestion ==",
        "moderate.suggestion == PASS",
        "'PASS' == moderate.suggestion",
        "moderate.suggestion = 'PASS'",
        "moderate.suggestion == 'PASS",
        "moderate.score + 1 > 2",
        "moderate.score > 1 2",
        "moderate.score and",
        "(moderate.score > 1",
        "moderate.score > 1)",
        "moderate.a.b == 1",
        "moderate.suggestion == 'it\\'s'",
        "__import__('os').system('true')",
        "moderate.score if true else moderate.score",
        "not",
        "moderate.score > 1e3",
        "moderate.score andlook-1.score",
        "(" * 21 + "a.b" + ")" * 21,
        "not " * 21 + "a.b",
    ],
)
def test_an_invalid_condition_is_refused_with_the_position(condition: str) -> None:
    with pytest.raises(ValueError, match=r"isn't valid at|nests deeper"):
        parse_condition(condition)


def test_an_error_shows_the_position_and_what_is_expected_there() -> None:
    with pytest.raises(ValueError, match="isn't valid at 'PASS': expected a value: a number"):
        parse_condition("moderate.suggestion == PASS")


def test_a_condition_lists_what_it_asks_about() -> None:
    condition = parse_condition("b.x == 1 and not (a.y or b.z > 2)")

    assert list(condition_fields(condition)) == [ResultField("b", "x"), ResultField("a", "y"), ResultField("b", "z")]
    assert condition_subtasks(condition) == ("b", "a")


@given(st.text(max_size=60))
def test_no_text_does_anything_but_parse_or_be_refused(text: str) -> None:
    assert is_met_or_not(text) in {True, False, None}


@given(st.lists(st.sampled_from([*"()<>=!'. ", "and", "or", "not", "a.b", "1", "null", "'x'"]), max_size=12))
def test_no_order_of_words_does_anything_but_parse_or_be_refused(words: list[str]) -> None:
    assert is_met_or_not(" ".join(words)) in {True, False, None}


def is_met_or_not(text: str) -> bool | None:
    """Return whether a condition is met; None if it isn't valid."""
    try:
        return is_met(parse_condition(text), FOUND)
    except ValueError:
        return None
