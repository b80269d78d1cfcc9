"""A part of a file, from a start to an end."""

from dataclasses import dataclass, field, replace
from typing import Self

from pydantic import Field, model_validator

from shared.errors import ParametersRejected
from shared.media.probe import Media
from shared.operations.audio_tracks import FROM_THE_START, ON_THE_CLOCK
from shared.operations.moment import Moment, resolve_moment
from shared.operations.operation import Params

SHORTEST = 0.001  # Seconds; a shorter part contains no audio sample.
# Formats without an index: a seek lands between key frames, and frames that depend on the one before would be lost.
WITHOUT_INDEX = frozenset({"MPEG-TS", "BDAV", "MPEG-PS", "MPEG Video"})
LEAD = 10.0  # Seconds to read before the clip in those formats; their key frames are closer, for receivers to tune in.


class Clip(Params):
    """The part of the source to take."""

    start: Moment | None = Field(None, description='Seconds, a clock time ("00:00:12.5") or a percentage ("10%").')
    end: Moment | None = Field(None, description="In the same forms; the part ends before this time.")

    @model_validator(mode="after")
    def _something_is_asked(self) -> Self:
        if self.start is None and self.end is None:
            message = "clip has neither start nor end: give one or both, or omit clip to take the whole source"
            raise ValueError(message)
        return self


@dataclass(frozen=True)
class ClipSpan:
    """A part of a file: the arguments before its input, and the filters that begin each filter chain.

    `start` and `duration` are in seconds; `duration` is None if the source doesn't state its duration and no end was
    given. `lead` is the number of seconds to read before the part, which the filters remove.
    """

    before_input: list[str] = field(default_factory=list)
    start: float = 0.0
    duration: float | None = None
    lead: float = 0.0
    warnings: tuple[str, ...] = ()

    @property
    def video_filters(self) -> list[str]:
        """The filters that begin a video chain; usually none."""
        return [f"trim=start={self.lead:.6f}", f"setpts=PTS-{self.lead:.6f}/TB"] if self.lead else []

    def audio_filters(self, *, from_the_start: bool) -> list[str]:
        """Return the filters that begin an audio chain: audio may begin late or, `from_the_start`, after silence."""
        trim = [f"atrim=start={self.lead:.6f}", f"asetpts=PTS-{self.lead:.6f}/TB"] if self.lead else []
        return [FROM_THE_START if from_the_start else ON_THE_CLOCK, *trim]


def clip_span(clip: Clip | None, media: Media, duration: float | None) -> ClipSpan:
    """Return the part of the file that the clip takes, the whole file for None; `duration` is the whole file's.

    An end after the end of the file becomes its end, with a warning. Raise ParametersRejected for a start after the
    end of the file, and for a part without length.
    """
    if duration is None:
        duration = media.duration
    if clip is None:
        return ClipSpan(duration=duration)
    start = 0.0 if clip.start is None else resolve_moment(clip.start, duration)
    end = duration if clip.end is None else resolve_end(clip.end, duration)
    if end is not None and end - start < SHORTEST:
        message = f"the clip from {start:g} to {end:g} s is empty: its end must be after its start"
        raise ParametersRejected(message, code="ParameterError.EmptyRange")
    rate = None if media.video is None or media.video.variable_frame_rate else media.video.frame_rate
    begin = _to_a_frame(start, rate)
    if end is None or (duration is not None and end >= duration):
        found = replace(span_from(media, begin, None), duration=None if duration is None else duration - begin)
    else:
        length = max(round((end - start) * rate), 1) / rate if rate else end - start
        found = span_from(media, begin, length)
    return replace(found, warnings=_past_the_end(end, duration))


def _past_the_end(end: float | None, duration: float | None) -> tuple[str, ...]:
    if end is None or duration is None or end <= duration:
        return ()
    return (f"the clip should end at {end:.3f} s, but the source ends at {duration:.3f} s: the clip ends there",)


def span_from(media: Media, start: float, seconds: float | None) -> ClipSpan:
    """Return the part of a file that begins at `start`, to the sample; `seconds` is None for everything after it."""
    lead = min(start, LEAD) if media.format in WITHOUT_INDEX else 0.0
    # Before -i: both options seek by the index, then decode up to the exact frame and sample.
    arguments = ["-ss", f"{start - lead:.6f}"] if start else []
    arguments += ["-t", f"{lead + seconds:.6f}"] if seconds is not None else []
    return ClipSpan(arguments, start, seconds, lead)


def _to_a_frame(moment: float, rate: float | None) -> float:
    """Return the moment a quarter of a frame before the nearest frame begins, so that rounding never loses that frame.

    The clip then begins with a frame. If it began between two frames, the first one would come late.
    """
    return moment if not rate else max(round(moment * rate) - 0.25, 0) / rate


def resolve_end(at: float | str, duration: float | None) -> float:
    """Return an end in seconds; unlike a start, it may be after the end of the file."""
    is_share = isinstance(at, str) and at.endswith("%")
    return resolve_moment(at, duration if is_share else None)
