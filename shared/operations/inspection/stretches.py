"""The faults of video and audio, from their measurements. Pure.

The thresholds were set on real clips, good and faulty ones: see docs/reference/operations.md.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from shared.operations.findings import Segment
from shared.operations.inspection.examination import AudioLevel, Crop, Detail, Frame

MOSTLY = 0.98  # the share of black pixels in a black frame
STILL = 0.05  # percent of full scale from the frame before; encoders change a still image by this much
POLISH = 0.1  # Seconds for which a key frame's better quality may interrupt a still image.
SILENT_LEVEL = -65.0  # dBFS; a quiet room is louder
FULL_SHARE = 0.01  # of the samples in a tenth of a second at full scale; a limiter leaves fewer
BREATH = 0.5  # Seconds without clipping between two clipped parts: speech rises and falls.
DIM = 30.0  # mean luma below which edges, blocks and bars can't be measured
BAR_SHARE, BAR_SKEW = 0.02, 0.03  # of a side: the smallest bar, and the largest difference between two bars
# The width of edges in pixels in a blurred frame up to 1280 pixels wide, and how much more for each unit of motion,
# because motion blurs a video.
EDGE, EDGE_PER_MOTION, NEARBY = 9.5, 2.0, 0.4
BLOCKS = 1.4
LOOSE = 0.35  # Seconds: about two closely examined frames.


@dataclass(frozen=True)
class Least:
    """The shortest faults that count, in seconds."""

    black: float = 0.5
    frozen: float = 0.8
    silent: float = 0.8
    clipped: float = 0.2
    bars: float = 0.8
    spoilt: float = 0.5  # blurred or blocky


@dataclass(frozen=True)
class Interval:
    """From `start` to `end`, in seconds."""

    start: float
    end: float


def find_black(frames: Sequence[Frame], end: float, least: Least) -> list[Segment]:
    """Return where the video is black."""
    spans = _spans([(f.time, f.black >= MOSTLY) for f in frames], end)
    return [_segment(span, "BLACK") for span in _long(spans, least.black)]


def find_frozen(frames: Sequence[Frame], end: float, least: Least) -> list[Segment]:
    """Return where the video is frozen, other than black."""
    # Each frame is compared with the one before: if both are alike, both are frozen.
    alike = [frame.motion < STILL and frame.black < MOSTLY for frame in frames]
    after = [*alike, False][1:]
    still = [(frame.time, one or other) for frame, one, other in zip(frames, alike, after, strict=True)]
    spans = _joined(_spans(still, end), POLISH)
    return [_segment(span, "FROZEN") for span in _long(spans, least.frozen)]


def find_silent(audio_levels: Sequence[AudioLevel], end: float, least: Least) -> list[Segment]:
    """Return where the audio is silent."""
    spans = _spans([(s.time, s.level is None or s.level < SILENT_LEVEL) for s in audio_levels], end)
    return [_segment(span, "SILENT") for span in _long(spans, least.silent)]


def find_clipped(audio_levels: Sequence[AudioLevel], end: float, least: Least) -> list[Segment]:
    """Return where the audio is clipped at full scale."""
    spans = _joined(_spans([(s.time, s.full >= FULL_SHARE) for s in audio_levels], end), BREATH)
    return [_segment(span, "CLIPPED") for span in _long(spans, least.clipped)]


def find_letterboxed(details: Sequence[Detail], size: tuple[int, int], end: float, least: Least) -> list[Segment]:
    """Return where two opposite sides have black bars of one size; `text` is the active area, as `320x136+0+22`."""
    found: list[tuple[Interval, Crop]] = []
    start, crop = 0.0, None
    borders = list(_borders(details, end))
    for detail, border in zip(details, borders, strict=False):
        if detail.crop is None or detail.brightness < DIM:
            continue  # Unknown: the state before continues.
        seen = detail.crop if _has_bars(detail.crop, size) else None
        if crop and not (seen and _alike(seen, crop, size)):
            found.append((Interval(start, border), crop))
            crop = None
        if seen and not crop:
            start, crop = border, seen
    if crop:
        found.append((Interval(start, end), crop))
    return [
        _segment(span, "LETTERBOXED", text=f"{c.width}x{c.height}+{c.left}+{c.top}")
        for span, c in found
        if span.end - span.start >= least.bars
    ]


def find_blurred(details: Sequence[Detail], frames: Sequence[Frame], end: float, least: Least) -> list[Segment]:
    """Return where the video is out of focus, or was enlarged from a small size; not where it moves fast."""
    times = [frame.time for frame in frames]
    excess = []
    for detail in details:
        near = frames[bisect_left(times, detail.time - NEARBY) : bisect_right(times, detail.time + NEARBY)]
        allowed = EDGE + EDGE_PER_MOTION * median([frame.motion for frame in near] or [0])
        excess.append((detail.blur or 0) / allowed if detail.brightness >= DIM else 0.0)
    return _spoilt(details, excess, "BLURRED", end, least)


def find_blocky(details: Sequence[Detail], end: float, least: Least) -> list[Segment]:
    """Return where the blocks of a codec are visible."""
    excess = [(d.blocks or 0) / BLOCKS if d.brightness >= DIM else 0.0 for d in details]
    return _spoilt(details, excess, "BLOCKY", end, least)


def _spoilt(details: Sequence[Detail], excess: Sequence[float], label: str, end: float, least: Least) -> list[Segment]:
    """Return where the smoothed `excess` is 1 or more; a higher value is more certain."""
    smooth = [median(excess[max(at - 1, 0) : at + 2]) for at in range(len(excess))]
    borders = _borders(details, end)
    spans = _spans([(border, value >= 1) for border, value in zip(borders, smooth, strict=False)], end)
    segments, times = [], [detail.time for detail in details]
    for span in _long(_joined(spans, LOOSE), least.spoilt):
        within = smooth[bisect_left(times, span.start) : bisect_right(times, span.end)]
        segments.append(_segment(span, label, confidence=min(median(within) / 2, 1.0)))
    return segments


def _borders(details: Sequence[Detail], end: float) -> Iterator[float]:
    """Yield the start of each detail's interval: halfway from the one before; then the end."""
    for before, detail in zip((None, *details), details, strict=False):
        yield (before.time + detail.time) / 2 if before else detail.time
    yield end


def _spans(series: Sequence[tuple[float, bool]], end: float) -> list[Interval]:
    """Return the intervals in which it holds; each entry of the series holds until the next."""
    spans: list[Interval] = []
    start: float | None = None
    for time, holds in [*series, (end, False)]:
        if holds and start is None:
            start = time
        elif not holds and start is not None:
            spans.append(Interval(start, max(time, start)))
            start = None
    return spans


def _joined(spans: Iterable[Interval], gap: float) -> list[Interval]:
    joined: list[Interval] = []
    for span in spans:
        if joined and span.start - joined[-1].end <= gap:
            joined[-1] = Interval(joined[-1].start, span.end)
        else:
            joined.append(span)
    return joined


def _long(spans: Iterable[Interval], least: float) -> list[Interval]:
    # The rounding of a frame's time must not make an interval slightly too short.
    return [span for span in spans if span.end - span.start >= least - 0.001]


def _segment(span: Interval, label: str, *, confidence: float = 1.0, text: str | None = None) -> Segment:
    return Segment(start=span.start, end=span.end, label=label, confidence=confidence, text=text)


def _has_bars(crop: Crop, size: tuple[int, int]) -> bool:
    """Whether two opposite sides have bars of about the same size."""
    width, height = size
    if crop.left + crop.width > width or crop.top + crop.height > height:
        width, height = height, width  # Only ffmpeg knew the rotation.
    pairs = (
        (crop.top, height - crop.top - crop.height, height),
        (crop.left, width - crop.left - crop.width, width),
    )
    return any(
        min(one, other) >= BAR_SHARE * side and abs(one - other) <= BAR_SKEW * side for one, other, side in pairs
    )


def _alike(one: Crop, other: Crop, size: tuple[int, int]) -> bool:
    tolerance = max(2, min(size) // 100)
    pairs = zip(
        (one.width, one.height, one.left, one.top),
        (other.width, other.height, other.left, other.top),
        strict=True,
    )
    return all(abs(a - b) <= tolerance for a, b in pairs)
