"""Still images at regular distances, from the first on."""

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
from shared.operations.stills.snapshot import A_TRIFLE, EARLY, Moments, Snapshot, take_series, video_length

SHORTEST = 0.1  # seconds, or percent
# The record of an attempt is one DynamoDB item of at most 400 KB, and a key may have 1 KB.
MAX_IMAGES = 300


def _distance(value: float | str) -> float | str:
    """Refuse a distance between images that is none."""
    percent = PERCENT.fullmatch(value) if isinstance(value, str) else None
    if (float(percent["percent"]) if percent else resolve_end(value, None)) < SHORTEST:
        message = f"images every {value} are too many: let at least {SHORTEST} seconds or percent lie in between"
        raise ValueError(message)
    return value


class SampleScreenshotsParams(StillParams):
    """How far images are apart, how many there may be, and of which kind and size."""

    every: Annotated[Moment, AfterValidator(_distance)] = Field(
        "10%", description='Seconds (10), a clock ("00:01:00"), or a share of the whole ("10%"), from one to the next.'
    )
    max: int = Field(
        100, ge=1, le=MAX_IMAGES, description="Images at most; where there would be more, they lie further apart."
    )


def run(params: SampleScreenshotsParams, context: OperationContext) -> OperationResult:
    """Take the images, by seeking or by decoding all, whichever costs less."""
    video = video_filters.require_video(context.media, context.ffmpeg.limits)
    duration = video_length(context, video)
    moments, warnings = plan_distance(resolve_end(params.every, duration), params.max, duration)
    shots = take_series(context, params.drawing(video), moments, (0, 100))
    files = tuple(image_output(params, shot, number) for number, shot in enumerate(shots, start=1))
    return OperationResult(files, warnings=(*warnings, *missing_image_warnings(shots, moments, duration)))


def plan_distance(step: float, most: int, duration: float | None) -> tuple[Moments, tuple[str, ...]]:
    """Return the moments that lie so many seconds apart, further where they would be too many; all in seconds."""
    if duration is None:
        return Moments(step, None, most), ()
    count = max(1, math.ceil(duration / step - A_TRIFLE))
    if count <= most:
        return Moments(step, count, most), ()
    apart = duration / most
    warning = f"an image every {step:g} s would be {count} images: one every {apart:.3f} s makes {most}"
    return Moments(apart, most, most), (warning,)


def missing_image_warnings(shots: tuple[Snapshot, ...], moments: Moments, duration: float | None) -> list[str]:
    """Return a warning when the file broke off before the last of the moments."""
    if duration is None or moments.count is None or len(shots) == moments.count:
        return []
    first = moments.step * len(shots)
    if first > duration - EARLY:  # what a file says of its length is rounded
        return []
    return [f"from {first:.3f} s on no image could be decoded: the source is damaged or cut off"]


OPERATION = Operation(
    kind=SubtaskType.SAMPLE_SCREENSHOTS,
    summary="Still images at regular distances",
    params=SampleScreenshotsParams,
    run=run,
)
