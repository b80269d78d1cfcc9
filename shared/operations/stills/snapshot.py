"""Images of what is shown at given moments: one, by seeking to it, or many at regular ones, in the cheaper way."""

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from shared.errors import MediaRejected, OperationFailed
from shared.media.probe import Video
from shared.operations.operation import OperationContext
from shared.operations.stills.image_params import StillDrawing

# What is shown at a moment is the last frame that begins by then. To see it, one starts a little before: by as much as
# any but a slow or uneven video takes for a frame, and by more only where that finds none, since decoding costs.
NEAR, FAR = 0.1, 10.0
A_MILLISECOND = 0.001
A_TRIFLE = 1e-6  # what floating point adds to a whole number
EARLY = 0.5  # Seconds; what was taken that much before the moment is another image.
# A seek costs a start and half the way between two key frames; a pass costs every second in between. With key frames
# every 5 s they were equal for images every 8.2 s of a film 640 wide, and every 4.4 s of one 1920 wide.
SPARSE = 8.0
FIRST_FRAME = "trim=end_frame=1"
STAND_STILL = "tpad=stop=-1:stop_mode=clone"
TIMES = "times.txt"


@dataclass(frozen=True)
class Snapshot:
    """An image on disk. `time` is when the frame that it shows begins, in seconds from the file's beginning."""

    path: Path
    time: float


@dataclass(frozen=True)
class Moments:
    """0 and every `step` seconds from there: `count` of them, or for None as many as there are, at most `most`."""

    step: float
    count: int | None
    most: int


def video_length(context: OperationContext, video: Video) -> float | None:
    """Return how long the image lasts, in seconds; None where neither the file nor its packets say."""
    told = video.duration or context.media.duration
    if told:
        return told
    # As in what a browser records: its packets are read, not decoded.
    arguments = [*context.ffmpeg.input_arguments(context.source), "-map", "0:V:0", "-c", "copy", "-f", "null", "-"]
    return context.ffmpeg.run(arguments, duration=None, phase="measuring", share=(0, 0)) or None


def take_snapshot(
    context: OperationContext, drawing: StillDrawing, moment: float, name: str, share: tuple[int, int]
) -> tuple[Snapshot, list[str]]:
    """Take the image that is shown at a moment; where the file breaks off before, the last one, with a warning.

    Raises MediaRejected when there is none at all.
    """
    target = context.folder / f"{name}.{drawing.ending}"
    if shot := _seek(context, drawing, moment, target, share):
        return shot, []
    for back in (FAR, moment):
        pick = [STAND_STILL, _shown_at(moment), FIRST_FRAME]
        if shot := _shoot(context, drawing, pick, moment - back, target, share):
            early = moment - shot.time > EARLY
            return shot, [f"at {moment:.3f} s no image could be decoded: that of {shot.time:.3f} s was taken"] * early
    message = f"no image could be decoded at {moment:.3f} s: the source is damaged or cut off"
    raise MediaRejected(message)


def take_series(
    context: OperationContext, drawing: StillDrawing, moments: Moments, share: tuple[int, int]
) -> tuple[Snapshot, ...]:
    """Take an image at each of the moments, up to where the file breaks off.

    Raises MediaRejected when there is none at all.
    """
    shots: tuple[Snapshot, ...] = ()
    if moments.count is not None and moments.step >= SPARSE:
        shots = tuple(_seeks(context, drawing, moments.step, moments.count, share))
    if len(shots) < (moments.count or 1):  # also where seeking finds nothing, as in a stream without an index
        shots = _pass(context, drawing, moments, share)
    if not shots:
        message = "no image could be decoded: the source is damaged or cut off"
        raise MediaRejected(message)
    return shots


def _pass(
    context: OperationContext, drawing: StillDrawing, moments: Moments, share: tuple[int, int]
) -> tuple[Snapshot, ...]:
    """Decode everything once, and keep what is shown at each of the moments."""
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
    """Yield the image of each moment, up to the first that isn't found."""
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
    """Take the image of a moment by seeking; None when nothing is decoded from there on."""
    pick = [_shown_at(moment), FIRST_FRAME]
    shot = _shoot(context, drawing, pick, moment - NEAR, target, share)
    if shot and shot.time > moment + A_MILLISECOND and moment > NEAR:  # what is shown then began long before
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
    """Take one image of what comes from `start` on; None when nothing does."""
    arguments = [
        # Frames keep their times, so that they can be compared with the moment wherever the seek has led to.
        *("-copyts", "-start_at_zero"),
        # Before -i it seeks by the index, then decodes to that time: fast, exact.
        *("-ss", f"{max(start, 0):.6f}", *context.ffmpeg.input_arguments(context.source)),
        *drawing.arguments(context, pick),
        *("-frames:v", "1", "-f", "image2", "-update", "1", f"file:{target.name}"),
    ]
    times = _times_of(context, arguments, duration=None, share=share)
    return Snapshot(target, times[0]) if times else None


def _shown_at(moment: float) -> str:
    """Return the filter that lets pass the last frame that begins by then; others follow, each for a millisecond."""
    # Up, or else the frame that begins at 0.0333… would not have begun at 0.033.
    return f"fps=fps=1000:round=up:start_time={math.ceil(moment * 1000 - A_TRIFLE) / 1000:.3f}"


def _times_of(
    context: OperationContext, arguments: Sequence[str], *, duration: float | None, share: tuple[int, int]
) -> list[float]:
    """Run ffmpeg; return the time at which each frame began that became an image, as the decoder gave it out."""
    times = context.folder / TIMES
    times.unlink(missing_ok=True)
    with suppress(OperationFailed):  # no frame at all is an error to some encoders, not to others
        context.ffmpeg.run(
            [*arguments[:-1], "-stats_enc_pre", f"file:{TIMES}", "-stats_enc_pre_fmt", "{ti}", arguments[-1]],
            duration=duration,
            phase="taking images",
            share=share,
        )
    return [max(float(line), 0.0) for line in times.read_text().split()] if times.exists() else []


def _path(context: OperationContext, drawing: StillDrawing, number: int) -> Path:
    return context.folder / f"image-{number}.{drawing.ending}"
