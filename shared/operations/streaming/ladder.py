"""The rungs of a ladder that suit a video: none above its size, and always at least one."""

from collections.abc import Iterable

from shared.media.probe import Video
from shared.operations.streaming.stream_params import Rung

# A video that is larger than the rung below it by at most this factor gains nothing from a rung of its own size.
WORTH_A_RUNG = 1.2


def choose_rungs(rungs: Iterable[Rung], video: Video) -> tuple[Rung, ...]:
    """Return the rungs for a video, the highest first.

    The lowest rung above the video becomes a rung of the video's size if the rungs below leave a gap.
    """
    ordered = sorted(rungs, key=lambda rung: (rung.height, rung.bitrate), reverse=True)
    below = [rung for rung in ordered if _factor(rung, video) <= 1]
    above = [rung for rung in ordered if _factor(rung, video) > 1]
    if above and (not below or 1 / _factor(below[0], video) > WORTH_A_RUNG):
        return (above[-1], *below)
    return tuple(below)


def _factor(rung: Rung, video: Video) -> float:
    """Return the factor by which the video would have to grow to fill the rung."""
    box = rung.box.turned() if video.height > video.width else rung.box
    return min((box.width or 0) / video.width, (box.height or 0) / video.height)
