"""How a video looks and sounds over time: four looks and ten loudness values per second."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.media.probe import Video
from shared.operations import measure, video_filters
from shared.operations.analysis import shots
from shared.operations.analysis.shots import Shot
from shared.operations.audio_tracks import ON_THE_CLOCK
from shared.operations.operation import OperationContext

LOOKS, THUMBS, HEARD = "looks.txt", "thumbs.rgb", "heard.txt"  # files in the context's folder
RATE = 4
THUMB_WIDTH, THUMB_HEIGHT = 16, 9
THUMB = f"scale={THUMB_WIDTH}:{THUMB_HEIGHT},format=rgb24"
THUMB_BYTES = THUMB_WIDTH * THUMB_HEIGHT * 3
SILENCE = -70.0  # LUFS: quieter audio counts as this


@dataclass(frozen=True, slots=True)
class Look:
    """One frame: its time, brightness and contrast (of 255), difference from the one before, and blur.

    `blur` is the width of edges in pixels of a frame 320 wide, None without an edge; `colors` are three bytes (red,
    green, blue) for each of 16 by 9 fields.
    """

    time: float
    brightness: float
    contrast: float
    motion: float
    blur: float | None
    colors: bytes


@dataclass(frozen=True, slots=True)
class LoudnessAt:
    """The loudness at a time, in LUFS over the 0.4 s before."""

    time: float
    loudness: float


@dataclass(frozen=True)
class Survey:
    """All measurements from one pass through the file."""

    shots: tuple[Shot, ...]
    looks: tuple[Look, ...]
    heard: tuple[LoudnessAt, ...]

    @property
    def end(self) -> float:
        """The end of the last shot, in seconds."""
        return self.shots[-1].end


def survey_video(context: OperationContext, cut_threshold: float, *, share: tuple[int, int]) -> Survey:
    """Read the file once; raise MediaRejected if it has no video, or none that can be decoded."""
    video = video_filters.require_video(context.media, context.ffmpeg.limits)
    end = context.ffmpeg.run(
        [*context.ffmpeg.input_arguments(context.source), *_arguments(context, video, cut_threshold)],
        duration=video.duration or context.media.duration,
        phase="looking through",
        share=share,
    )
    try:
        looks = _looks(context)
        return Survey(shots.split_at_cuts(shots.read_cuts(context), _end(looks, video, end)), looks, _heard(context))
    finally:
        for name in (LOOKS, THUMBS, HEARD):
            (context.folder / name).unlink(missing_ok=True)


def _arguments(context: OperationContext, video: Video, cut_threshold: float) -> list[str]:
    chain = ",".join([measure.clearing_filter(), *video_filters.display_filters(video, shots.SIZE)])
    graph = [
        f"[0:V:0]{chain},split=2[every][some]",  # a capital V skips cover art
        f"[every]{shots.cut_filter(cut_threshold)}[cuts]",
        # pass: otherwise a video shorter than half a step would have no frame.
        f"[some]fps={RATE}:eof_action=pass,signalstats,blurdetect,{measure.writing_filters(LOOKS)},{THUMB},setpts=0[thumbs]",
    ]
    outputs = ["-map", "[cuts]", "-fps_mode", "passthrough", "-f", "null", "-"]
    # Without timestamps: the last look lasts longer than the video, and ffmpeg's reported time must be the video's.
    outputs += ["-map", "[thumbs]", "-fps_mode", "passthrough", "-f", "rawvideo", f"file:{THUMBS}"]
    audio = context.media.audio
    if audio is not None and audio.decodable:
        track = context.media.track(audio)
        heard = [
            measure.clearing_filter(audio=True),
            ON_THE_CLOCK,
            "ebur128=metadata=1:framelog=quiet",
            measure.writing_filters(HEARD, audio=True),
        ]
        graph.append(f"[0:a:{track}]{','.join(heard)}[heard]")
        outputs += ["-map", "[heard]", "-f", "null", "-"]
    return ["-filter_complex", ";".join(graph), *outputs]


def _end(looks: Sequence[Look], video: Video, reached: float) -> float:
    """Return the end of the video: ffmpeg may have reached the end of the audio, and the file may be truncated."""
    seen = looks[-1].time + 0.5 / RATE if looks else 0.0  # the end is between this and one step later
    return next((end for end in (video.duration, reached) if end and abs(end - seen) <= 1 / RATE), seen)


def _looks(context: OperationContext) -> tuple[Look, ...]:
    thumbs = context.folder / THUMBS
    with thumbs.open("rb") as colors:
        return tuple(
            Look(
                time=frame.time,
                brightness=frame.number("lavfi.signalstats.YAVG") or 0,
                contrast=_contrast(frame),
                motion=frame.number("lavfi.signalstats.YDIF") or 0,
                blur=frame.number("lavfi.blur"),
                colors=thumb,
            )
            for frame in context.ffmpeg.watched(measure.read_measurements(context.folder / LOOKS))
            if len(thumb := colors.read(THUMB_BYTES)) == THUMB_BYTES
        )


def _contrast(frame: measure.FrameMeasurement) -> float:
    # Between the darkest tenth and the brightest: a single lamp isn't contrast.
    low, high = (frame.number(f"lavfi.signalstats.{name}") or 0 for name in ("YLOW", "YHIGH"))
    return high - low


def _heard(context: OperationContext) -> tuple[LoudnessAt, ...]:
    return tuple(
        LoudnessAt(frame.time, max(frame.number("lavfi.r128.M") or SILENCE, SILENCE))
        for frame in context.ffmpeg.watched(measure.read_measurements(context.folder / HEARD))
    )


def mean_colors(looks: Sequence[Look]) -> tuple[float, ...]:
    """Return the mean of some frames' colors, field by field: 0 to 255."""
    return tuple(sum(values) / len(looks) for values in zip(*(look.colors for look in looks), strict=True))
