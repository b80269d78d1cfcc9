"""Single sightings, in milliseconds and percent as in Rekognition's answers, turned into segments. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from heapq import nlargest

from shared.operations.findings import Segment

# Rekognition looks about twice a second and may miss something once, so a short gap isn't an absence.
GAP_MS = 1000
MAX_SEGMENTS = 10_000  # About 1.5 MB as JSON.


@dataclass(frozen=True)
class Sighting:
    """Something seen from `start` to `end`, in milliseconds. `confidence` is in percent."""

    start: int
    end: int
    label: str
    confidence: float
    text: str | None = None


def merge_sightings(sightings: Iterable[Sighting]) -> list[Sighting]:
    """Join the sightings of one thing across short gaps; the sightings are sorted by their start."""
    latest: dict[tuple[str, str | None], Sighting] = {}
    over: list[Sighting] = []
    for seen in sightings:
        before = latest.get((seen.label, seen.text))
        if before is None or seen.start - before.end > GAP_MS:
            over += [before] if before else []
            latest[seen.label, seen.text] = seen
        else:
            confidence = max(before.confidence, seen.confidence)
            latest[seen.label, seen.text] = replace(before, end=max(before.end, seen.end), confidence=confidence)
    return [*over, *latest.values()]


def to_segments(sightings: Iterable[Sighting]) -> tuple[Segment, ...]:
    """Return the MAX_SEGMENTS most certain ones as segments, sorted by their start."""
    kept = nlargest(MAX_SEGMENTS, sightings, key=lambda seen: seen.confidence)
    kept.sort(key=lambda seen: (seen.start, seen.end, seen.label, seen.text or ""))
    return tuple(
        Segment(
            start=seen.start / 1000,
            end=seen.end / 1000,
            label=seen.label,
            confidence=round(min(seen.confidence / 100, 1), 4),
            text=seen.text,
        )
        for seen in kept
    )
