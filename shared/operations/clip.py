"""A part of a file: from when to when."""

from dataclasses import dataclass, field, replace
from typing import Self

from pydantic import Field, model_validator

from shared.errors import ParametersRejected
from shared.media.probe import Media
from shared.operations.audio_tracks import FROM_THE_START, ON_THE_CLOCK
from shared.operations.moment import Moment, resolve_moment
from shared.operations.operation import Params

SHORTEST = 0.001  # Seconds; less than that holds no sample of audio.
# They have no index: a seek lands between key frames, and what depends on the one before would be lost.
WITHOUT_INDEX = frozenset({"MPEG-TS", "BDAV", "MPEG-PS", "MPEG Video"})
LEAD = 10.0  # Seconds to read before the clip in those; their key frames lie closer, so that receivers can tune in.


class Clip(Params):
    """Which part of the source is taken."""

    start: Moment | None = Field(None, description='Seconds, a clock ("00:00:12.5") or a share ("10%").')
    end: Moment | None = Field(None, description="The same; the part ends before it.")

    @model_validator(mode="after")
    def _something_is_asked(self) -> Self:
        if self.start is None and self.end is None:
            message = "a clip has a start, an end, or both: leave it out to take the whole"
            raise ValueError(message)
        return self


@dataclass(frozen=True)
class ClipSpan:
    """A part of a file: what to say before its input, and how each of its chains of filters begins.

    `start` and `duration` are seconds; `duration` is None when the source doesn't say how long it is and no end was
    given. `lead` are the seconds that are read before the part, and that the filters take away.
    """

    before_input: list[str] = field(default_factory=list)
    start: float = 0.0
    duration: float | None = None
    lead: float = 0.0
    warnings: tuple[str, ...] = ()

    @property
    def video_filters(self) -> list[str]:
        """The filters with which a chain of the video begins; usually none."""
        return [f"trim=start={self.lead:.6f}", f"setpts=PTS-{self.lead:.6f}/TB"] if self.lead else []

    def audio_filters(self, *, from_the_start: bool) -> list[str]:
        """Return the filters with which a chain of the audio begins: late or, with silence before, from the start."""
        trim = [f"atrim=start={self.lead:.6f}", f"asetpts=PTS-{self.lead:.6f}/TB"] if self.lead else []
        return [FROM_THE_START if from_the_start else ON_THE_CLOCK, *trim]


def clip_span(clip: Clip | None, media: Media, duration: float | None) -> ClipSpan:
    """Return the part of the file that the clip takes, all of it for None; `duration` is the whole file's.

    An end past the end is the end, with a warning. Raises ParametersRejected for a start past the end and for a part
    without length.
    """
    if duration is None:
        duration = media.duration
    if clip is None:
        return ClipSpan(duration=duration)
    start = 0.0 if clip.start is None else resolve_moment(clip.start, duration)
    end = duration if clip.end is None else resolve_end(clip.end, duration)
    if end is not None and end - start < SHORTEST:
        message = f"a clip from {start:g} to {end:g} s holds nothing: its end must lie after its start"
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
    return (f"the clip was to end at {end:.3f} s: the source ends at {duration:.3f} s, and so does the clip",)


def span_from(media: Media, start: float, seconds: float | None) -> ClipSpan:
    """Return the part of a file from that second on, so long or, for None, to its end; exact to the sample."""
    lead = min(start, LEAD) if media.format in WITHOUT_INDEX else 0.0
    # Before -i: both seek by the index, then decode to the very frame and sample.
    arguments = ["-ss", f"{start - lead:.6f}"] if start else []
    arguments += ["-t", f"{lead + seconds:.6f}"] if seconds is not None else []
    return ClipSpan(arguments, start, seconds, lead)


def _to_a_frame(moment: float, rate: float | None) -> float:
    """Return the moment a quarter of a frame before the nearest frame begins, so that rounding never loses it.

    The clip then begins with a video: were it to begin between two, the first would come late.
    """
    return moment if not rate else max(round(moment * rate) - 0.25, 0) / rate


def resolve_end(at: float | str, duration: float | None) -> float:
    """Return when that is, in seconds; other than a beginning, it may lie past the end."""
    is_share = isinstance(at, str) and at.endswith("%")
    return resolve_moment(at, duration if is_share else None)
