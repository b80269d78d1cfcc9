"""Still images at given times."""

from pydantic import Field

from shared.domain.subtask import SubtaskType
from shared.media.probe import image_size
from shared.operations import video_filters
from shared.operations.moment import Moment, resolve_moment
from shared.operations.operation import Operation, OperationContext, OperationResult, Produced
from shared.operations.stills.image_params import CONTENT_TYPES, StillParams
from shared.operations.stills.snapshot import A_MILLISECOND, Snapshot, take_snapshot


class ScreenshotParams(StillParams):
    """When to take images, and their format and size."""

    at: tuple[Moment, ...] = Field(
        ("50%",),
        min_length=1,
        max_length=100,
        description='Times: seconds (12.5), a clock time ("00:00:12.5") or a percentage ("10%").',
    )


def run(params: ScreenshotParams, context: OperationContext) -> OperationResult:
    """Take each image with its own process, which seeks rather than reading the whole file."""
    video = video_filters.require_video(context.media, context.ffmpeg.limits)
    duration = video.duration or context.media.duration
    moments = [resolve_moment(at, duration) for at in params.at]
    if duration:  # no frame is shown at the very end
        moments = [min(moment, max(0.0, duration - A_MILLISECOND)) for moment in moments]
    files: list[Produced] = []
    warnings: list[str] = []
    for done, moment in enumerate(moments):
        share = (100 * done // len(moments), 100 * (done + 1) // len(moments))
        shot, said = take_snapshot(context, params.drawing(video), moment, f"shot-{done + 1:03}", share)
        warnings += said
        files.append(image_output(params, shot, number=done + 1 if len(moments) > 1 else None))
    return OperationResult(tuple(files), warnings=tuple(warnings))


def image_output(params: StillParams, shot: Snapshot, number: int | None) -> Produced:
    """Return an image as an output file."""
    width, height = image_size(shot.path)
    facts = {"width": width, "height": height, "time": round(shot.time, 3)}
    return Produced(shot.path, CONTENT_TYPES[params.format], number, facts)


OPERATION = Operation(
    kind=SubtaskType.SCREENSHOT,
    summary="One or more still images at given times",
    params=ScreenshotParams,
    run=run,
)
