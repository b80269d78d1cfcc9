"""Lists of segments: joined where they touch, cut to the size of a task's record, and complete in a file."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TypeVar

from shared.operations.findings import Result, Segment
from shared.operations.operation import OperationContext, Produced

S = TypeVar("S", bound=Segment)

FILE = "findings.json"
MOST = 300
# A record is an item of DynamoDB, which takes 400 KB, and every view of its subtask reads it.
ROOM = 56_000  # bytes of JSON for all segments of a result
TOUCHING = 0.05  # seconds between two segments that count as touching


def join_segments(segments: Sequence[S], alike: Callable[[S, S], bool]) -> tuple[S, ...]:
    """Join segments that touch and are alike; the joined one takes the higher confidence.

    `segments` are sorted by their start; the text comes from the more confident segment.
    """
    done: list[S] = []
    near: list[int] = []  # the indexes in `done` that this segment touches, and later ones may touch
    for segment in segments:
        near = [index for index in near if segment.start - done[index].end <= TOUCHING]
        index = next((index for index in reversed(near) if alike(done[index], segment)), None)
        if index is None:
            near.append(len(done))
            done.append(segment)
        else:
            surer = max(done[index], segment, key=attrgetter("confidence"))
            span = {"start": done[index].start, "end": max(done[index].end, segment.end)}
            done[index] = surer.model_copy(update=span)
    return tuple(done)


def round_segments(segments: Sequence[S]) -> tuple[S, ...]:
    """Round times to milliseconds and confidences to thousandths; more digits add no information."""
    return tuple(
        segment.model_copy(
            update={name: round(getattr(segment, name), 3) for name in ("start", "end", "confidence")},
        )
        for segment in segments
    )


def fit_segments(segments: Sequence[S], *, most: int = MOST, room: int = ROOM) -> tuple[S, ...]:
    """Return as many of the segments, from the first, as a result has room for."""
    taken = 0
    for number, segment in enumerate(segments[:most]):
        taken += len(segment.model_dump_json(by_alias=True).encode()) + 1
        if taken > room:
            return tuple(segments[:number])
    return tuple(segments[:most])


def write_result(result: Result, context: OperationContext, **facts: object) -> Produced:
    """Write the complete result into a file of the context's folder."""
    path = context.folder / FILE
    path.write_text(result.model_dump_json(by_alias=True, indent=1), encoding="utf-8")
    return Produced(path, "application/json", facts=facts)
