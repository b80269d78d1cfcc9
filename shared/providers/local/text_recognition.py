"""Text in video, read by PP-OCR from frames of every shot."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.operations import segments, video_filters
from shared.operations.analysis import sampling, shots
from shared.operations.analysis.words import fold_text
from shared.operations.findings import Segment
from shared.operations.operation import OperationContext
from shared.providers.local.extra import require_extra

if TYPE_CHECKING:
    from rapidocr import RapidOCR

LABEL = "TEXT"
EVERY = 1.0  # seconds
MOST = 480
SECONDS_EACH, SHARE_OF_TIME = 1.0, 0.5  # the cost of a frame on two cores, and the share of the time for all
SIZE = video_filters.Box(1280, 1280)
SURE = 0.6  # Below this, PP-OCR reads patterns such as leaves as characters.
OPTIONS = {
    "Global.log_level": "critical",
    "Global.use_cls": False,  # to look for upside-down text, which is rare, costs as much as reading
    # Lines are detected in at most this many pixels: that finds as many as the default, which enlarges, in half the
    # time. They are read at full size.
    "Det.limit_type": "max",
    "Det.limit_side_len": 960,
}
ALIKE = 0.85  # the similarity of two readings of one line
SAME = 1.5  # Gray levels, of 255: a frame that differs less from the one before has the same text.
GLANCE = (64, 64)


@cache
def load_text_models() -> "RapidOCR":
    """Return the models, loaded once per process: 32 MB."""
    with require_extra():
        from rapidocr import RapidOCR  # noqa: PLC0415 - a second, and not there on Lambda

        return RapidOCR(params=OPTIONS)


def find_text(context: OperationContext) -> tuple[Segment, ...]:
    """Return each line for as long as it is visible; nothing without video."""
    if context.media.video is None:
        return ()
    load_text_models()
    most = max(4, min(MOST, int(context.ffmpeg.limits.wall_seconds * SHARE_OF_TIME / SECONDS_EACH)))
    wanted = sampling.choose_moments(shots.find_shots(context, share=context.percents(0, 10)), every=EVERY, most=most)
    with sampling.take_samples(context, wanted, size=SIZE, share=context.percents(10, 20)) as stills:
        lines = [line for still, read in _read(context, stills) for line in _placed(still.moment, read)]
    return segments.join_segments(lines, _one_line)


def _read(
    context: OperationContext, stills: tuple[sampling.FrameSample, ...]
) -> Iterator[tuple[sampling.FrameSample, list[tuple[str, float]]]]:
    """Yield the lines of each frame; a frame with the same content as the one before isn't read again."""
    from PIL import Image, ImageChops, ImageStat  # noqa: PLC0415 - comes with the model

    before, lines = None, []
    for number, still in enumerate(stills):
        context.ffmpeg.check_wall()
        context.advance(20 + 80 * number // len(stills), "reading")
        with Image.open(still.path) as image:
            glance = image.convert("L").resize(GLANCE)
        if before is None or ImageStat.Stat(ImageChops.difference(before, glance)).mean[0] >= SAME:
            before, lines = glance, _lines(still.path)
        yield still, lines


def _lines(path: Path) -> list[tuple[str, float]]:
    """Return the lines in a frame, with the model's confidence in each."""
    read: Any = load_text_models()(path)  # a RapidOCROutput, whose types are incomplete
    return [(text, score) for text, score in zip(read.txts or (), read.scores or (), strict=True) if score >= SURE]


def _placed(moment: sampling.LookMoment, lines: list[tuple[str, float]]) -> Iterator[Segment]:
    for text, score in lines:
        if fold_text(text):
            confidence = min(max(float(score), 0), 1)
            yield Segment(start=moment.start, end=moment.end, label=LABEL, confidence=confidence, text=text.strip())


def _one_line(one: Segment, other: Segment) -> bool:
    """Whether two readings are of one line: a character may have been misread."""
    ours, theirs = (fold_text(segment.text or "") for segment in (one, other))
    return ours == theirs or SequenceMatcher(None, ours, theirs, autojunk=False).ratio() >= ALIKE
