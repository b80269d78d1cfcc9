"""Sentences out of single words."""

from itertools import pairwise

import pytest

from shared.operations.analysis import speech
from shared.operations.analysis.cue_layout import count_cells
from shared.operations.analysis.speech import SCREEN, Word, split_sentences


def heard(text: str, *, pause_before: str = "", pause: float = 2.0) -> list[Word]:
    """Return the words of a text, a quarter of a second each; one of them after a pause."""
    words, now = [], 0.0
    for word in text.split():
        now += pause if word == pause_before else 0
        words.append(Word(now, now + 0.25, f" {word}", 0.9))
        now += 0.25
    return words


def test_a_sentence_ends_with_its_mark_and_not_with_an_abbreviation() -> None:
    made = split_sentences(heard("And Mr. Dashwood had leisure. He was young! Was he? Yes"))

    assert [segment.text for segment in made] == ["And Mr. Dashwood had leisure.", "He was young!", "Was he?", "Yes"]


def test_a_sentence_lasts_from_its_first_word_to_its_last() -> None:
    made = split_sentences(heard("One two. Three four five."), "en")

    assert [(segment.start, segment.end) for segment in made] == [(0, 0.5), (0.5, 1.25)]
    assert {(segment.label, segment.language, segment.confidence) for segment in made} == {("SPEECH", "en", 0.9)}


def test_after_a_pause_something_new_begins() -> None:
    made = split_sentences(heard("so it goes on and on", pause_before="and"))

    assert [segment.text for segment in made] == ["so it goes on", "and on"]


def test_a_long_sentence_is_parted_behind_a_comma_where_there_is_one_and_fits_the_screen() -> None:
    text = "of all the things that he had ever seen in his long life, this one was without any doubt " * 3

    made = split_sentences(heard(text))

    parts = [segment.text or "" for segment in made]
    assert parts[0] == "of all the things that he had ever seen in his long life,"
    assert all(count_cells(part) <= SCREEN for part in parts)
    assert " ".join(parts) == text.strip()
    assert all(before.end <= after.start for before, after in pairwise(made))


def test_a_word_that_fills_more_than_a_screen_stands_alone() -> None:
    made = split_sentences(heard(f"a {'b' * 200} c"))

    assert [segment.text for segment in made] == ["a", "b" * 200, "c"]


def test_slow_speech_is_cut_into_parts_that_are_read_in_time() -> None:
    words = [Word(2.0 * n, 2.0 * n + 2, f" word{n}", 0.9) for n in range(50)]

    made = split_sentences(words)

    assert " ".join(segment.text or "" for segment in made) == "".join(word.text for word in words).strip()
    assert {segment.end - segment.start for segment in made} <= {2, 4, 6}
    assert len(made) == 17


def test_without_speech_there_are_no_sentences() -> None:
    assert split_sentences([]) == ()
    assert split_sentences([Word(0, 1, " ", 0.5)]) == ()


def test_hours_of_speech_without_a_mark_are_divided_in_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = 0

    def count(text: str) -> int:
        nonlocal counted
        counted += len(text)
        return count_cells(text)

    monkeypatch.setattr(speech, "count_cells", count)
    words = [Word(number / 4, number / 4 + 0.25, " word", 1) for number in range(20_000)]

    parts = split_sentences(words)

    assert sum(len((part.text or "").split()) for part in parts) == len(words)
    assert counted < 1000 * len(words)
