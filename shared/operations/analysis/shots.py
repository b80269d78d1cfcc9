"""Shots: the parts between two cuts. A dissolve isn't a cut: what it joins counts as one shot."""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.errors import MediaRejected
from shared.operations import measure, video_filters
from shared.operations.operation import OperationContext

CUTS = "cuts.txt"  # a file in the context's folder
SIZE = video_filters.Box(320, 320)  # large enough to tell scenes apart, and five times faster than 1080p
THRESHOLD = 10.0  # scdet's default, in percent of the range of brightness
SHORTEST = 0.5  # Seconds: of two closer cuts, as in a flash, the second one is dropped.


@dataclass(frozen=True)
class Shot:
    """From one cut to the next, in seconds from the beginning of the file."""

    start: float
    end: float

    @property
    def length(self) -> float:
        """Its duration in seconds."""
        return self.end - self.start


def cut_filter(threshold: float = THRESHOLD) -> str:
    """Return the filters that write the time of each cut into a file of the context's folder."""
    return f"scdet=threshold={threshold:g},metadata=print:key=lavfi.scd.time:file={CUTS}"


def find_shots(context: OperationContext, *, share: tuple[int, int]) -> tuple[Shot, ...]:
    """Return the shots of the video, at least one; raise MediaRejected if nothing in it can be decoded."""
    video = video_filters.require_video(context.media, context.ffmpeg.limits)
    duration = video.duration or context.media.duration
    chain = ",".join([measure.clearing_filter(), *video_filters.display_filters(video, SIZE), cut_filter()])
    end = context.ffmpeg.run(
        # A capital V skips cover art. No frames are repeated or dropped for a constant rate.
        [
            *context.ffmpeg.input_arguments(context.source),
            *("-map", "0:V:0", "-vf", chain, "-fps_mode", "passthrough", "-f", "null", "-"),
        ],
        duration=duration,
        phase="finding cuts",
        share=share,
    )
    return split_at_cuts(read_cuts(context), end)


def read_cuts(context: OperationContext) -> tuple[float, ...]:
    """Return the times that `cut_filter` wrote."""
    path = context.folder / CUTS
    times = tuple(frame.time for frame in context.ffmpeg.watched(measure.read_measurements(path)))
    path.unlink(missing_ok=True)
    return times


def split_at_cuts(times: Iterable[float], end: float) -> tuple[Shot, ...]:
    """Return the shots from 0 to the end with a cut at each of the times; raise MediaRejected if `end` is 0."""
    if end <= 0:
        message = "no frame could be decoded: the source is damaged or truncated"
        raise MediaRejected(message)
    starts = [0.0]
    for time in times:
        if time - starts[-1] >= SHORTEST and end - time >= SHORTEST:
            starts.append(time)
    return tuple(Shot(start, stop) for start, stop in zip(starts, [*starts[1:], end], strict=True))
