"""Segments together: joined where they touch, cut to what a task's record holds, and whole in a file."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TypeVar

from shared.operations.findings import Result, Segment
from shared.operations.operation import OperationContext, Produced

S = TypeVar("S", bound=Segment)

FILE = "findings.json"
MOST = 300
# A record is an item of DynamoDB, which takes 400 KB, and is read with every look at its subtask.
ROOM = 56_000  # bytes of JSON for all segments of a result
TOUCHING = 0.05  # seconds between two segments that count as one


def join_segments(segments: Sequence[S], alike: Callable[[S, S], bool]) -> tuple[S, ...]:
    """Return the segments with those that touch and are alike made one, as sure as the surer of both.

    `segments` come in the order of their start; the text is that of the surer one.
    """
    done: list[S] = []
    for segment in segments:
        index = _touching(done, segment, alike)
        if index is None:
            done.append(segment)
        else:
            surer = max(done[index], segment, key=attrgetter("confidence"))
            span = {"start": done[index].start, "end": max(done[index].end, segment.end)}
            done[index] = surer.model_copy(update=span)
    return tuple(done)


def _touching(done: Sequence[S], segment: S, alike: Callable[[S, S], bool]) -> int | None:
    """Return the newest of those done that the segment goes on with."""
    for index in reversed(range(len(done))):
        if segment.start - done[index].end <= TOUCHING and alike(done[index], segment):
            return index
    return None


def round_segments(segments: Sequence[S]) -> tuple[S, ...]:
    """Return the segments with times in milliseconds and confidences in thousandths: more digits say no more."""
    return tuple(
        segment.model_copy(
            update={name: round(getattr(segment, name), 3) for name in ("start", "end", "confidence")},
        )
        for segment in segments
    )


def fit_segments(segments: Sequence[S], *, most: int = MOST, room: int = ROOM) -> tuple[S, ...]:
    """Return as many of the segments, from the first, as may stand in a result."""
    taken = 0
    for number, segment in enumerate(segments[:most]):
        taken += len(segment.model_dump_json(by_alias=True).encode()) + 1
        if taken > room:
            return tuple(segments[:number])
    return tuple(segments[:most])


def write_result(result: Result, context: OperationContext, **facts: object) -> Produced:
    """Write findings, whole, into a file of the context's folder."""
    path = context.folder / FILE
    path.write_text(result.model_dump_json(by_alias=True, indent=1), encoding="utf-8")
    return Produced(path, "application/json", facts=facts)
