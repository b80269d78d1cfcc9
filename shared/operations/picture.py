"""A picture as every operation shows it: upright, progressive, in square pixels, scaled to fit, in SDR."""

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


def scale(width: int | None, height: int | None, *, upscale: bool, options: str = "") -> str:
    """Return the filter that makes a picture fit inside `width` by `height` and keeps its aspect.

    It reckons with what arrives (`iw`, `ih`, `sar`) rather than with what was probed, because ffmpeg has
    turned the picture upright before, also where only ffmpeg knew that it lay on its side (Matroska).
    Both sides come out even, as 4:2:0 wants them.
    """
    ratios = [f"{width}/(iw*sar)"] if width else []
    ratios += [f"{height}/ih"] if height else []
    ratios += [] if upscale and ratios else ["1"]
    factor = ratios[0]
    for ratio in ratios[1:]:
        factor = f"min({factor},{ratio})"
    sides = []
    for side in ("iw*sar", "ih"):
        half = f"round({side}*{factor}/2)"
        if not upscale:
            half = f"min({half},trunc({side}/2))"  # 321 must not become 322
        sides.append(f"2*max(1,{half})")
    return f"scale=w='{sides[0]}':h='{sides[1]}':flags=lanczos{options},setsar=1"


def filters(video: Video, scaling: str, *, keep_hdr: bool = False) -> list[str]:
    """Return the chain of filters from what was decoded to what is shown, with `scaling` in its place."""
    return [
        *([DEINTERLACE] if video.interlaced else []),
        scaling,
        *(TONE_MAP if video.hdr and not keep_hdr else []),
    ]
