"""Words to search for in speech and text: in any case, as whole words, in any script. Pure."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, StringConstraints

from shared.operations.findings import Segment

# Scripts without spaces between words (or, as Korean, with endings attached): there, a word is found anywhere. Han,
# kana, Hangul, Thai, Lao, Myanmar, Khmer, by their blocks.
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u312f\u3130-\u318f\u31c0-\u9fff\ua960-\ua97f"
    "\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]"
)


class FoundWord(Segment):
    """A word that was found: `label` is the word, `text` its context, `where` the kind of the context."""

    where: Literal["TEXT", "SPEECH"]


def fold_text(text: str) -> str:
    """Return the text in the form for comparisons: one form of each character, no case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


def _word(text: str) -> str:
    if not any(unicodedata.category(char)[0] in "LNS" for char in fold_text(text)):
        message = f"{text!r} is not a word: give at least one letter or digit"
        raise ValueError(message)
    return text


Word = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_word)]


def find_words(
    words: Sequence[str], segments: Sequence[Segment], where: Literal["TEXT", "SPEECH"]
) -> tuple[FoundWord, ...]:
    """Return each place with one of the words, by time. Speech is one text: a phrase may end in a later segment.

    A line of text in the video is separate from the others.
    """
    groups = [segments] if where == "SPEECH" else [[segment] for segment in segments]
    places = [place for group in groups for word in words for place in _in_text(word, group, where)]
    return tuple(sorted(places, key=lambda place: (place.start, place.end)))


def _in_text(word: str, segments: Sequence[Segment], where: Literal["TEXT", "SPEECH"]) -> Iterator[FoundWord]:
    texts = [fold_text(segment.text or "") for segment in segments]
    starts = [0]
    for text in texts:
        starts.append(starts[-1] + len(text) + 1)
    for start, end in _occurrences(fold_text(word), " ".join(texts)):
        over = segments[bisect_right(starts, start) - 1 : bisect_right(starts, end - 1)]
        yield FoundWord(
            start=over[0].start,
            end=over[-1].end,
            label=word,
            confidence=min(segment.confidence for segment in over),
            text=" ".join(segment.text or "" for segment in over),
            where=where,
        )


def _occurrences(word: str, text: str) -> Iterator[tuple[int, int]]:
    start = text.find(word)
    while start >= 0:
        end = start + len(word)
        before, after = text[max(start - 1, 0) : start], text[end : end + 1]
        if _parted(before, word[0]) and _parted(after, word[-1]) and not _is_mark(after):
            yield start, end
        start = text.find(word, start + 1)


def _parted(neighbor: str, edge: str) -> bool:
    """Whether a word that ends with `edge` may end before the next character, which may be empty."""
    return not neighbor or bool(UNSPACED.match(edge)) or not (_of_a_word(edge) and _of_a_word(neighbor))


def _is_mark(char: str) -> bool:
    """Whether a character, which may be empty, is an accent or vowel char of the character before."""
    return bool(char) and unicodedata.category(char)[0] == "M"


def _of_a_word(char: str) -> bool:
    return char == "_" or unicodedata.category(char)[0] in "LNM"
