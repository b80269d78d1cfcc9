"""A short video without audio: a GIF, or an animated WebP."""

import struct
from contextlib import suppress
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from shared.domain.subtask import SubtaskType
from shared.errors import MediaRejected, OperationFailed, ParametersRejected
from shared.media.probe import Video, image_size
from shared.operations import video_filters
from shared.operations.moment import Moment, resolve_moment
from shared.operations.operation import Operation, OperationContext, OperationResult, Params, Produced
from shared.operations.stills import snapshot
from shared.operations.transcoding.transcode_params import Side

USUAL_QUALITY = 60
COLORS = 128  # In a GIF: twice as many make it a fifth larger, with no visible difference.
CUTTING = (0, 60)  # percents of the attempt
CONTENT_TYPES = {"gif": "image/gif", "webp": "image/webp"}
PALETTE = "palette.png"


class AnimateParams(Params):
    """Which parts to show, and the format, size and frame rate."""

    format: Literal["gif", "webp"] = "gif"
    start: Moment | None = Field(
        None, description='Seconds, a clock time ("00:00:12.5") or a percentage ("10%"). Not with `spread`.'
    )
    duration: float = Field(
        5, ge=0.1, le=60, allow_inf_nan=False, description="Maximum seconds, of all parts together."
    )
    spread: int | None = Field(None, ge=2, le=20, description="This many short parts, spread evenly over the video.")
    width: Side | None = Field(None, description="Fits inside; never enlarged. Even. 360 if both are omitted.")
    height: Side | None = Field(None, description="Fits inside; never enlarged. Even.")
    frame_rate: float = Field(10, ge=1, le=30, description="Maximum frames per second.")
    loop: int = Field(0, ge=0, le=1000, description="How often it plays; 0 loops forever.")
    quality: int | None = Field(None, ge=1, le=100, description="For webp only; 60 if omitted.")

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.format == "gif" and self.quality is not None:
            message = "gif has no quality setting: omit quality, or choose webp"
            raise ValueError(message)
        if self.start is not None and self.spread is not None:
            message = "spread takes parts from the whole video: omit start or spread"
            raise ValueError(message)
        return self

    @property
    def box(self) -> video_filters.Box:
        """The box that the animation fits inside."""
        return video_filters.Box(self.width, self.height) if self.width or self.height else video_filters.Box(width=360)


def run(params: AnimateParams, context: OperationContext) -> OperationResult:
    """Cut the parts out one by one, without loss; then encode them as one file."""
    video = video_filters.require_video(context.media, context.ffmpeg.limits)
    pieces = animation_spans(params, video.duration or context.media.duration)
    found: list[Path] = []
    while len(found) < len(pieces) and (piece := _cut(params, context, video, len(found), pieces)):
        found.append(piece)
    if not found:
        message = "no frame could be decoded there: the source is damaged or truncated"
        raise MediaRejected(message)
    target = context.folder / f"out.{params.format}"
    encode = _gif if params.format == "gif" else _webp
    length = encode(params, context, found, target)
    width, height = animation_size(target)
    facts = {"width": width, "height": height, "duration": round(length, 3)}
    missing = len(pieces) - len(found)
    warning = f"{missing} of {len(pieces)} parts could not be decoded: the source is damaged or truncated"
    return OperationResult(
        (Produced(target, CONTENT_TYPES[params.format], facts=facts),), warnings=(warning,) if missing else ()
    )


def animation_spans(params: AnimateParams, duration: float | None) -> list[tuple[float, float]]:
    """Return the start and length of each part, in seconds.

    Raise ParametersRejected for a start after the end, and for `spread` if the duration is unknown.
    """
    if not params.spread:
        start = resolve_moment(params.start or 0, duration)
        return [(start, params.duration if duration is None else min(params.duration, duration - start))]
    if duration is None:
        message = "the file doesn't state its duration, so no parts can be spread over it: give start instead"
        raise ParametersRejected(message, code="ParameterError.UnknownDuration")
    if params.duration >= duration:
        return [(0, duration)]
    part, length = duration / params.spread, params.duration / params.spread
    return [(part * (number + 0.5) - length / 2, length) for number in range(params.spread)]


def _cut(
    params: AnimateParams, context: OperationContext, video: Video, number: int, pieces: list[tuple[float, float]]
) -> Path | None:
    """Cut one part out, at its final size and frame rate; return its path, None if nothing can be decoded there."""
    start, length = pieces[number]
    target = context.folder / f"piece-{number}.mkv"
    low, high = CUTTING
    # If the source's frames last longer than the part, one frame is shown for the whole part; at the end, `pass` keeps
    # one frame of a video that is shorter than half a step.
    slowest, fastest = 1 / max(length, snapshot.A_MILLISECOND), params.frame_rate
    pick = f"fps=fps='min(max(source_fps,{slowest:.6f}),{fastest:g})':eof_action=pass"
    chain = video_filters.display_filters(video, params.box, pick=[pick])
    rate = min(max(video.frame_rate or fastest, slowest), fastest)
    place = ["-ss", f"{start:.6f}", "-t", f"{length:.6f}"]
    source = context.ffmpeg.input_arguments(context.source)
    # Before -i, it seeks by the index, then decodes to the moment: fast and exact. After -i, everything before is
    # decoded: that finds frames where a seek finds none, as in a stream with few key frames.
    for reading in ([*place, *source], [*source, *place]):
        with suppress(OperationFailed):  # some encoders fail without a frame, others don't
            written = context.ffmpeg.run(
                [
                    *(*reading, "-map", "0:V:0", "-vf", ",".join(chain), "-pix_fmt", "bgr0", "-c:v", "ffv1"),
                    # Parts begin between two frames: without a limit, each could have one frame too many.
                    *("-frames:v", str(max(1, round(length * rate))), "-f", "matroska", f"file:{target.name}"),
                ],
                duration=length,
                phase="cutting",
                share=(low + (high - low) * number // len(pieces), low + (high - low) * (number + 1) // len(pieces)),
            )
            if written:
                return target
    return None


def _gif(params: AnimateParams, context: OperationContext, pieces: list[Path], target: Path) -> float:
    """Make a GIF in two passes: in one pass, every frame would wait in memory for the common palette."""
    inputs, joined = _joined(context, pieces)
    context.ffmpeg.run(
        [
            *(*inputs, "-filter_complex", f"{joined},palettegen=max_colors={COLORS}:stats_mode=diff[palette]"),
            *("-map", "[palette]", "-frames:v", "1", "-f", "image2", "-update", "1", f"file:{PALETTE}"),
        ],
        duration=None,
        phase="choosing colors",
        share=(60, 75),
    )
    dither = "paletteuse=dither=bayer:bayer_scale=4:diff_mode=rectangle"
    repeats = -1 if params.loop == 1 else max(params.loop - 1, 0)  # a GIF counts the repetitions
    return context.ffmpeg.run(
        [
            *(*inputs, "-f", "png_pipe", "-i", f"file:{PALETTE}"),
            *("-filter_complex", f"{joined}[film];[film][{len(pieces)}:v]{dither}[out]", "-map", "[out]"),
            *("-c:v", "gif", "-loop", str(repeats), "-f", "gif", f"file:{target.name}"),
        ],
        duration=params.duration,
        phase="encoding",
        share=(75, 100),
    )


def _webp(params: AnimateParams, context: OperationContext, pieces: list[Path], target: Path) -> float:
    inputs, joined = _joined(context, pieces)
    colors = "scale=flags=lanczos:out_color_matrix=bt601:out_range=tv,format=yuv420p"  # the colors of WebP
    return context.ffmpeg.run(
        [
            *(*inputs, "-filter_complex", f"{joined},{colors}[out]", "-map", "[out]"),
            *("-c:v", "libwebp_anim", "-quality", str(params.quality or USUAL_QUALITY)),
            *("-loop", str(params.loop), "-f", "webp", f"file:{target.name}"),
        ],
        duration=params.duration,
        phase="encoding",
        share=(60, 100),
    )


def _joined(context: OperationContext, pieces: list[Path]) -> tuple[list[str], str]:
    """Return the inputs for the parts, and the beginning of a graph that joins them."""
    inputs = [argument for piece in pieces for argument in context.ffmpeg.input_arguments(piece)]
    labels = "".join(f"[{number}:v]" for number in range(len(pieces)))
    return inputs, f"{labels}concat=n={len(pieces)}"


def animation_size(path: Path) -> tuple[int, int]:
    """Return the width and height of a GIF or an animated WebP that ffmpeg wrote."""
    with path.open("rb") as file:
        head = file.read(30)
    if head.startswith(b"GIF"):
        width, height = struct.unpack_from("<HH", head, 6)
        return width, height
    if head[12:16] == b"VP8X":  # WebP container specification, "Extended File Format": 24 bits each, less one
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    return image_size(path)  # ffmpeg makes a still image of a single frame


OPERATION = Operation(
    kind=SubtaskType.ANIMATE,
    summary="A GIF or an animated WebP, of one part or of short parts spread over the video",
    params=AnimateParams,
    run=run,
)
