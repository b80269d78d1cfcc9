"""Frames for models: some of every shot, all taken in one pass through the file."""

import math
import shutil
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.errors import MediaRejected
from shared.operations import video_filters
from shared.operations.analysis.shots import Shot
from shared.operations.operation import OperationContext
from shared.operations.stills.image_params import COLORS, StillDrawing, image_encoder

FOLDER = "samples"  # a folder in the context's folder
GRID = 10  # Frames per second to choose from, so that even a slide show has a frame at every moment.
QUALITY = 90
BLUR = "gblur=sigma=12"  # hides people's identity, but not what the image shows


@dataclass(frozen=True)
class LookMoment:
    """When to look, and the interval that the look represents; seconds from the beginning of the file."""

    time: float
    start: float
    end: float


@dataclass(frozen=True)
class FrameSample:
    """A JPEG of the frame at a moment, upright and in SDR."""

    moment: LookMoment
    path: Path


def choose_moments(shots: Sequence[Shot], *, every: float, most: int) -> tuple[LookMoment, ...]:
    """Return moments in each shot, at least one in each `every` seconds; if more than `most`, some of them, evenly.

    Each is in the middle of its interval, away from the cuts. The intervals fill the shots without a gap.
    """
    found = [moment for shot in shots for moment in _in_shot(shot, every)]
    if len(found) <= most:
        return tuple(found)
    kept = [found[index * len(found) // most] for index in range(most)]
    ends = [*(moment.start for moment in kept[1:]), found[-1].end]
    return tuple(LookMoment(moment.time, moment.start, end) for moment, end in zip(kept, ends, strict=True))


def _in_shot(shot: Shot, every: float) -> Iterator[LookMoment]:
    count = max(1, math.ceil(shot.length / every))
    for index in range(count):
        start, end = (shot.start + shot.length * number / count for number in (index, index + 1))
        yield LookMoment((start + end) / 2, start, end)


@contextmanager
def take_samples(
    context: OperationContext,
    wanted: Sequence[LookMoment],
    *,
    size: video_filters.Box,
    share: tuple[int, int],
    blurred: bool = False,
) -> Iterator[tuple[FrameSample, ...]]:
    """Yield a folder's images of those moments, in order, and remove them afterward; skip moments without a frame.

    Raise MediaRejected if no moment has a frame.
    """
    folder = context.folder / FOLDER
    folder.mkdir()
    try:
        _take(context, wanted, size, share, blurred=blurred)
        yield _matched(wanted, sorted(folder.iterdir()))
    finally:
        shutil.rmtree(folder)


def _take(
    context: OperationContext,
    wanted: Sequence[LookMoment],
    size: video_filters.Box,
    share: tuple[int, int],
    *,
    blurred: bool,
) -> None:
    video = video_filters.require_video(context.media, context.ffmpeg.limits)
    drawing = StillDrawing(
        video=video,
        box=size,
        finish=(*((BLUR,) if blurred else ()), COLORS["jpeg"]),
        encoder=image_encoder("jpeg", QUALITY),
        ending="jpg",
    )
    # A frame shown for less than a step stays for two, so that a moment among a few frames finds one after it.
    grid = (f"fps={GRID}:eof_action=pass", "tpad=stop=1:stop_mode=clone")
    pick = [*grid, f"select='{_first_after([moment.time for moment in wanted])}'", "settb=1/1000"]
    context.ffmpeg.run(
        [
            *context.ffmpeg.input_arguments(context.source),
            *drawing.arguments(context, pick),
            # The file names are times in milliseconds.
            *("-fps_mode", "passthrough", "-enc_time_base", "filter"),
            *("-f", "image2", "-frame_pts", "1", f"file:{FOLDER}/%010d.jpg"),
        ],
        duration=video.duration or context.media.duration,
        phase="taking samples",
        share=share,
    )


def _first_after(times: Sequence[float]) -> str:
    """Return the expression that is true for the first frame at or after each of the times, which ascend.

    A binary search finds the time to compare a frame with: hundreds of times cost ten comparisons per frame.
    """

    def latest(times: Sequence[float]) -> str:
        if len(times) == 1:
            return f"{times[0]:.3f}"
        half = len(times) // 2
        return f"if(lt(t,{times[half]:.3f}),{latest(times[:half])},{latest(times[half:])})"

    # prev_t of the first frame is NaN, and no number is greater than NaN.
    return f"gte(t,{times[0]:.3f})*not(gte(prev_t,{latest(times)}))"


def _matched(wanted: Sequence[LookMoment], paths: Sequence[Path]) -> tuple[FrameSample, ...]:
    times = [moment.time for moment in wanted]
    half_a_millisecond = 0.0005
    found = {bisect_right(times, int(path.stem) / 1000 + half_a_millisecond) - 1: path for path in reversed(paths)}
    if not found:
        message = "no frame could be decoded: the source is damaged or truncated"
        raise MediaRejected(message)
    return tuple(FrameSample(wanted[index], found[index]) for index in sorted(found))
