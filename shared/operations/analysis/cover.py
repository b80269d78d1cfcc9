"""The frame that represents a video: sharp, neither dark nor pale, rich in contrast, still, away from cuts. Pure."""

from bisect import bisect_right
from collections.abc import Sequence

from shared.operations.analysis.shots import Shot
from shared.operations.analysis.survey import Look

DARK, PALE = 40, 215  # mean brightness, of 16 to 235
FLAT = 40  # the contrast of a sky, a wall, or a fade
SHARP, BLURRED = 3.0, 12.0  # width of an edge in pixels, in a frame 320 wide
FULL_CONTRAST = 140.0
FAST = 20.0  # the change of a pixel's brightness in a quarter of a second
AWAY = 0.4  # Seconds from a cut, or a fifth of the shot if that is less: closer frames may be part of a dissolve.


def choose_cover(looks: Sequence[Look], shots: Sequence[Shot]) -> tuple[Look, float] | None:
    """Return the best frame with its score from 0 to 1; None without frames."""
    starts = [shot.start for shot in shots]
    scored = [
        (score_look(look) * _distance(look, shots[max(bisect_right(starts, look.time) - 1, 0)]), look) for look in looks
    ]
    if not scored:
        return None
    points, look = max(scored, key=lambda pair: pair[0])  # the first of several equal ones
    return look, points


def score_look(look: Look) -> float:
    """Return the score of a frame, 0 to 1: dark, pale, flat and blurred ones score low."""
    if look.blur is None:
        return 0.0
    sharp = _between(look.blur, BLURRED, SHARP)
    contrast = _between(look.contrast, 0, FULL_CONTRAST)
    still = _between(look.motion, FAST, 0)
    usable = DARK <= look.brightness <= PALE and look.contrast >= FLAT
    return (0.45 * sharp + 0.35 * contrast + 0.2 * still) * (1.0 if usable else 0.1)


def _distance(look: Look, shot: Shot) -> float:
    """Return 1 for a frame well inside its shot, less toward the cuts."""
    away = min(look.time - shot.start, shot.end - look.time)
    return _between(away, -AWAY, min(AWAY, shot.length / 5))


def _between(value: float, none: float, full: float) -> float:
    return min(max((value - none) / (full - none), 0.0), 1.0)
