"""Watermarks over a video: an image from the caller, or a text. Both become our own PNG first."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shared.errors import MediaRejected, OperationFailed, ParametersRejected
from shared.operations.clip import resolve_end
from shared.operations.moment import Moment, resolve_moment
from shared.operations.operation import OperationContext, Params
from shared.operations.watermarks.text_drawing import StyledText, draw_text

Anchor = Literal["top-left", "top", "top-right", "left", "center", "right", "bottom-left", "bottom", "bottom-right"]
Share = Annotated[float, Field(gt=0, le=1)]
Offset = Annotated[float, Field(ge=-0.5, le=1)]

USUAL_WIDTH, USUAL_LINE_HEIGHT, USUAL_OFFSET = 0.15, 0.06, 0.02
MOST_MARKS = 10
MOST_PIXELS = 4096 * 4096  # of an image; a watermark is smaller than the video
MOST_BYTES = 20_000_000
# Full white would glare on an HDR video: 0.6 of a PQ or HLG signal is about graphics white, ITU-R BT.2408.
GRAPHICS_WHITE = 0.6
PNG_SIGNATURE, PNG_ANIMATION = b"\x89PNG\r\n\x1a\n", b"acTL"
JPEG_SIGNATURE = b"\xff\xd8\xff"
WEBP_ANIMATION = 0x02  # a flag in the extended header
MIDDLE = 0.5
RAW = "mark.bgra"  # a drawn text before it becomes a PNG
ACROSS = {"left": 0.0, "center": 0.5, "right": 1.0}
DOWN = {"top": 0.0, "center": 0.5, "bottom": 1.0}


class Watermark(Params):
    """A watermark: an image or a text, with its position, size, opacity and times."""

    image: str | None = Field(
        None,
        min_length=1,
        max_length=1200,
        description='A PNG, JPEG or WebP: "s3://bucket/key", or a key in the input bucket. Not with `text`.',
    )
    text: StyledText | None = Field(None, description="A text instead of an image.")
    position: Anchor = Field("bottom-right", description="The corner, edge or center where it is placed.")
    x: Offset | None = Field(
        None, description="Distance from that edge as a share of the video's width; from the center, to the right."
    )
    y: Offset | None = Field(
        None, description="Distance from that edge as a share of the video's height; from the center, down."
    )
    width: Share | None = Field(None, description="Its width as a share of the video's. Not with `height`.")
    height: Share | None = Field(None, description="Its height as a share of the video's. Not with `width`.")
    opacity: Share = Field(1.0, description="1 is opaque.")
    start: Moment | None = Field(None, description="When it appears, in the output's time; the beginning if omitted.")
    end: Moment | None = Field(None, description="When it disappears; the end of the output if omitted.")

    @model_validator(mode="after")
    def _one_thing_of_one_size(self) -> Self:
        if (self.image is None) == (self.text is None):
            message = "a watermark is an image or a text: give exactly one of them"
            raise ValueError(message)
        if self.width is not None and self.height is not None:
            message = "give the watermark's width or its height, not both: its aspect ratio is kept"
            raise ValueError(message)
        return self

    @property
    def size(self) -> tuple[float, float]:
        """The box that it fits inside, as shares of the video's width and height."""
        if self.width is not None:
            return self.width, 1.0
        if self.height is not None:
            return 1.0, self.height
        if self.text is None:
            return USUAL_WIDTH, 1.0
        return 1.0, min(1.0, USUAL_LINE_HEIGHT * len(self.text.content.split("\n")))

    @property
    def anchor(self) -> tuple[float, float]:
        """Its anchor, across and down: 0 is left or top, 1 right or bottom."""
        words = self.position.split("-")
        across = next((ACROSS[word] for word in words if word in {"left", "right"}), 0.5)
        down = next((DOWN[word] for word in words if word in {"top", "bottom"}), 0.5)
        return across, down


Watermarks = Annotated[tuple[Watermark, ...], Field(max_length=MOST_MARKS)]


@dataclass(frozen=True)
class Overlay:
    """The arguments that overlay watermarks: further inputs, and chains of a filter_complex."""

    inputs: list[str] = field(default_factory=list)
    chains: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Canvas:
    """The video or image under the watermarks.

    `duration` is the length in seconds to which the watermarks' times refer, None for the source's. With `still_at`, it
    is one frame of that moment and gets only the watermarks that are shown then. `late` is the number of seconds before
    its first frame. `hdr` says that it is still HDR.
    """

    duration: float | None = None
    late: float = 0.0
    still_at: float | None = None
    bit_depth: int = 8
    hdr: bool = False


MOVING = Canvas()


def overlay_watermarks(  # noqa: PLR0913 - what a graph and a video can be
    marks: Sequence[Watermark],
    context: OperationContext,
    base: str,
    out: str,
    first_input: int,
    *,
    canvas: Canvas = MOVING,
) -> Overlay:
    """Return how to overlay the watermarks on the video labeled `base`; the result is labeled `out`.

    `first_input` is the number of the first further input. Labels in between begin with `out`.

    Raise ParametersRejected for an invalid image, a character without a shape, and a time after the end.
    """
    length = context.media.duration if canvas.duration is None else canvas.duration
    shown = [(mark, _times(mark, length)) for mark in marks]
    if canvas.still_at is not None:
        shown = [(mark, Times()) for mark, times in shown if times.cover(canvas.still_at)]
    if not shown:
        return Overlay(chains=[f"[{base}]null[{out}]"])
    inputs: list[str] = []
    chains: list[str] = []
    pixels = "yuv420p10" if canvas.bit_depth > 8 else "yuv420p"  # noqa: PLR2004 - bits
    layout = f"format={pixels.removesuffix('p')}"  # the names of the overlay filter
    for number, (mark, times) in enumerate(shown):
        inputs += ["-f", "png_pipe", "-i", f"file:{watermark_png(mark, context)}"]
        below = base if number == 0 else f"{out}_{number}"
        above = out if number == len(shown) - 1 else f"{out}_{number + 1}"
        step = f"{out}_{number}"
        across, down = mark.size
        # With a second input, rw and rh are the sides of the video itself, at any size.
        scale = f"scale=w='max(1,min(rw*{across:g},rh*{down:g}*iw/ih))':h=-1:flags=lanczos"
        chains += [
            f"[{below}]format={pixels},split[{step}below][{step}size]",
            f"[{first_input + number}:v]format=rgba,{_mixer(mark, canvas)}[{step}mark]",
            f"[{step}mark][{step}size]{scale}[{step}scaled]",
            f"[{step}below][{step}scaled]overlay={_place(mark)}:{layout}{times.enable(canvas.late)}[{above}]",
        ]
    return Overlay(inputs, chains)


@dataclass(frozen=True)
class Times:
    """When a watermark is shown, in seconds; None for the end."""

    start: float = 0.0
    end: float | None = None

    def cover(self, moment: float) -> bool:
        """Whether the watermark is shown at that moment."""
        return self.start <= moment and (self.end is None or moment < self.end)

    def enable(self, late: float) -> str:
        """Return the option that shows it only then, on a video whose clock is late by that many seconds."""
        if not self.start and self.end is None:
            return ""
        until = "" if self.end is None else f"*lt(t,{self.end - late:.6f})"
        return f":enable='gte(t,{self.start - late:.6f}){until}'"


def _times(mark: Watermark, duration: float | None) -> Times:
    times = Times(
        0.0 if mark.start is None else resolve_moment(mark.start, duration),
        None if mark.end is None else resolve_end(mark.end, duration),
    )
    if times.end is not None and times.end <= times.start:
        message = (
            f"the watermark appears at {times.start:g} s and disappears at {times.end:g} s: end must be after start"
        )
        raise ParametersRejected(message, code="ParameterError.EmptyRange")
    return times


def _mixer(mark: Watermark, canvas: Canvas) -> str:
    light = f"rr={GRAPHICS_WHITE}:gg={GRAPHICS_WHITE}:bb={GRAPHICS_WHITE}:" if canvas.hdr else ""
    return f"colorchannelmixer={light}aa={mark.opacity:g}"


def _place(mark: Watermark) -> str:
    """Return the position of the watermark's upper left corner: the free space, shared out, and the inward offset."""
    across, down = mark.anchor
    x, y = (
        (0.0 if share == MIDDLE else USUAL_OFFSET) if offset is None else offset
        for share, offset in ((across, mark.x), (down, mark.y))
    )
    x, y = (-offset if share == 1 else offset for share, offset in ((across, x), (down, y)))
    return f"x='(W-w)*{across:g}+W*{x:g}':y='(H-h)*{down:g}+H*{y:g}'"


def watermark_png(mark: Watermark, context: OperationContext) -> Path:
    """Make the watermark a PNG in the context's folder unless it is there already; return its path."""
    name = hashlib.sha256(mark.model_dump_json(include={"image", "text", "position"}).encode()).hexdigest()[:16]
    target = context.folder / f"mark-{name}.png"
    if target.exists():
        return target
    source = _image(context.files.asset(mark.image), mark.image, context) if mark.image else _drawing(mark, context)
    with suppress(MediaRejected, OperationFailed):
        context.ffmpeg.run(
            [*source, "-frames:v", "1", "-c:v", "png", "-f", "image2", "-update", "1", f"file:{target}"],
            duration=None,
            phase="drawing watermarks",
            share=(0, 0),
        )
    (context.folder / RAW).unlink(missing_ok=True)
    if not target.exists() or not target.stat().st_size:
        message = (
            f"the watermark {mark.image or 'text'} can't be read: it is damaged, or has more than 4096 by 4096 pixels"
        )
        raise ParametersRejected(message, code="ParameterError.Watermark")
    return target


def _image(path: Path, name: str, context: OperationContext) -> list[str]:
    """Return the input and filters of an untrusted image; raise unless it is a still PNG, JPEG or WebP."""
    if path.stat().st_size > MOST_BYTES:
        message = f"the watermark {name} is larger than {MOST_BYTES // 10**6} MB"
        raise ParametersRejected(message, code="ParameterError.Watermark")
    content = path.read_bytes()
    demuxer = _demuxer(content)
    if demuxer is None:
        message = f"the watermark {name} is not a still PNG, JPEG or WebP image"
        raise ParametersRejected(message, code="ParameterError.Watermark")
    # Neither its name nor its content can make ffmpeg open another file.
    whitelists = ["-protocol_whitelist", "file", "-format_whitelist", demuxer]
    pixels = ["-max_pixels", str(min(MOST_PIXELS, context.ffmpeg.limits.max_pixels))]
    return [*whitelists, *pixels, "-f", demuxer, "-i", f"file:{path}", "-map", "0:v:0", "-pix_fmt", "rgba"]


def _demuxer(content: bytes) -> str | None:
    """Return the demuxer of a still image by its first bytes, None for any other content."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        moves = content[12:16] == b"VP8X" and content[20:21] != b"" and content[20] & WEBP_ANIMATION
        return None if moves else "webp_pipe"
    if content.startswith(PNG_SIGNATURE):
        moves = PNG_ANIMATION in content.partition(b"IDAT")[0]
        return None if moves else "png_pipe"
    return "jpeg_pipe" if content.startswith(JPEG_SIGNATURE) else None


def _drawing(mark: Watermark, context: OperationContext) -> list[str]:
    """Draw a text; return the input and filters that make it an image."""
    text = mark.text or StyledText(content=" ")
    drawing = draw_text(text, align=mark.anchor[0])
    raw = context.folder / RAW
    raw.write_bytes(drawing.pixels)
    size = f"{drawing.width}x{drawing.height}"
    filters = "vflip,format=gbrap,unpremultiply=inplace=1,format=rgba"
    return ["-f", "rawvideo", "-pixel_format", "bgra", "-video_size", size, "-i", f"file:{raw}", "-vf", filters]
