"""Speech laid out as caption cues that fit a screen and can be read in their time. Pure."""

import unicodedata
from collections.abc import Iterator, Sequence

from shared.operations.captions import Cue
from shared.operations.findings import Segment

# The limits of television and of the large streaming services:
# https://partnerhelp.netflixstudios.com/hc/en-us/articles/215758617
LINES, LINE_CELLS = 2, 42
MOST_CHARACTERS = 10 * LINE_CELLS  # of a line, with accents: a longer text is cut without counting all its cells
SHORTEST, LONGEST = 1.0, 7.0  # seconds that a cue is shown, if there is room
CLOSINGS = ".?!…。？！،,;:；：、"  # noqa: RUF001 - punctuation of other scripts


def count_cells(text: str) -> int:
    """Return the width of a text in cells: a wide character, such as a Chinese one, takes two, an accent none."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def make_cues(segments: Sequence[Segment]) -> tuple[Cue, ...]:
    """Return the cues of the speech, by time; a segment that is too long for one cue becomes several.

    Cues don't overlap and aren't empty.
    """
    parts = [part for segment in sorted(segments, key=lambda one: one.start) for part in _parts(segment)]
    found: list[Cue] = []
    for number, part in enumerate(parts):
        start = max(part.start, found[-1].end if found else 0)
        after = parts[number + 1].start if number + 1 < len(parts) else float("inf")
        end = min(max(part.end, start + SHORTEST), start + LONGEST, max(after, start))
        if round(end - start, 3) > 0:
            found.append(Cue(start, end, part.text))
        elif number + 1 < len(parts):  # said at the same moment as the next: both share its time
            end = max(parts[number + 1].end, start + SHORTEST)
            found.append(Cue(start, min((start + end) / 2, start + LONGEST), part.text))
    return tuple(found)


def _parts(segment: Segment) -> Iterator[Cue]:
    """Yield a segment in pieces that fill one screen each and share its time in proportion to their width."""
    screens = list(_screens(_plain(segment.text or "")))
    width = sum(map(count_cells, screens)) or 1
    start = segment.start
    for screen in screens:
        end = start + (segment.end - segment.start) * count_cells(screen) / width
        yield Cue(start, end, screen)
        start = end


def _plain(text: str) -> str:
    """Return the text on one line, without control characters."""
    spaced = "".join(" " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char for char in text)
    return " ".join(spaced.split())


def _screens(text: str) -> Iterator[str]:
    """Yield the lines of each screen."""
    rest = text
    while rest:
        lines = []
        for _ in range(LINES):
            line, rest = _cut(rest)
            lines.append(line)
        yield "\n".join(line for line in lines if line)


def _cut(text: str) -> tuple[str, str]:
    """Return what fits on a line and the rest; break at a space, if possible after punctuation in the second half."""
    if len(text) <= MOST_CHARACTERS and count_cells(text) <= LINE_CELLS:
        return text, ""
    fits = next(count for count in range(LINE_CELLS, -1, -1) if count_cells(text[:count]) <= LINE_CELLS)
    spaces = [index for index in range(1, fits + 1) if text[index] == " "]
    marks = [index for index in spaces if text[index - 1] in CLOSINGS and index > fits // 2]
    at = (marks or spaces or [fits])[-1]
    return text[:at].rstrip(), text[at:].lstrip()
