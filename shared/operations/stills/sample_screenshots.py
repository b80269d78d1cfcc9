"""Still images at regular intervals, from the first frame on."""

import math
from typing import Annotated

from pydantic import AfterValidator, Field

from shared.domain.subtask import SubtaskType
from shared.operations import video_filters
from shared.operations.clip import resolve_end
from shared.operations.moment import PERCENT, Moment
from shared.operations.operation import Operation, OperationContext, OperationResult
from shared.operations.stills.image_params import StillParams
from shared.operations.stills.screenshot import image_output
from shared.operations.stills.snapshot import A_TRIFLE, EARLY, Moments, Snapshot, take_series

SHORTEST = 0.1  # seconds, or percent
# The record of an attempt is one DynamoDB item of at most 400 KB, and a key may have 1 KB.
MAX_IMAGES = 300


def _distance(value: float | str) -> float | str:
    """Raise ValueError for an interval that is too short."""
    percent = PERCENT.fullmatch(value) if isinstance(value, str) else None
    if (float(percent["percent"]) if percent else resolve_end(value, None)) < SHORTEST:
        message = f"images every {value} are too many: give an interval of at least {SHORTEST} seconds or percent"
        raise ValueError(message)
    return value


class SampleScreenshotsParams(StillParams):
    """The interval of the images, their maximum number, and their format and size."""

    every: Annotated[Moment, AfterValidator(_distance)] = Field(
        "10%", description='The interval: seconds (10), a clock time ("00:01:00") or a percentage ("10%").'
    )
    max: int = Field(100, ge=1, le=MAX_IMAGES, description="Maximum number of images; a longer interval keeps to it.")


def run(params: SampleScreenshotsParams, context: OperationContext) -> OperationResult:
    """Take the images by seeking or in one pass, whichever costs less."""
    video = video_filters.require_video(context.media, context.ffmpeg.limits)
    duration = video.duration or context.media.duration
    moments, warnings = plan_distance(resolve_end(params.every, duration), params.max, duration)
    shots = take_series(context, params.drawing(video), moments, (0, 100))
    files = tuple(image_output(params, shot, number) for number, shot in enumerate(shots, start=1))
    return OperationResult(files, warnings=(*warnings, *missing_image_warnings(shots, moments, duration)))


def plan_distance(step: float, most: int, duration: float | None) -> tuple[Moments, tuple[str, ...]]:
    """Return moments at that interval in seconds, or at a longer interval if there would be too many."""
    if duration is None:
        return Moments(step, None, most), ()
    count = max(1, math.ceil(duration / step - A_TRIFLE))
    if count <= most:
        return Moments(step, count, most), ()
    apart = duration / most
    warning = f"an image every {step:g} s would make {count} images: one every {apart:.3f} s makes {most}"
    return Moments(apart, most, most), (warning,)


def missing_image_warnings(shots: tuple[Snapshot, ...], moments: Moments, duration: float | None) -> list[str]:
    """Return a warning if the file ends before the last of the moments."""
    if duration is None or moments.count is None or len(shots) == moments.count:
        return []
    first = moments.step * len(shots)
    if first > duration - EARLY:  # files round their duration
        return []
    return [f"no image could be decoded from {first:.3f} s on: the source is damaged or truncated"]


OPERATION = Operation(
    kind=SubtaskType.SAMPLE_SCREENSHOTS,
    summary="Still images at regular intervals",
    params=SampleScreenshotsParams,
    run=run,
)
