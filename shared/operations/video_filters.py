"""A video as every operation shows it: upright, progressive, in square pixels, scaled to fit, in SDR."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

from shared.errors import LimitExceeded, MediaRejected
from shared.media.ffmpeg import Limits
from shared.media.probe import RGB, Media, Video

# bwdif, only on frames that say they are interlaced; one frame out per frame in.
DEINTERLACE = "bwdif=mode=send_frame:deint=interlaced"

# Of these the decoder names the matrix, where the file doesn't: there is but one, or each frame says it.
KNOWN_MATRIX = frozenset({"jpeg", "vp8", "vc-3"})
LARGE_LONG, LARGE_SHORT = 1280, 720  # pixels; a side from which on nobody makes BT.601 any more

# Linear light, then BT.709 primaries, then highlights rolled off. 1.0 is 100 nits, since tonemap counts the peak, which
# it takes from the source, in those. zscale wants even dimensions, so it stands after the scaling.
TONE_MAP = (
    "zscale=t=linear:npl=100",
    "format=gbrpf32le",
    "zscale=p=bt709",
    "tonemap=hable:desat=0",
    "zscale=t=bt709:m=bt709:r=tv",
)


def require_video(media: Media, limits: Limits) -> Video:
    """Return the video to work on; raise when there is none, or it can't be decoded."""
    if media.video is None:
        message = "the source has audio but no video"
        raise MediaRejected(message, code="SourceFileError.NoVideo")
    check_video(media.video, limits)
    return media.video


def check_video(video: Video, limits: Limits) -> None:
    """Raise when the video can't be decoded, or is larger than may be decoded."""
    if not video.decodable:
        message = f"the video ({video.codec}) can't be decoded: convert it to a usual codec such as H.264"
        raise MediaRejected(message, code="SourceFileError.UnsupportedCodec")
    if video.width * video.height > limits.max_pixels:
        message = f"the video, {video.width} by {video.height}, has more than {limits.max_pixels} pixels"
        raise LimitExceeded(message, code="LimitError.FrameSize")


def loss_warnings(video: Video, pixels: str) -> list[str]:
    """Return a sentence about each thing that is gone when the video is stored so; of HDR others tell."""
    bits = 10 if pixels.endswith("10le") else 8
    found = []
    if (video.bit_depth or bits) > bits and not video.hdr:
        found.append(f"the source has {video.bit_depth} bits for each colour: {bits} were kept")
    if video.transparent:
        found.append("the source has transparency: it was made opaque")
    return found


@dataclass(frozen=True)
class Box:
    """What a video must fit inside; with `turns` an upright video gets the box upright."""

    width: int | None = None
    height: int | None = None
    turns: bool = False
    upscale: bool = False

    def turned(self) -> "Box":
        """Return the box on its side."""
        return replace(self, width=self.height, height=self.width)


def color_filters(video: Video) -> list[str]:
    """Return the filter that names the colours of a video that names none, as players guess them: by its size.

    RGB is named as what it becomes when it becomes YUV.
    """
    if video.matrix not in {None, RGB} or video.codec in KNOWN_MATRIX:
        return []
    if video.hdr:
        return ["setparams=colorspace=bt2020nc:color_primaries=bt2020"]
    sides = sorted((video.width, video.height))
    large = sides[0] >= LARGE_SHORT or sides[1] >= LARGE_LONG
    name = "bt709" if large or video.matrix == RGB else "smpte170m"
    # Chrome guesses unless it is told all three.
    return [f"setparams=colorspace={name}:color_primaries={name}:color_trc={name}"]


def scale_filter(box: Box) -> str:
    """Return the filter that makes a video fit into the box and keeps its aspect; both sides come out even.

    YUV comes out in limited range, as players expect it of a video.

    It reckons with what arrives (`iw`, `ih`, `sar`) rather than with what was probed, because ffmpeg has
    turned the video upright before, also where only ffmpeg knew that it lay on its side (Matroska).
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
    """Return the chain of filters from what was decoded to what is shown.

    `pick` are filters that choose frames: as early as can be, but to deinterlace one takes its neighbours.
    """
    return [
        *color_filters(video),
        *([DEINTERLACE] if video.interlaced else []),
        *pick,
        scale_filter(box),
        *(TONE_MAP if video.hdr and not keep_hdr else []),
    ]
