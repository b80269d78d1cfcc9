"""How a video gets the requested shape."""

from collections.abc import Sequence
from dataclasses import replace

from shared.media.probe import Video
from shared.operations import video_filters
from shared.operations.operation import OperationContext
from shared.operations.transcoding.transcode_params import Fit, TranscodeParams, VideoParams
from shared.operations.watermarks.watermark import MOVING, Canvas, Overlay, overlay_watermarks

FRAMED = "video"  # the label of the framed video


def frame_filters(video: Video, asked: VideoParams) -> list[str]:
    """Return the filters from the decoder to the encoder: upright, framed, at its frame rate, in SDR or HDR."""
    keep_hdr = asked.bit_depth == 10  # noqa: PLR2004 - bits
    if asked.fit is Fit.INSIDE or not (asked.width and asked.height):
        chain = video_filters.display_filters(video, asked.box, keep_hdr=keep_hdr)
    elif asked.fit is Fit.PAD:
        chain = [
            *video_filters.display_filters(video, asked.box, keep_hdr=keep_hdr),
            pad_filter(asked.width, asked.height),
        ]
    else:
        chain = _filled(video, asked, asked.width, asked.height, keep_hdr=keep_hdr)
    if asked.frame_rate:
        chain.append(f"fps=fps='min(source_fps,{asked.frame_rate:g})'")
    return chain


def keeps_hdr(video: Video, asked: VideoParams) -> bool:
    """Whether the encoded video is still HDR."""
    return video.hdr and asked.bit_depth == 10  # noqa: PLR2004 - bits


def pad_filter(width: int, height: int) -> str:
    """Return the filter that pads a video with black to the shape of width by height."""
    across, down = f"2*round(ih*{width}/{height}/2)", f"2*round(iw*{height}/{width}/2)"
    return f"pad=w='max(iw,{across})':h='max(ih,{down})':x='(ow-iw)/2':y='(oh-ih)/2'"


def _filled(video: Video, asked: VideoParams, width: int, height: int, *, keep_hdr: bool) -> list[str]:
    """Return the filters that crop the center of the video to that shape, then scale it."""
    upright = video_filters.display_filters(video, video_filters.Box(), keep_hdr=True)
    crop = f"crop=w='min(iw,2*floor(ih*{width}/{height}/2))':h='min(ih,2*floor(iw*{height}/{width}/2))'"
    size = (str(width), str(height)) if asked.upscale else (f"'min({width},iw)'", f"'min({height},ih)'")
    last = video_filters.display_filters(replace(video, interlaced=False), video_filters.Box(), keep_hdr=keep_hdr)
    return [*upright, crop, f"scale=w={size[0]}:h={size[1]}:flags=lanczos,setsar=1", *last]


def framing_graph(
    params: TranscodeParams,
    context: OperationContext,
    filters: Sequence[str],
    *,
    first_input: int = 1,
    canvas: Canvas = MOVING,
) -> Overlay:
    """Return the chains from the first input's video, through the filters and the watermarks, to [FRAMED].

    `first_input` is the number of the first further input.
    """
    laid = overlay_watermarks(params.watermarks, context, "framed", FRAMED, first_input, canvas=canvas)
    # A capital V skips cover art.
    return Overlay(laid.inputs, [f"[0:V:0]{','.join(filters)}[framed]", *laid.chains])
