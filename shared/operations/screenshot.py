"""Still pictures, taken where the caller says."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from shared.errors import MediaRejected, OperationFailed
from shared.operations import picture
from shared.operations.moment import Moment, seconds
from shared.operations.operation import Operation, Params, Produced, Workbench, Yield
from shared.probe import Video, picture_size
from shared.task import SubtaskType

STEP_BACK = 10.0  # Seconds to go back from a moment at which no frame begins; key frames lie closer.
A_MILLISECOND = 0.001  # so that a frame that begins at the moment itself is among them
EARLY = 0.5  # Seconds; what was taken that much before the moment is another picture.
USUAL_QUALITY = 85
USUAL_RATE = 10.0  # frames a second, where the file doesn't say; too low does no harm
CONTENT_TYPES = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
ENDINGS = {"jpeg": "jpg", "png": "png", "webp": "webp"}


class ScreenshotParams(Params):
    """When to take pictures, and of which kind and size."""

    at: tuple[Moment, ...] = Field(
        ("50%",),
        min_length=1,
        max_length=100,
        description='Times: seconds (12.5), a clock ("00:00:12.5"), or a share of the whole ("10%").',
    )
    format: Literal["jpeg", "png", "webp"] = "jpeg"
    quality: int | None = Field(None, ge=1, le=100, description="85 when left out; png has none.")
    width: int | None = Field(None, ge=16, le=8192, description="Fits inside; never enlarged.")
    height: int | None = Field(None, ge=16, le=8192, description="Fits inside; never enlarged.")

    @model_validator(mode="after")
    def _png_has_no_quality(self) -> Self:
        if self.format == "png" and self.quality is not None:
            message = "png is lossless and takes no quality: leave it out, or choose jpeg or webp"
            raise ValueError(message)
        return self


@dataclass(frozen=True)
class Shot:
    """One picture to take: when, of what, into which file, and which percents of the attempt it fills."""

    moment: float
    video: Video
    target: Path
    share: tuple[int, int]
    at_the_end: bool


def run(params: ScreenshotParams, bench: Workbench) -> Yield:
    """Take each picture with a process of its own, which seeks rather than reads through."""
    video = picture.shown(bench.media, bench.ffmpeg.limits)
    duration = video.duration or bench.media.duration
    moments = [seconds(at, duration) for at in params.at]
    files: list[Produced] = []
    warnings: list[str] = []
    for done, moment in enumerate(moments):
        shot = Shot(
            moment=moment,
            video=video,
            target=bench.folder / f"shot-{done + 1:03}.{ENDINGS[params.format]}",
            share=(100 * done // len(moments), 100 * (done + 1) // len(moments)),
            at_the_end=duration is not None and moment > duration - 1 / (video.frame_rate or USUAL_RATE),
        )
        warnings += _take(params, bench, shot)
        files.append(_produced(params, shot, number=done + 1 if len(moments) > 1 else None))
    return Yield(tuple(files), warnings=tuple(warnings))


def _produced(params: ScreenshotParams, shot: Shot, number: int | None) -> Produced:
    width, height = picture_size(shot.target)
    facts = {"width": width, "height": height, "time": round(shot.moment, 3)}
    return Produced(shot.target, CONTENT_TYPES[params.format], number, facts)


def _take(params: ScreenshotParams, bench: Workbench, shot: Shot) -> list[str]:
    """Take the picture that is shown at that moment; return a warning when an earlier one had to do."""
    with suppress(OperationFailed):  # no frame to begin with is an error to some encoders, not to others
        if not shot.at_the_end:
            _shoot(params, bench, shot, start=shot.moment, stop=("-frames:v", "1"))
    if shot.target.exists():
        return []
    # No frame begins at or after the moment, or seeking didn't find it: what is shown there began before.
    # Every frame from a little before is written over the one before it, so that the last one stays.
    for start in (max(shot.moment - STEP_BACK, 0), 0):
        stop = ("-t", f"{shot.moment - start + A_MILLISECOND:.6f}")
        with suppress(OperationFailed):
            reached = start + _shoot(params, bench, shot, start=start, stop=stop)
        if shot.target.exists():
            early = shot.moment - reached > EARLY
            return [f"at {shot.moment:.3f} s no picture could be decoded: that of {reached:.3f} s was taken"] * early
    message = f"no picture could be decoded at {shot.moment:.3f} s: the source is damaged or cut off"
    raise MediaRejected(message)


def _shoot(params: ScreenshotParams, bench: Workbench, shot: Shot, *, start: float, stop: tuple[str, str]) -> float:
    return bench.ffmpeg.run(
        [
            *(
                "-ss",
                f"{start:.6f}",
            ),  # before -i: seeks by the index, then decodes to the moment; fast, exact
            *bench.ffmpeg.input_arguments(bench.source),
            *("-map", "0:V:0", *stop),  # a capital V passes over cover art
            *_picture_arguments(params, shot.video),
            *("-f", "image2", "-update", "1", f"file:{shot.target}"),
        ],
        duration=None,
        phase="taking pictures",
        share=shot.share,
    )


def _picture_arguments(params: ScreenshotParams, video: Video) -> list[str]:
    """Return the filters and the encoder of one picture."""
    quality = params.quality or USUAL_QUALITY
    match params.format:
        case "jpeg":
            # JFIF: BT.601 in full range. mjpeg counts from 2, the best, to 31.
            colours, encoder = (
                ":out_color_matrix=bt601:out_range=pc",
                ["-pix_fmt", "yuv420p", "-c:v", "mjpeg"],
            )
            encoder += ["-q:v", str(round(31 - 29 * quality / 100))]
        case "webp":
            # WebP: BT.601 in limited range.
            colours, encoder = (
                ":out_color_matrix=bt601:out_range=tv",
                ["-pix_fmt", "yuv420p", "-c:v", "libwebp"],
            )
            encoder += ["-quality", str(quality)]
        case "png":
            colours, encoder = "", ["-pix_fmt", "rgb24", "-c:v", "png"]
    box = picture.Box(params.width, params.height)
    return ["-vf", ",".join([*picture.filters(video, box), f"scale=flags=lanczos{colours}"]), *encoder]


OPERATION = Operation(
    kind=SubtaskType.SCREENSHOT,
    summary="One or more still pictures, at given times",
    params=ScreenshotParams,
    run=run,
)
