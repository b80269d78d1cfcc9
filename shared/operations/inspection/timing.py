"""Whether video and audio are complete from the beginning to the end, and in time. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from shared.media.probe import Media
from shared.operations.findings import Segment
from shared.operations.inspection.examination import Examination
from shared.operations.packets import Packet

CLOSE = 0.002  # Seconds by which the times of a packet and of its frame may differ.
EDGES = 2  # Packets at both ends for which a decoder may return no frame.
LATE = 0.15  # Seconds by which the audio may begin after the video.
SHORT = 0.4  # Seconds by which the audio may end before the video.
CUT_SECONDS, CUT_SHARE = 0.4, 0.01  # If more than both is missing, the file is truncated.
NEIGHBORS = 0.5  # Seconds between two damaged places that count as one.
GAP_FRAMES, GAP_SECONDS = 2.5, 0.2  # With regular frames, more than both without a frame is a gap.
REGULAR, REGULAR_SHARE = 0.1, 0.9  # This share of the steps must be as long as the usual one, within a tenth.


@dataclass(frozen=True)
class Extent:
    """The start and end of a stream, in seconds from the beginning of its file."""

    start: float
    end: float


@dataclass(frozen=True)
class Timing:
    """The streams' extents, the expected duration of the file, and whether the frame rate varies."""

    video: Extent | None
    audio: Extent | None
    duration: float
    variable: bool

    @property
    def audio_offset(self) -> float | None:
        """Seconds by which the audio begins after the video."""
        return self.audio.start - self.video.start if self.video and self.audio else None


def measure_timing(seen: Examination, media: Media) -> Timing:
    """Return the timing from the times of packets and frames."""
    video = _extent([frame.time for frame in seen.frames])
    audio = _audio_extent(seen)
    reached = max((extent.end for extent in (video, audio) if extent), default=0.0)
    declared = (media.duration, media.video and media.video.duration, media.audio and media.audio.duration)
    return Timing(
        video=video,
        audio=audio,
        duration=max(reached, *(seconds or 0.0 for seconds in declared)),
        variable=not _regular([frame.time for frame in seen.frames]),
    )


def find_truncation(when: Timing, media: Media) -> list[Segment]:
    """Return what is missing at the end, compared with the duration in the file, if it is truncated."""
    ends = []
    for stream, extent in ((media.video, when.video), (media.audio, when.audio)):
        declared = (stream and stream.duration) or 0.0
        reached = extent.end if extent else 0.0
        if stream and declared - reached > max(CUT_SECONDS, CUT_SHARE * declared):
            ends.append((reached, declared))
    if not ends:
        return []
    start, end = min(ends)[0], max(end for _, end in ends)
    return [Segment(start=start, end=end, label="TRUNCATED", confidence=1)]


def find_missing_streams(when: Timing) -> list[Segment]:
    """Return where there is video without audio or audio without video, in a file that has both."""
    if not when.video or not when.audio:
        return []
    video, audio = when.video, when.audio
    spans = [
        ("AUDIO_MISSING", video.start, audio.start, LATE),
        ("AUDIO_MISSING", audio.end, video.end, SHORT),
        ("VIDEO_MISSING", audio.start, video.start, LATE),
        ("VIDEO_MISSING", video.end, audio.end, SHORT),
    ]
    return [
        Segment(start=start, end=end, label=label, confidence=1)
        for label, start, end, allowed in spans
        if end - start > allowed
    ]


def find_damage(seen: Examination, *, variable: bool) -> list[Segment]:
    """Return where packets couldn't be decoded, or frames between two others are missing."""
    frames = [frame.time for frame in seen.frames]
    spans = [
        *_undecoded(seen.video_packets, frames),
        *_undecoded(seen.audio_packets, seen.audio_times),
        *([] if variable else _gaps(frames)),
    ]
    joined: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if joined and start - joined[-1][1] <= NEIGHBORS:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return [Segment(start=max(start, 0), end=end, label="DAMAGED", confidence=1) for start, end in joined]


def _extent(times: Sequence[float], last: float | None = None) -> Extent | None:
    if not times:
        return None
    return Extent(times[0], times[-1] + (last if last is not None else _step(times)))


def _audio_extent(seen: Examination) -> Extent | None:
    """Return the start and end of the audio; its last packet may be shorter than the others."""
    lengths = [packet.duration for packet in seen.audio_packets[-EDGES:]]
    return _extent(seen.audio_times, lengths[-1] if lengths and lengths[-1] > 0 else None)


def _step(times: Sequence[float]) -> float:
    """Return the usual duration of a frame."""
    return median(b - a for a, b in pairwise(times)) if len(times) > 1 else 0.0


def _regular(times: Sequence[float]) -> bool:
    step = _step(times)
    steps = [b - a for a, b in pairwise(times)]
    regular = sum(abs(each - step) <= max(REGULAR * step, CLOSE) for each in steps)
    return regular >= REGULAR_SHARE * len(steps)


def _undecoded(packets: Sequence[Packet], times: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Yield the times of packets without a decoded frame; if packets have no times, only gaps show the damage."""
    decoded = {round(time / CLOSE) for time in times}
    for packet in packets[EDGES:-EDGES]:
        if packet.time is None:
            continue
        at = round(packet.time / CLOSE)
        if not decoded & {at - 1, at, at + 1}:
            yield packet.time, packet.time + packet.duration


def _gaps(times: Sequence[float]) -> Iterator[tuple[float, float]]:
    step = _step(times)
    for before, after in pairwise(times):
        if after - before > max(GAP_FRAMES * step, GAP_SECONDS):
            yield before + step, after
