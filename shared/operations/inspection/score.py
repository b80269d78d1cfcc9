"""A score of 0 to 100 for what was found in a file, with the reasons for each point that was taken. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import Field

from shared.operations.findings import ResultPart

FULL = 100
GOOD_VMAF = 93.0  # from which on nearly nobody sees a difference to the source
POINTS_PER_VMAF = 0.8
UNNOTICED_LAG = 0.1  # Seconds; ITU-R BT.1359 puts what people notice at 0.045 early and 0.125 late.
FIRST_OF_LAG, POINTS_PER_LAG, MOST_OF_LAG = 8.0, 40.0, 40.0
COMBED_POINTS = 8.0
LOST_POINTS = 50.0


@dataclass(frozen=True)
class Rate:
    """What a kind of stretch costs: points for the first, points per percent of the duration, and most of all."""

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
    "CLIPPED": Rate(4, 0.4, 30, "are cut off at full scale"),
    "SILENT": Rate(2, 0.3, 25, "are silent"),
    "BLURRED": Rate(3, 0.3, 30, "are blurred"),
    "BLOCKY": Rate(3, 0.3, 30, "show blocks"),
    "LETTERBOXED": Rate(3, 0.05, 8, "have black bars"),
}


class Reason(ResultPart):
    """Why points were taken: how many, for what, and how many seconds of that there are, where it lasts."""

    points: float
    label: str
    text: str
    seconds: float | None = Field(None, description="Of the whole; null where it isn't a matter of time.")


@dataclass(frozen=True)
class Grounds:
    """What a score is made of.

    `seconds` tells of each label how long it lasts, of a file of `duration` seconds. `lag` is by how many seconds
    the audio comes later (below 0: earlier) than it did in the source; `lost` what the source had and this has not.
    """

    duration: float
    seconds: Mapping[str, float]
    combed: bool = False
    lag: float | None = None
    vmaf: float | None = None
    lost: tuple[str, ...] = ()


def compute_score(grounds: Grounds) -> tuple[int, tuple[Reason, ...]]:
    """Return the score and its reasons, the gravest first; the points add up to what the score lacks, down to 0."""
    reasons = sorted(_reasons(grounds), key=lambda reason: -reason.points)
    return max(FULL - round(sum(reason.points for reason in reasons)), 0), tuple(reasons)


def score_unreadable() -> tuple[int, tuple[Reason, ...]]:
    """Return the score of a file of which nothing can be played."""
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
        text = "each frame shows two moments: the video is interlaced, and doesn't say so"
        yield Reason(points=COMBED_POINTS, label="INTERLACED", text=text)
    if grounds.lag is not None and abs(grounds.lag) > UNNOTICED_LAG:
        points = min(FIRST_OF_LAG + POINTS_PER_LAG * (abs(grounds.lag) - UNNOTICED_LAG), MOST_OF_LAG)
        text = (
            f"the audio comes {abs(grounds.lag):.2f} s {'later' if grounds.lag > 0 else 'earlier'} than in the source"
        )
        yield Reason(points=round(points, 1), label="OUT_OF_SYNC", text=text)
    if grounds.vmaf is not None and grounds.vmaf < GOOD_VMAF:
        points = POINTS_PER_VMAF * (GOOD_VMAF - grounds.vmaf)
        text = f"VMAF {grounds.vmaf:.1f} against the source; from {GOOD_VMAF:.0f} on nearly nobody sees a difference"
        yield Reason(points=round(points, 1), label="UNLIKE_SOURCE", text=text)
    for what in grounds.lost:
        yield Reason(points=LOST_POINTS, label="LOST", text=f"the source has {what}, and this has none")
