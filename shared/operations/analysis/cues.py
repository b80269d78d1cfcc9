"""What is said as the cues of WebVTT and SubRip files: they fit a screen and can be read in their time. Pure."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.operations.findings import Segment
from shared.operations.moment import format_clock

# What television and the large streaming services print:
# https://partnerhelp.netflixstudios.com/hc/en-us/articles/215758617
LINES, LINE_CELLS = 2, 42
SHORTEST, LONGEST = 1.0, 7.0  # seconds that a cue stays, where there is room
CLOSINGS = ".?!…。？！،,;:；：、"  # noqa: RUF001 - they are the marks of other scripts


@dataclass(frozen=True)
class Cue:
    """What stands on the screen from `start` to `end`, in seconds: one line or two, by a line break."""

    start: float
    end: float
    text: str


def count_cells(text: str) -> int:
    """Return the width of a text in cells: a wide sign, as of Chinese, takes two, an accent none."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text
    )


def make_cues(segments: Sequence[Segment]) -> tuple[Cue, ...]:
    """Return the cues for what is said, by time: a segment that is too long for one is told in several, in turn.

    No two are there at once, and none is empty.
    """
    parts = [part for segment in sorted(segments, key=lambda one: one.start) for part in _parts(segment)]
    found: list[Cue] = []
    for number, part in enumerate(parts):
        start = max(part.start, found[-1].end if found else 0)
        after = parts[number + 1].start if number + 1 < len(parts) else float("inf")
        end = min(max(part.end, start + SHORTEST), start + LONGEST, max(after, start))
        if round(end - start, 3) > 0:
            found.append(Cue(start, end, part.text))
        elif number + 1 < len(parts):  # said at the same moment as the next: they share the time of that
            end = max(parts[number + 1].end, start + SHORTEST)
            found.append(Cue(start, min((start + end) / 2, start + LONGEST), part.text))
    return tuple(found)


def _parts(segment: Segment) -> Iterator[Cue]:
    """Yield a segment in pieces of a screen each; they share its time by their width."""
    screens = list(_screens(_plain(segment.text or "")))
    width = sum(map(count_cells, screens)) or 1
    start = segment.start
    for screen in screens:
        end = start + (segment.end - segment.start) * count_cells(screen) / width
        yield Cue(start, end, screen)
        start = end


def _plain(text: str) -> str:
    """Return the text on one line, without signs that are none to read."""
    spaced = "".join(" " if unicodedata.category(sign) in {"Cc", "Zl", "Zp"} else sign for sign in text)
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
    """Return what fits on a line, up to a space if there is one, at best behind a mark late in it; and the rest."""
    if count_cells(text) <= LINE_CELLS:
        return text, ""
    fits = next(count for count in range(LINE_CELLS, -1, -1) if count_cells(text[:count]) <= LINE_CELLS)
    spaces = [index for index in range(1, fits + 1) if text[index] == " "]
    marks = [index for index in spaces if text[index - 1] in CLOSINGS and index > fits // 2]
    at = (marks or spaces or [fits])[-1]
    return text[:at].rstrip(), text[at:].lstrip()


def write_webvtt(cues: Sequence[Cue]) -> str:
    """Return a WebVTT file."""
    # Of the markup that a cue may hold, and its arrow, nothing is left unescaped.
    escaped = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
    blocks = [f"{_times(cue)}\n{cue.text.translate(escaped)}" for cue in cues]
    return "\n\n".join(["WEBVTT", *blocks]) + "\n"


def write_subrip(cues: Sequence[Cue]) -> str:
    """Return a SubRip (.srt) file."""
    blocks = [
        f"{number}\n{_times(cue).replace('.', ',')}\n{cue.text.replace('-->', '→')}"
        for number, cue in enumerate(cues, 1)
    ]
    return "\n\n".join(blocks) + "\n" if blocks else ""


def _times(cue: Cue) -> str:
    return f"{format_clock(cue.start)} --> {format_clock(cue.end)}"
