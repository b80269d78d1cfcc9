"""Sentences made from single recognized words. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from shared.operations.analysis.cue_layout import LINE_CELLS, LINES, count_cells
from shared.operations.findings import Segment

LABEL = "SPEECH"
PAUSE = 0.8  # Seconds of silence that end a sentence.
MAX_SECONDS = 7.0  # for reading a subtitle: https://partnerhelp.netflixstudios.com/hc/en-us/articles/215758617
SCREEN = LINES * LINE_CELLS - LINE_CELLS // 4  # this width can always be broken into two lines
ENDS, CLAUSE_ENDS = ".?!…。？！؟।", ",;:–、，；："  # noqa: RUF001 - they are the marks of other scripts
QUOTES = "\"'”’»)]"  # noqa: RUF001 - the same
# Abbreviations after which a sentence continues.
ABBREVIATIONS = frozenset({"mr.", "mrs.", "ms.", "dr.", "prof.", "st.", "jr.", "sr.", "vs.", "no.", "e.g.", "i.e."})


@dataclass(frozen=True)
class Word:
    """A recognized word with its leading space and trailing punctuation; times in seconds."""

    start: float
    end: float
    text: str
    confidence: float


def split_sentences(words: Sequence[Word], language: str | None = None) -> tuple[Segment, ...]:
    """Join the words into segments: up to a pause, the end of a sentence, or the size of two subtitle lines."""
    return tuple(
        Segment(
            start=part[0].start,
            end=max(part[-1].end, part[0].start),
            label=LABEL,
            confidence=round(min(max(fmean(word.confidence for word in part), 0), 1), 4),
            text=_text(part),
            language=language,
        )
        for sentence in _sentences(words)
        for part in _screens(sentence)
        if _text(part)
    )


def _text(words: Sequence[Word]) -> str:
    return "".join(word.text for word in words).strip()


def _sentences(words: Sequence[Word]) -> Iterator[list[Word]]:
    sentence: list[Word] = []
    for word in words:
        if sentence and (word.start - sentence[-1].end > PAUSE or _ends_sentence(sentence[-1])):
            yield sentence
            sentence = []
        sentence.append(word)
    if sentence:
        yield sentence


def _ends_sentence(word: Word) -> bool:
    text = word.text.strip().rstrip(QUOTES)
    return bool(text) and text[-1] in ENDS and text.lower() not in ABBREVIATIONS


def _screens(sentence: list[Word]) -> Iterator[list[Word]]:
    """Yield a sentence in parts that fit a screen, cut after a comma in their second half if there is one.

    The time is linear in the words, because speech without any punctuation is one sentence, of hours perhaps.
    """
    start = 0
    while start < len(sentence):
        count = _count_fitting(sentence, start)
        if start + count < len(sentence):
            count = next(
                (end for end in range(count, count // 2, -1) if _ends_clause(sentence[start + end - 1])), count
            )
        yield sentence[start : start + count]
        start += count


def _count_fitting(words: list[Word], start: int) -> int:
    """Return how many of the words from `start` on fit a screen: one at least."""
    count, text = 1, ""
    for place in range(start, len(words)):
        text += words[place].text
        if count_cells(text.strip()) > SCREEN or words[place].end - words[start].start > MAX_SECONDS:
            break
        count = place - start + 1
    return count


def _ends_clause(word: Word) -> bool:
    return word.text.strip().rstrip(QUOTES)[-1:] in tuple(CLAUSE_ENDS)
