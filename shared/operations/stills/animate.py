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
COLOURS = 128  # Of a GIF: twice as many make it a fifth larger, and nobody sees them.
CUTTING = (0, 60)  # percents of the attempt
CONTENT_TYPES = {"gif": "image/gif", "webp": "image/webp"}
PALETTE = "palette.png"


class AnimateParams(Params):
    """Which part or parts are shown, in which kind of file, how large and how fluent."""

    format: Literal["gif", "webp"] = "gif"
    start: Moment | None = Field(
        None, description='Seconds, a clock ("00:00:12.5") or a share ("10%"). Not with `spread`.'
    )
    duration: float = Field(
        5, ge=0.1, le=60, allow_inf_nan=False, description="Seconds at most, of all pieces together."
    )
    spread: int | None = Field(None, ge=2, le=20, description="So many pieces, evenly from all of the video.")
    width: Side | None = Field(None, description="Fits inside; never enlarged. Made even. 360 when both are left out.")
    height: Side | None = Field(None, description="Fits inside; never enlarged. Made even.")
    frame_rate: float = Field(10, ge=1, le=30, description="At most so many frames a second.")
    loop: int = Field(0, ge=0, le=1000, description="How often it is played; 0 is for ever.")
    quality: int | None = Field(None, ge=1, le=100, description="Of webp: 60 when left out. A gif has none.")

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.format == "gif" and self.quality is not None:
            message = "a gif has no quality: leave it out, or choose webp"
            raise ValueError(message)
        if self.start is not None and self.spread is not None:
            message = "spread takes pieces from all of the video: leave out start, or spread"
            raise ValueError(message)
        return self

    @property
    def box(self) -> video_filters.Box:
        """What the image must fit inside."""
        return video_filters.Box(self.width, self.height) if self.width or self.height else video_filters.Box(width=360)


def run(params: AnimateParams, context: OperationContext) -> OperationResult:
    """Cut the pieces out, one by one and without loss; then encode them as one."""
    video = video_filters.require_video(context.media, context.ffmpeg.limits)
    pieces = animation_spans(params, snapshot.video_length(context, video))
    found: list[Path] = []
    while len(found) < len(pieces) and (piece := _cut(params, context, video, len(found), pieces)):
        found.append(piece)
    if not found:
        message = "no image could be decoded there: the source is damaged or cut off"
        raise MediaRejected(message)
    target = context.folder / f"out.{params.format}"
    encode = _gif if params.format == "gif" else _webp
    length = encode(params, context, found, target)
    width, height = animation_size(target)
    facts = {"width": width, "height": height, "duration": round(length, 3)}
    missing = len(pieces) - len(found)
    warning = f"{missing} of {len(pieces)} pieces could not be decoded: the source is damaged or cut off"
    return OperationResult(
        (Produced(target, CONTENT_TYPES[params.format], facts=facts),), warnings=(warning,) if missing else ()
    )


def animation_spans(params: AnimateParams, duration: float | None) -> list[tuple[float, float]]:
    """Return when each piece begins and how long it is, in seconds.

    Raises ParametersRejected for a start past the end, and where pieces are to be spread over an unknown length.
    """
    if not params.spread:
        start = resolve_moment(params.start or 0, duration)
        return [(start, params.duration if duration is None else min(params.duration, duration - start))]
    if duration is None:
        message = "the file doesn't say how long it is, so no pieces can be spread over it: give a start instead"
        raise ParametersRejected(message, code="ParameterError.UnknownDuration")
    if params.duration >= duration:
        return [(0, duration)]
    part, length = duration / params.spread, params.duration / params.spread
    return [(part * (number + 0.5) - length / 2, length) for number in range(params.spread)]


def _cut(
    params: AnimateParams, context: OperationContext, video: Video, number: int, pieces: list[tuple[float, float]]
) -> Path | None:
    """Cut one piece out, in its final size and rate; return its path, None when nothing is there to be decoded."""
    start, length = pieces[number]
    target = context.folder / f"piece-{number}.mkv"
    low, high = CUTTING
    # Of a source whose frames last longer than the piece, one is shown for as long as the piece; and at the end, pass
    # leaves one of a film shorter than half a step.
    slowest, fastest = 1 / max(length, snapshot.A_MILLISECOND), params.frame_rate
    pick = f"fps=fps='min(max(source_fps,{slowest:.6f}),{fastest:g})':eof_action=pass"
    chain = video_filters.display_filters(video, params.box, pick=[pick])
    rate = min(max(video.frame_rate or fastest, slowest), fastest)
    place = ["-ss", f"{start:.6f}", "-t", f"{length:.6f}"]
    source = context.ffmpeg.input_arguments(context.source)
    # Before -i it seeks by the index, then decodes to the moment: fast, exact. After it, all before is decoded: that
    # finds images also where a seek finds none, as in a stream whose key frames are rare.
    for reading in ([*place, *source], [*source, *place]):
        with suppress(OperationFailed):  # no frame at all is an error to some encoders, not to others
            written = context.ffmpeg.run(
                [
                    *(*reading, "-map", "0:V:0", "-vf", ",".join(chain), "-pix_fmt", "bgr0", "-c:v", "ffv1"),
                    # Pieces begin between two frames: of as many as there are, each could bring one too many.
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
    """Make a GIF, in two passes: with one, every frame would wait in memory for the palette of all."""
    inputs, joined = _joined(context, pieces)
    context.ffmpeg.run(
        [
            *(*inputs, "-filter_complex", f"{joined},palettegen=max_colors={COLOURS}:stats_mode=diff[palette]"),
            *("-map", "[palette]", "-frames:v", "1", "-f", "image2", "-update", "1", f"file:{PALETTE}"),
        ],
        duration=None,
        phase="choosing colours",
        share=(60, 75),
    )
    dither = "paletteuse=dither=bayer:bayer_scale=4:diff_mode=rectangle"
    repeats = -1 if params.loop == 1 else max(params.loop - 1, 0)  # a GIF counts how often it comes again
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
    colours = "scale=flags=lanczos:out_color_matrix=bt601:out_range=tv,format=yuv420p"  # as WebP has it
    return context.ffmpeg.run(
        [
            *(*inputs, "-filter_complex", f"{joined},{colours}[out]", "-map", "[out]"),
            *("-c:v", "libwebp_anim", "-quality", str(params.quality or USUAL_QUALITY)),
            *("-loop", str(params.loop), "-f", "webp", f"file:{target.name}"),
        ],
        duration=params.duration,
        phase="encoding",
        share=(60, 100),
    )


def _joined(context: OperationContext, pieces: list[Path]) -> tuple[list[str], str]:
    """Return the inputs that the pieces are, and the beginning of a graph that joins them."""
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
    return image_size(path)  # of a single frame ffmpeg makes a still


OPERATION = Operation(
    kind=SubtaskType.ANIMATE,
    summary="A GIF or an animated WebP, of one part or of pieces from all of the video",
    params=AnimateParams,
    run=run,
)
