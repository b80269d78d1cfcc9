"""Chapters: neighboring shots with similar colors. Pure.

A heuristic that doesn't understand the content: two talks in one room are one chapter, a flashback is another.
"""

from bisect import bisect_left
from collections.abc import Sequence

from shared.operations.analysis.shots import Shot
from shared.operations.analysis.survey import Look, mean_colors
from shared.operations.findings import Segment

LABEL = "CHAPTER"
REMEMBERED = 4  # Shots: in a dialogue, the video alternates between the speakers.
UNLIKE = 24.0  # of 255: the colors of two shots at different places differ by this much


def find_chapters(shots: Sequence[Shot], looks: Sequence[Look], shortest: float) -> tuple[Segment, ...]:
    """Return the chapters from the first shot to the last; each lasts at least `shortest` seconds, if the video does.

    `confidence` is how clearly the colors change at the beginning of the chapter.
    """
    times = [look.time for look in looks]
    colors = [_colors(looks[bisect_left(times, shot.start) : bisect_left(times, shot.end)]) for shot in shots]
    chapters = [(shots[0].start, 1.0)]
    recent: list[tuple[float, ...]] = []
    for shot, seen in zip(shots, colors, strict=True):
        change = min((_distance(seen, other) for other in recent), default=0.0)
        long_enough = shot.start - chapters[-1][0] >= shortest and shots[-1].end - shot.start >= shortest
        if change >= UNLIKE and long_enough:
            chapters.append((shot.start, min(change / (2 * UNLIKE), 1)))
            recent = []
        recent = [*recent, seen][-REMEMBERED:] if seen else recent
    ends = [*(start for start, _ in chapters[1:]), shots[-1].end]
    return tuple(
        Segment(start=start, end=end, label=LABEL, confidence=sure)
        for (start, sure), end in zip(chapters, ends, strict=True)
    )


def _colors(looks: Sequence[Look]) -> tuple[float, ...]:
    return mean_colors(looks) if looks else ()


def _distance(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the mean difference of two frames' colors, 0 to 255; 0 if one of them has none."""
    return sum(abs(a - b) for a, b in zip(one, other, strict=False)) / max(len(one), 1)
