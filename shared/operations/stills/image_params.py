"""A still image: its kind and size, the encoder and colours of each kind, and the graph that draws it."""

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
COLOURS = {
    "jpeg": "scale=flags=lanczos:out_color_matrix=bt601:out_range=pc",
    "png": "scale=flags=lanczos",
    "webp": "scale=flags=lanczos:out_color_matrix=bt601:out_range=tv",
}


class StillParams(Params):
    """Of which kind and size images are, and what lies over them."""

    format: Kind = "jpeg"
    quality: int | None = Field(None, ge=1, le=100, description="85 when left out; png has none.")
    width: int | None = Field(None, ge=16, le=8192, description="Fits inside; never enlarged.")
    height: int | None = Field(None, ge=16, le=8192, description="Fits inside; never enlarged.")
    watermarks: Watermarks = Field((), description="Images and texts to lay over the image, the first lowest.")

    @model_validator(mode="after")
    def _png_has_no_quality(self) -> Self:
        check_quality(self.format, self.quality)
        return self

    def drawing(self, video: Video) -> "StillDrawing":
        """Return how a frame of that video becomes such an image."""
        return StillDrawing(
            video=video,
            box=video_filters.Box(self.width, self.height),
            finish=(COLOURS[self.format],),
            encoder=image_encoder(self.format, self.quality),
            ending=ENDINGS[self.format],
            marks=self.watermarks,
        )


def check_quality(kind: Kind, quality: int | None) -> None:
    """Raise ValueError for a quality of what is lossless."""
    if kind == "png" and quality is not None:
        message = "png is lossless and takes no quality: leave it out, or choose jpeg or webp"
        raise ValueError(message)


def image_encoder(kind: Kind, quality: int | None) -> tuple[str, ...]:
    """Return the encoder of an image whose colours are already those of its kind."""
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
    """How frames become images: scaled into `box`, marked, passed through `finish`, encoded into such a file."""

    video: Video
    box: video_filters.Box
    finish: tuple[str, ...]
    encoder: tuple[str, ...]
    ending: str
    marks: tuple[Watermark, ...] = ()

    def arguments(self, context: OperationContext, pick: Sequence[str]) -> list[str]:
        """Return what stands between the input and the output: further inputs, the graph, the encoder.

        `pick` are the filters that choose frames; marks come and go by the times of what those let pass.
        """
        marks = overlay_watermarks(self.marks, context, "frame", "marked", 1)
        # A capital V passes over cover art.
        chosen = ",".join(video_filters.display_filters(self.video, self.box, pick=pick))
        graph = [f"[0:V:0]{chosen}[frame]", *marks.chains, f"[marked]{','.join(self.finish)}[image]"]
        return [*marks.inputs, "-filter_complex", ";".join(graph), "-map", "[image]", *self.encoder]
