"""The filters that show video as a player does: upright, progressive, in square pixels, scaled to fit, in SDR."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

from shared.errors import LimitExceeded, MediaRejected
from shared.media.ffmpeg import Limits
from shared.media.probe import RGB, Media, Video

# bwdif on frames that are marked as interlaced; one frame out per frame in.
DEINTERLACE = "bwdif=mode=send_frame:deint=interlaced"

# Codecs whose decoder sets the matrix if the file doesn't: they have only one, or each frame states it.
KNOWN_MATRIX = frozenset({"jpeg", "vp8", "vc-3"})
LARGE_LONG, LARGE_SHORT = 1280, 720  # pixels; from this size on, video is BT.709 rather than BT.601

# Linear light, then BT.709 primaries, then highlights rolled off. 1.0 is 100 nits, because tonemap takes the peak from
# the source in that unit. zscale needs even dimensions, so it comes after scaling.
TONE_MAP = (
    "zscale=t=linear:npl=100",
    "format=gbrpf32le",
    "zscale=p=bt709",
    "tonemap=hable:desat=0",
    "zscale=t=bt709:m=bt709:r=tv",
)


def require_video(media: Media, limits: Limits) -> Video:
    """Return the video to process; raise if there is none or it can't be decoded."""
    if media.video is None:
        message = "the source has audio but no video"
        raise MediaRejected(message, code="SourceFileError.NoVideo")
    check_video(media.video, limits)
    return media.video


def check_video(video: Video, limits: Limits) -> None:
    """Raise if the video can't be decoded or has too many pixels."""
    if not video.decodable:
        message = f"the video ({video.codec}) can't be decoded: convert it to a common codec such as H.264"
        raise MediaRejected(message, code="SourceFileError.UnsupportedCodec")
    if video.width * video.height > limits.max_pixels:
        message = f"the video is {video.width} by {video.height}: at most {limits.max_pixels} pixels are allowed"
        raise LimitExceeded(message, code="LimitError.FrameSize")


def loss_warnings(video: Video, pixels: str) -> list[str]:
    """Return a warning for each property that this pixel format loses, except HDR, which has its own warnings."""
    bits = 10 if pixels.endswith("10le") else 8
    found = []
    if (video.bit_depth or bits) > bits and not video.hdr:
        found.append(f"the source has {video.bit_depth} bits per color: {bits} were kept")
    if video.transparent:
        found.append("the source has transparency: it was made opaque")
    return found


@dataclass(frozen=True)
class Box:
    """The size that a video must fit inside; with `turns`, a portrait video gets width and height swapped."""

    width: int | None = None
    height: int | None = None
    turns: bool = False
    upscale: bool = False

    def turned(self) -> "Box":
        """Return the box with width and height swapped."""
        return replace(self, width=self.height, height=self.width)


def color_filters(video: Video) -> list[str]:
    """Return the filter that names the colors of a video that doesn't, by its size, as players guess them.

    RGB gets the name of the YUV that it becomes.
    """
    if video.matrix not in {None, RGB} or video.codec in KNOWN_MATRIX:
        return []
    if video.hdr:
        return ["setparams=colorspace=bt2020nc:color_primaries=bt2020"]
    sides = sorted((video.width, video.height))
    large = sides[0] >= LARGE_SHORT or sides[1] >= LARGE_LONG
    name = "bt709" if large or video.matrix == RGB else "smpte170m"
    # Chrome guesses unless all three are given.
    return [f"setparams=colorspace={name}:color_primaries={name}:color_trc={name}"]


def scale_filter(box: Box) -> str:
    """Return the filter that fits a video into the box and keeps its aspect ratio; both sides become even.

    The output YUV has limited range, as players expect.

    It uses the size that arrives (`iw`, `ih`, `sar`) rather than the probed one, because ffmpeg has already rotated the
    video, even where only ffmpeg knew the rotation (Matroska).
    """
    factor = _factor(box)
    if box.turns:
        factor = f"if(gt(ih,iw*sar),{_factor(box.turned())},{factor})"
    width, height = (_side(side, factor, upscale=box.upscale) for side in ("iw*sar", "ih"))
    return f"scale=w='{width}':h='{height}':flags=lanczos:out_range=tv,setsar=1"


def _factor(box: Box) -> str:
    ratios = [f"{box.width}/(iw*sar)"] if box.width else []
    ratios += [f"{box.height}/ih"] if box.height else []
    if not (box.upscale and ratios):
        ratios.append("1")
    return reduce(lambda least, ratio: f"min({least},{ratio})", ratios)


def _side(side: str, factor: str, *, upscale: bool) -> str:
    half = f"round({side}*{factor}/2)"
    if not upscale:
        half = f"min({half},trunc({side}/2))"  # 321 must not become 322
    return f"2*max(1,{half})"


def display_filters(video: Video, box: Box, *, keep_hdr: bool = False, pick: Sequence[str] = ()) -> list[str]:
    """Return the filters from the decoder to what a player shows.

    `pick` are filters that select frames: as early as possible, but after deinterlacing, which needs the neighbors.
    """
    return [
        *color_filters(video),
        *([DEINTERLACE] if video.interlaced else []),
        *pick,
        scale_filter(box),
        *(TONE_MAP if video.hdr and not keep_hdr else []),
    ]
