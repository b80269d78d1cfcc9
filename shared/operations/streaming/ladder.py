"""Which rungs of a ladder suit a video: none above it, and always at least one."""

from collections.abc import Iterable

from shared.media.probe import Video
from shared.operations.streaming.stream_params import Rung

# A video that is larger than the highest rung below it by no more than that gains nothing by a rung of its own size.
WORTH_A_RUNG = 1.2


def choose_rungs(rungs: Iterable[Rung], video: Video) -> tuple[Rung, ...]:
    """Return the rungs for a video, the highest first.

    The lowest rung above the video stands for the video's own size, when the rungs below leave a gap.
    """
    ordered = sorted(rungs, key=lambda rung: (rung.height, rung.bitrate), reverse=True)
    below = [rung for rung in ordered if _factor(rung, video) <= 1]
    above = [rung for rung in ordered if _factor(rung, video) > 1]
    if above and (not below or 1 / _factor(below[0], video) > WORTH_A_RUNG):
        return (above[-1], *below)
    return tuple(below)


def _factor(rung: Rung, video: Video) -> float:
    """Return by how much the video would have to grow to fill the rung."""
    box = rung.box.turned() if video.height > video.width else rung.box
    return min((box.width or 0) / video.width, (box.height or 0) / video.height)
