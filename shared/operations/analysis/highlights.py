"""Highlights: the parts with the most motion and the loudest audio. A heuristic: quiet moments may matter. Pure."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from statistics import fmean

from shared.operations.analysis.survey import SILENCE, Survey
from shared.operations.findings import Segment

LABEL = "HIGHLIGHT"
STEP = 1  # second
MOST_OF = 0.95  # full marks begin above this share of all seconds, so that a single bang isn't the measure


def find_highlights(survey: Survey, most: int, length: float) -> tuple[Segment, ...]:
    """Return the best parts of that length, by time, without overlap; none if the video isn't longer than one.

    `confidence` is the amount of motion and loudness, from 0 to 1 relative to the rest of this video.
    """
    if survey.end <= length or not survey.looks:
        return ()
    scores = _scores(survey)
    width = max(1, round(length / STEP))
    ranked = sorted(
        ((fmean(scores[first : first + width]), first) for first in range(max(1, len(scores) - width + 1))),
        key=lambda pair: (-pair[0], pair[1]),
    )
    taken: list[tuple[float, int]] = []
    for score, first in ranked:
        if len(taken) == most:
            break
        if all(abs(first - other) >= width for _, other in taken):
            taken.append((score, first))
    return tuple(
        Segment(
            start=min(first * STEP, survey.end - length),
            end=min(first * STEP + length, survey.end),
            label=LABEL,
            confidence=score,
        )
        for score, first in sorted(taken, key=lambda pair: pair[1])
    )


def _scores(survey: Survey) -> list[float]:
    """Return the score of each second, 0 to 1."""
    seconds = math.ceil(survey.end / STEP)
    cuts = [shot.start for shot in survey.shots]
    # A difference caused by a cut isn't motion.
    moves = (
        (look.time, look.motion)
        for before, look in zip(survey.looks, survey.looks[1:], strict=False)
        if bisect_right(cuts, before.time) == bisect_right(cuts, look.time)
    )
    motion = _of_most(_by_second(moves, seconds))
    if not survey.heard:
        return motion
    audio = _of_most(_by_second(((heard.time, heard.loudness - SILENCE) for heard in survey.heard), seconds))
    return [(moved + loudness) / 2 for moved, loudness in zip(motion, audio, strict=True)]


def _by_second(values: Iterable[tuple[float, float]], seconds: int) -> list[float]:
    """Return the mean of the values in each second, 0 if there are none."""
    found: list[list[float]] = [[] for _ in range(seconds)]
    for time, value in values:
        if 0 <= time < seconds * STEP:
            found[int(time / STEP)].append(value)
    return [fmean(values) if values else 0.0 for values in found]


def _of_most(values: Sequence[float]) -> list[float]:
    """Scale the values from 0, at the lowest, to 1, at a value that only few exceed."""
    low, high = min(values), sorted(values)[math.ceil(MOST_OF * (len(values) - 1))]
    return [min((value - low) / (high - low), 1.0) if high > low else 0.0 for value in values]
