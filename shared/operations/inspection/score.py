"""A score of 0 to 100 for a file, with a reason for each deduction. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import Field

from shared.operations.findings import ResultPart

FULL = 100
GOOD_VMAF = 93.0  # from here on, hardly anyone sees a difference from the source
POINTS_PER_VMAF = 0.8
UNNOTICED_LAG = 0.1  # Seconds; ITU-R BT.1359: people notice audio from 0.045 early and 0.125 late.
FIRST_OF_LAG, POINTS_PER_LAG, MOST_OF_LAG = 8.0, 40.0, 40.0
COMBED_POINTS = 8.0
LOST_POINTS = 50.0


@dataclass(frozen=True)
class Rate:
    """The deduction for a kind of fault: initial points, points per percent of the duration, and the maximum."""

    first: float
    per_percent: float
    most: float
    what: str


RATES: Mapping[str, Rate] = {
    "DAMAGED": Rate(15, 1.0, 70, "could not be decoded"),
    "TRUNCATED": Rate(20, 1.0, 70, "are missing at the end"),
    "AUDIO_MISSING": Rate(8, 0.5, 40, "have video but no audio"),
    "VIDEO_MISSING": Rate(8, 0.5, 40, "have audio but no video"),
    "FROZEN": Rate(3, 0.5, 40, "stand still"),
    "BLACK": Rate(2, 0.5, 40, "are black"),
    "CLIPPED": Rate(4, 0.4, 30, "are clipped"),
    "SILENT": Rate(2, 0.3, 25, "are silent"),
    "BLURRED": Rate(3, 0.3, 30, "are blurred"),
    "BLOCKY": Rate(3, 0.3, 30, "show blocks"),
    "LETTERBOXED": Rate(3, 0.05, 8, "have black bars"),
}


class Reason(ResultPart):
    """The reason for a deduction: the points, the fault, and its total seconds if it has a duration."""

    points: float
    label: str
    text: str
    seconds: float | None = Field(None, description="In total; null if the fault has no duration.")


@dataclass(frozen=True)
class Grounds:
    """The values from which a score is calculated.

    `seconds` is the total duration of each label, in a file of `duration` seconds. `lag` is the number of seconds by
    which the audio is later (below 0: earlier) than in the source; `lost` are the source's streams that the
    file lacks.
    """

    duration: float
    seconds: Mapping[str, float]
    combed: bool = False
    lag: float | None = None
    vmaf: float | None = None
    lost: tuple[str, ...] = ()


def compute_score(grounds: Grounds) -> tuple[int, tuple[Reason, ...]]:
    """Return the score and its reasons, the largest deduction first; the deductions end at a score of 0."""
    reasons = sorted(_reasons(grounds), key=lambda reason: -reason.points)
    return max(FULL - round(sum(reason.points for reason in reasons)), 0), tuple(reasons)


def score_unreadable() -> tuple[int, tuple[Reason, ...]]:
    """Return the score of a file that can't be played."""
    return 0, (Reason(points=FULL, label="UNREADABLE", text="nothing in it can be played"),)


def _reasons(grounds: Grounds) -> Iterable[Reason]:
    for label, rate in RATES.items():
        seconds = grounds.seconds.get(label, 0)
        if seconds > 0:
            share = 100 * seconds / grounds.duration if grounds.duration else 100
            points = min(rate.first + rate.per_percent * share, rate.most)
            text = f"{seconds:.1f} of {grounds.duration:.1f} s {rate.what}"
            yield Reason(points=round(points, 1), label=label, text=text, seconds=round(seconds, 3))
    if grounds.combed:
        text = "each frame shows two moments: the video is interlaced, but not marked as interlaced"
        yield Reason(points=COMBED_POINTS, label="INTERLACED", text=text)
    if grounds.lag is not None and abs(grounds.lag) > UNNOTICED_LAG:
        points = min(FIRST_OF_LAG + POINTS_PER_LAG * (abs(grounds.lag) - UNNOTICED_LAG), MOST_OF_LAG)
        text = f"the audio is {abs(grounds.lag):.2f} s {'later' if grounds.lag > 0 else 'earlier'} than in the source"
        yield Reason(points=round(points, 1), label="OUT_OF_SYNC", text=text)
    if grounds.vmaf is not None and grounds.vmaf < GOOD_VMAF:
        points = POINTS_PER_VMAF * (GOOD_VMAF - grounds.vmaf)
        text = f"VMAF {grounds.vmaf:.1f} against the source; from {GOOD_VMAF:.0f} on, differences are hardly visible"
        yield Reason(points=round(points, 1), label="UNLIKE_SOURCE", text=text)
    for what in grounds.lost:
        yield Reason(points=LOST_POINTS, label="LOST", text=f"the source has {what}, but this file has none")
