"""Images of the frames shown at given moments: one by seeking, or many at an interval, in the cheaper way."""

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from shared.errors import MediaRejected, OperationFailed
from shared.operations.operation import OperationContext
from shared.operations.stills.image_params import StillDrawing

# The frame shown at a moment is the last one that begins by then. To see it, decoding starts a little earlier: by the
# length of a frame of most videos, and by more only if that finds none, because decoding costs time.
NEAR, FAR = 0.1, 10.0
A_MILLISECOND = 0.001
A_TRIFLE = 1e-6  # the rounding error of floating point
EARLY = 0.5  # Seconds; a frame that is earlier than the moment by this much isn't the requested one.
# A seek costs a start of ffmpeg and half the distance between two key frames; a pass costs every second in between.
# With key frames every 5 s, both cost the same for images every 8.2 s at 640 pixels wide, and every 4.4 s at 1920.
SPARSE = 8.0
FIRST_FRAME = "trim=end_frame=1"
STAND_STILL = "tpad=stop=-1:stop_mode=clone"
TIMES = "times.txt"


@dataclass(frozen=True)
class Snapshot:
    """An image on disk. `time` is the start of its frame in seconds from the beginning of the file."""

    path: Path
    time: float


@dataclass(frozen=True)
class Moments:
    """0 and every `step` seconds from there: `count` of them, or for None until the end, at most `most`."""

    step: float
    count: int | None
    most: int


def take_snapshot(
    context: OperationContext, drawing: StillDrawing, moment: float, name: str, share: tuple[int, int]
) -> tuple[Snapshot, list[str]]:
    """Take the image at a moment; if the file ends before it, take the last image, with a warning.

    Raise MediaRejected if the source has no image at all.
    """
    target = context.folder / f"{name}.{drawing.ending}"
    if shot := _seek(context, drawing, moment, target, share):
        return shot, []
    for back in (FAR, moment):
        pick = [STAND_STILL, _shown_at(moment), FIRST_FRAME]
        if shot := _shoot(context, drawing, pick, moment - back, target, share):
            early = moment - shot.time > EARLY
            return shot, [
                f"no image could be decoded at {moment:.3f} s: the one at {shot.time:.3f} s was taken"
            ] * early
    message = f"no image could be decoded at {moment:.3f} s: the source is damaged or truncated"
    raise MediaRejected(message)


def take_series(
    context: OperationContext, drawing: StillDrawing, moments: Moments, share: tuple[int, int]
) -> tuple[Snapshot, ...]:
    """Take an image at each of the moments, up to the end of the file.

    Raise MediaRejected if the source has no image at all.
    """
    shots: tuple[Snapshot, ...] = ()
    if moments.count is not None and moments.step >= SPARSE:
        shots = tuple(_seeks(context, drawing, moments.step, moments.count, share))
    if len(shots) < (moments.count or 1):  # also if seeking finds nothing, as in a stream without an index
        shots = _pass(context, drawing, moments, share)
    if not shots:
        message = "no image could be decoded: the source is damaged or truncated"
        raise MediaRejected(message)
    return shots


def _pass(
    context: OperationContext, drawing: StillDrawing, moments: Moments, share: tuple[int, int]
) -> tuple[Snapshot, ...]:
    """Decode everything once, and keep the frame shown at each of the moments."""
    count = moments.count or moments.most
    pick = f"fps=fps=1/{moments.step:.6f}:round=up:start_time=0"
    arguments = [
        *context.ffmpeg.input_arguments(context.source),
        *drawing.arguments(context, [pick]),
        *("-fps_mode", "passthrough", "-frames:v", str(count), "-f", "image2", f"file:image-%d.{drawing.ending}"),
    ]
    times = _times_of(context, arguments, duration=moments.step * count, share=share)
    return tuple(Snapshot(_path(context, drawing, number), time) for number, time in enumerate(times[:count], start=1))


def _seeks(
    context: OperationContext, drawing: StillDrawing, step: float, count: int, share: tuple[int, int]
) -> Iterator[Snapshot]:
    """Yield the image of each moment, up to the first one that isn't found."""
    start, end = share
    for index in range(count):
        part = (start + (end - start) * index // count, start + (end - start) * (index + 1) // count)
        shot = _seek(context, drawing, index * step, _path(context, drawing, index + 1), part)
        if shot is None:
            return
        yield shot


def _seek(
    context: OperationContext, drawing: StillDrawing, moment: float, target: Path, share: tuple[int, int]
) -> Snapshot | None:
    """Take the image of a moment by seeking; None if nothing can be decoded from there on."""
    pick = [_shown_at(moment), FIRST_FRAME]
    shot = _shoot(context, drawing, pick, moment - NEAR, target, share)
    if shot and shot.time > moment + A_MILLISECOND and moment > NEAR:  # the frame shown then began long before
        shot = _shoot(context, drawing, pick, moment - FAR, target, share) or shot
    return shot


def _shoot(  # noqa: PLR0913, PLR0917 - one process, and all in which it differs from others
    context: OperationContext,
    drawing: StillDrawing,
    pick: Sequence[str],
    start: float,
    target: Path,
    share: tuple[int, int],
) -> Snapshot | None:
    """Take one image from `start` on; None if nothing can be decoded."""
    arguments = [
        # Frames keep their times, so that they can be compared with the moment wherever the seek ended.
        *("-copyts", "-start_at_zero"),
        # Before -i, it seeks by the index, then decodes to that time: fast and exact.
        *("-ss", f"{max(start, 0):.6f}", *context.ffmpeg.input_arguments(context.source)),
        *drawing.arguments(context, pick),
        *("-frames:v", "1", "-f", "image2", "-update", "1", f"file:{target.name}"),
    ]
    times = _times_of(context, arguments, duration=None, share=share)
    return Snapshot(target, times[0]) if times else None


def _shown_at(moment: float) -> str:
    """Return the filter that passes the last frame that begins by then; others follow, each for a millisecond."""
    # Rounded up, otherwise a frame that begins at 0.0333… would not have begun at 0.033.
    return f"fps=fps=1000:round=up:start_time={math.ceil(moment * 1000 - A_TRIFLE) / 1000:.3f}"


def _times_of(
    context: OperationContext, arguments: Sequence[str], *, duration: float | None, share: tuple[int, int]
) -> list[float]:
    """Run ffmpeg; return the start time of each frame that became an image, as the decoder gave it."""
    times = context.folder / TIMES
    times.unlink(missing_ok=True)
    with suppress(OperationFailed):  # some encoders fail without a frame, others don't
        context.ffmpeg.run(
            [*arguments[:-1], "-stats_enc_pre", f"file:{TIMES}", "-stats_enc_pre_fmt", "{ti}", arguments[-1]],
            duration=duration,
            phase="taking images",
            share=share,
        )
    return [max(float(line), 0.0) for line in times.read_text().split()] if times.exists() else []


def _path(context: OperationContext, drawing: StillDrawing, number: int) -> Path:
    return context.folder / f"image-{number}.{drawing.ending}"
