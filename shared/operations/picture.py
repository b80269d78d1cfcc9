"""A picture as every operation shows it: upright, progressive, in square pixels, scaled to fit, in SDR."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

from shared.errors import LimitExceeded, MediaRejected
from shared.ffmpeg import Limits
from shared.probe import Media, Video

# bwdif, only on frames that say they are interlaced; one frame out per frame in.
DEINTERLACE = "bwdif=mode=send_frame:deint=interlaced"

# Linear light, then BT.709 primaries, then highlights rolled off. 203 nits is the white of graphics in
# HDR (ITU-R BT.2408); zscale wants even dimensions, so it stands after the scaling.
TONE_MAP = (
    "zscale=t=linear:npl=203",
    "format=gbrpf32le",
    "zscale=p=bt709",
    "tonemap=hable:desat=0",
    "zscale=t=bt709:m=bt709:r=tv",
)


def shown(media: Media, limits: Limits) -> Video:
    """Return the picture to work on; raise when there is none, or it is larger than may be decoded."""
    if media.video is None:
        message = "the source has sound but no picture"
        raise MediaRejected(message, code="SourceFileError.NoVideo")
    check_size(media.video, limits)
    return media.video


def check_size(video: Video, limits: Limits) -> None:
    """Raise when the picture is larger than may be decoded."""
    if video.width * video.height > limits.max_pixels:
        message = f"the picture, {video.width} by {video.height}, has more than {limits.max_pixels} pixels"
        raise LimitExceeded(message, code="LimitError.PictureSize")


@dataclass(frozen=True)
class Box:
    """What a picture must fit inside; with `turns` an upright picture gets the box upright."""

    width: int | None = None
    height: int | None = None
    turns: bool = False
    upscale: bool = False

    def turned(self) -> "Box":
        """Return the box on its side."""
        return replace(self, width=self.height, height=self.width)


def scale(box: Box) -> str:
    """Return the filter that makes a picture fit into the box and keeps its aspect; both sides come out even.

    It reckons with what arrives (`iw`, `ih`, `sar`) rather than with what was probed, because ffmpeg has
    turned the picture upright before, also where only ffmpeg knew that it lay on its side (Matroska).
    """
    factor = _factor(box)
    if box.turns:
        factor = f"if(gt(ih,iw*sar),{_factor(box.turned())},{factor})"
    width, height = (_side(side, factor, upscale=box.upscale) for side in ("iw*sar", "ih"))
    return f"scale=w='{width}':h='{height}':flags=lanczos,setsar=1"


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


def filters(video: Video, box: Box, *, keep_hdr: bool = False, pick: Sequence[str] = ()) -> list[str]:
    """Return the chain of filters from what was decoded to what is shown.

    `pick` are filters that choose frames: as early as can be, but to deinterlace one takes its neighbours.
    """
    return [
        *([DEINTERLACE] if video.interlaced else []),
        *pick,
        scale(box),
        *(TONE_MAP if video.hdr and not keep_hdr else []),
    ]
