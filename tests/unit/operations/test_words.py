"""Words to look for, in any script."""

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.operations.analysis.words import Word, find_words
from shared.operations.findings import Segment


def lines(*texts: str) -> list[Segment]:
    return [
        Segment(start=number, end=number + 1, label="TEXT", confidence=0.5 + number / 10, text=text)
        for number, text in enumerate(texts)
    ]


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("bunny", "Big Buck BUNNY!"),
        ("Big Buck", "big  buck bunny"),
        ("straße", "Die STRASSE ist lang"),
        ("café", "un cafe\u0301 noir"),
        ("C++", "written in C++, not C"),
        ("москва", "Москва — столица"),
        ("नमस्ते", "सब को नमस्ते।"),
        ("السلام", "قال السلام عليكم"),
        ("電影", "這是一部電影的開頭"),
        ("映画", "この映画は面白い"),
        ("서울", "서울에서 만나요"),
        ("หนัง", "ดูหนังด้วยกัน"),
        ("\uff46ull", "full width"),
        ("it's", "So IT'S over"),
    ],
)
def test_a_word_is_found_in_any_case_and_script(word: str, text: str) -> None:
    (place,) = find_words([word], lines(text), "TEXT")

    assert (place.label, place.text, place.where) == (word, text, "TEXT")


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("ass", "a classic glass"),
        ("bunny", "bunnyhop"),
        ("bunny", "big_bunny_2"),
        ("con", "cône"),
        ("cafe", "un cafe\u0301 noir"),
        ("नमस", "सब को नमस्ते।"),
        ("кот", "который час"),
        ("หน", "ดูหนังด้วยกัน"),
        ("7", "17 and 70"),
    ],
)
def test_a_part_of_a_word_is_not_the_word(word: str, text: str) -> None:
    assert find_words([word], lines(text), "TEXT") == ()


def test_every_place_counts_and_they_come_by_time() -> None:
    places = find_words(["two", "one"], lines("one and one", "two", "one"), "TEXT")

    assert [(place.start, place.label) for place in places] == [(0, "one"), (0, "one"), (1, "two"), (2, "one")]


def test_two_sentences_may_contain_a_phrase_together() -> None:
    said = lines("he had then leisure", "to consider how much", "there might be")

    (place,) = find_words(["leisure to consider how much there"], said, "SPEECH")

    assert (place.start, place.end) == (0, 3)
    assert place.text == "he had then leisure to consider how much there might be"
    assert place.confidence == 0.5


def test_two_lines_in_the_video_are_no_sentence() -> None:
    assert find_words(["leisure to"], lines("had leisure", "to consider"), "TEXT") == ()


@pytest.mark.parametrize("word", ["", " ", "...", "x" * 101, "\u0301"])
def test_an_invalid_word_is_refused(word: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Word).validate_python(word)
