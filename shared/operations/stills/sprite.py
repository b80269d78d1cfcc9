"""Small images of a video on sheets, and a WebVTT file that gives a player the image for each time."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from shared.domain.subtask import SubtaskType
from shared.errors import ParametersRejected
from shared.media.probe import Video, image_size
from shared.operations import captions, video_filters
from shared.operations.captions import Cue
from shared.operations.operation import Operation, OperationContext, OperationResult, Params, Produced
from shared.operations.stills.image_params import (
    COLORS,
    CONTENT_TYPES,
    ENDINGS,
    Kind,
    StillDrawing,
    check_quality,
    image_encoder,
)
from shared.operations.stills.sample_screenshots import missing_image_warnings, plan_distance
from shared.operations.stills.snapshot import Moments, Snapshot, take_series
from shared.operations.transcoding.transcode_params import Side

USUAL_WIDTH, USUAL_HEIGHT = 160, 90
USUAL_TILES = 200  # more than a pointer can separate on a seek bar of the usual length
MOST_TILES, MOST_SHEETS = 1000, 100
MOST_PIXELS = 16383  # along a side: the limit of WebP
TILING = (0, 95)  # percents of the attempt; the sheets cost next to nothing
TILES, VTT = "tiles.yuv", "sprite.vtt"


class SpriteParams(Params):
    """The interval and size of the tiles, and how many a sheet holds."""

    every: float | None = Field(
        None, ge=0.1, le=86400, description="Seconds between tiles. If omitted: 1, or the interval of 200 tiles."
    )
    columns: int = Field(10, ge=1, le=50)
    rows: int = Field(10, ge=1, le=50)
    width: Side = Field(USUAL_WIDTH, description="Of a tile; the frame fits inside, on black. Even.")
    height: Side = Field(USUAL_HEIGHT, description="Of a tile; the frame fits inside, on black. Even.")
    turn_box: bool = Field(
        default=True, description="Whether width and height of the tiles are swapped for a portrait video."
    )
    format: Kind = "jpeg"
    quality: int | None = Field(None, ge=1, le=100, description="85 if omitted; not for png.")

    @model_validator(mode="after")
    def _a_sheet_can_be_encoded(self) -> Self:
        check_quality(self.format, self.quality)
        side = max(self.columns, self.rows) * max(self.width, self.height)
        if side > MOST_PIXELS:
            message = (
                f"a sheet of {side} pixels is larger than the maximum of {MOST_PIXELS}: request fewer columns or rows"
            )
            raise ValueError(message)
        return self

    def tile(self, video: Video) -> tuple[int, int]:
        """Return the width and height of each tile."""
        turned = self.turn_box and video.height > video.width
        return (self.height, self.width) if turned else (self.width, self.height)

    @property
    def tiles(self) -> int:
        """The number of tiles on a sheet."""
        return self.columns * self.rows


def run(params: SpriteParams, context: OperationContext) -> OperationResult:
    """Take the tiles, lay them out on sheets, and write the position of each one."""
    video = video_filters.require_video(context.media, context.ffmpeg.limits)
    video_seconds = video.duration or context.media.duration
    if video_seconds is None:
        message = "the file doesn't state its duration, so the tiles have no times"
        raise ParametersRejected(message, code="ParameterError.UnknownDuration")
    # The audio may be longer than the video, whose last tile then stands for the rest.
    duration = max(video_seconds, context.media.duration or 0)
    step = params.every or max(1.0, math.ceil(duration / USUAL_TILES))
    moments, warnings = plan_distance(step, min(MOST_TILES, MOST_SHEETS * params.tiles), duration)
    seen = plan_distance(moments.step, moments.most, video_seconds)[0]
    size = params.tile(video)
    shots = take_series(context, _drawing(video, size), seen, TILING)
    sheets = _sheets(params, context, shots, size)
    target = context.folder / VTT
    target.write_text(captions.to_webvtt(list(_cues(params, moments, duration, size, len(shots)))))
    facts = {"tiles": len(shots), "every": round(moments.step, 3), "duration": round(duration, 3)}
    index = Produced(target, captions.WEBVTT_TYPE, facts=facts, path_name=VTT)
    return OperationResult((index, *sheets), warnings=(*warnings, *missing_image_warnings(shots, seen, video_seconds)))


def _drawing(video: Video, size: tuple[int, int]) -> StillDrawing:
    """Return how to render a frame as a tile: raw pixels in the colors of JPEG, for the sheets."""
    width, height = size
    return StillDrawing(
        video=video,
        box=video_filters.Box(width, height),
        # -1 is the middle.
        finish=(COLORS["jpeg"], "format=yuv444p", f"pad={width}:{height}:-1:-1"),
        encoder=("-c:v", "rawvideo", "-pix_fmt", "yuv444p"),
        ending="yuv",
    )


def _sheets(
    params: SpriteParams, context: OperationContext, shots: tuple[Snapshot, ...], size: tuple[int, int]
) -> tuple[Produced, ...]:
    """Lay the tiles out row by row; the last sheet has only the rows that it needs, with black in unused places."""
    files = []
    for number, first in enumerate(range(0, len(shots), params.tiles), start=1):
        some = shots[first : first + params.tiles]
        tiles = context.folder / TILES
        with tiles.open("wb") as file:
            for shot in some:
                file.write(shot.path.read_bytes())
        rows = math.ceil(len(some) / params.columns)
        columns = min(params.columns, len(some))
        target = context.folder / _name(params.format, number)
        width, height = size
        context.ffmpeg.run(
            [
                *("-f", "rawvideo", "-pixel_format", "yuv444p", "-video_size", f"{width}x{height}", "-framerate", "1"),
                *("-i", f"file:{TILES}", "-vf", _layout(params.format, columns, rows), "-frames:v", "1"),
                *(*image_encoder(params.format, params.quality), "-f", "image2", "-update", "1", f"file:{target.name}"),
            ],
            duration=None,
            phase="laying out tiles",
            share=(TILING[1], 100),
        )
        tiles.unlink()
        files.append(_sheet(params.format, target, number))
    return tuple(files)


def _layout(kind: Kind, columns: int, rows: int) -> str:
    # Raw pixels have no color metadata.
    return f"setparams=range=pc:colorspace=smpte170m,tile={columns}x{rows},{COLORS[kind]}"


def _sheet(kind: Kind, path: Path, number: int) -> Produced:
    width, height = image_size(path)
    return Produced(path, CONTENT_TYPES[kind], number, {"width": width, "height": height}, path_name=path.name)


def _cues(params: SpriteParams, moments: Moments, duration: float, size: tuple[int, int], tiles: int) -> Iterator[Cue]:
    """Yield a cue for each of the moments, which fill the whole duration; the last tile stays until the end."""
    width, height = size
    count = moments.count or 1
    for index in range(count):
        sheet, place = divmod(min(index, tiles - 1), params.tiles)
        row, column = divmod(place, params.columns)
        end = duration if index == count - 1 else moments.step * (index + 1)
        where = f"{_name(params.format, sheet + 1)}#xywh={column * width},{row * height},{width},{height}"
        yield Cue(moments.step * index, end, where)


def _name(kind: Kind, number: int) -> str:
    return f"sprite-{number:03}.{ENDINGS[kind]}"


OPERATION = Operation(
    kind=SubtaskType.SPRITE,
    summary="Sheets of small images for a player's seek bar, with WebVTT",
    params=SpriteParams,
    run=run,
)
