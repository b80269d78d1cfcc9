"""Words to look for in what is said or shown: in any case, as whole words, in any script. Pure."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, StringConstraints

from shared.operations.findings import Segment

# Scripts that write words without a space between them (or, as Korean, endings right behind them): there a word is
# found wherever it stands. Han, kana, Hangul, Thai, Lao, Myanmar, Khmer, by their blocks.
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u312f\u3130-\u318f\u31c0-\u9fff\ua960-\ua97f"
    "\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]"
)


class FoundWord(Segment):
    """A word that was looked for: `label` is the word, `text` is where it stands, `where` what that is."""

    where: Literal["TEXT", "SPEECH"]


def fold_text(text: str) -> str:
    """Return the text as it is compared: one form of each sign, no case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


def _word(text: str) -> str:
    if not any(unicodedata.category(sign)[0] in "LNS" for sign in fold_text(text)):
        message = f"{text!r} is no word: it has neither letter nor digit"
        raise ValueError(message)
    return text


Word = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_word)]


def find_words(
    words: Sequence[str], segments: Sequence[Segment], where: Literal["TEXT", "SPEECH"]
) -> tuple[FoundWord, ...]:
    """Return each place where a word stands, by time. Speech is one text: a phrase may end in a later segment.

    A line in the video stands for itself.
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
    """Whether a word with `edge` at its edge may end before the sign next to it, which may be none."""
    return not neighbor or bool(UNSPACED.match(edge)) or not (_of_a_word(edge) and _of_a_word(neighbor))


def _is_mark(sign: str) -> bool:
    """Whether a sign, which may be none, is an accent or a vowel that belongs to the letter before."""
    return bool(sign) and unicodedata.category(sign)[0] == "M"


def _of_a_word(sign: str) -> bool:
    return sign == "_" or unicodedata.category(sign)[0] in "LNM"
