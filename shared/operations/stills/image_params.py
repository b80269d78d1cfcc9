"""A still image: its format and size, the encoder and colors of each format, and the graph that renders it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from shared.media.probe import Video
from shared.operations import video_filters
from shared.operations.operation import OperationContext, Params
from shared.operations.watermarks.watermark import Watermark, Watermarks, overlay_watermarks

Kind = Literal["jpeg", "png", "webp"]

USUAL_QUALITY = 85
CONTENT_TYPES = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
ENDINGS = {"jpeg": "jpg", "png": "png", "webp": "webp"}
# JFIF: BT.601 in full range. WebP: BT.601 in limited range. PNG: RGB, whose matrix ffmpeg knows.
COLORS = {
    "jpeg": "scale=flags=lanczos:out_color_matrix=bt601:out_range=pc",
    "png": "scale=flags=lanczos",
    "webp": "scale=flags=lanczos:out_color_matrix=bt601:out_range=tv",
}


class StillParams(Params):
    """The format and size of images, and their watermarks."""

    format: Kind = "jpeg"
    quality: int | None = Field(None, ge=1, le=100, description="85 if omitted; not for png.")
    width: int | None = Field(None, ge=16, le=8192, description="Pixels; fits inside, never enlarged.")
    height: int | None = Field(None, ge=16, le=8192, description="Pixels; fits inside, never enlarged.")
    watermarks: Watermarks = Field((), description="Images and texts on top of the image, the first one lowest.")

    @model_validator(mode="after")
    def _png_has_no_quality(self) -> Self:
        check_quality(self.format, self.quality)
        return self

    def drawing(self, video: Video) -> "StillDrawing":
        """Return how to render a frame of that video as such an image."""
        return StillDrawing(
            video=video,
            box=video_filters.Box(self.width, self.height),
            finish=(COLORS[self.format],),
            encoder=image_encoder(self.format, self.quality),
            ending=ENDINGS[self.format],
            marks=self.watermarks,
        )


def check_quality(kind: Kind, quality: int | None) -> None:
    """Raise ValueError for a quality of a lossless format."""
    if kind == "png" and quality is not None:
        message = "png is lossless and has no quality setting: omit quality, or choose jpeg or webp"
        raise ValueError(message)


def image_encoder(kind: Kind, quality: int | None) -> tuple[str, ...]:
    """Return the encoder of an image that already has the colors of its format."""
    quality = quality or USUAL_QUALITY
    match kind:
        case "jpeg":
            # mjpeg counts from 2, the best, to 31.
            return ("-pix_fmt", "yuv420p", "-c:v", "mjpeg", "-q:v", str(round(31 - 29 * quality / 100)))
        case "webp":
            return ("-pix_fmt", "yuv420p", "-c:v", "libwebp", "-quality", str(quality))
        case "png":
            return ("-pix_fmt", "rgb24", "-c:v", "png")


@dataclass(frozen=True)
class StillDrawing:
    """How to render frames as images: scaled into `box`, watermarked, passed through `finish`, encoded."""

    video: Video
    box: video_filters.Box
    finish: tuple[str, ...]
    encoder: tuple[str, ...]
    ending: str
    marks: tuple[Watermark, ...] = ()

    def arguments(self, context: OperationContext, pick: Sequence[str]) -> list[str]:
        """Return everything between the input and the output: further inputs, the graph, the encoder.

        `pick` are the filters that select frames; watermarks appear by the times of the selected frames.
        """
        marks = overlay_watermarks(self.marks, context, "frame", "marked", 1)
        # A capital V skips cover art.
        chosen = ",".join(video_filters.display_filters(self.video, self.box, pick=pick))
        graph = [f"[0:V:0]{chosen}[frame]", *marks.chains, f"[marked]{','.join(self.finish)}[image]"]
        return [*marks.inputs, "-filter_complex", ";".join(graph), "-map", "[image]", *self.encoder]
