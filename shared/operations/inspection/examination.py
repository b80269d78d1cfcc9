"""One pass through a file with all of ffmpeg's detectors: their measurements over time."""

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from shared.errors import MediaRejected, OperationFailed
from shared.media.probe import Media
from shared.operations import loudness, measure
from shared.operations.inspection import blockiness
from shared.operations.loudness import Loudness
from shared.operations.measure import FrameMeasurement
from shared.operations.operation import OperationContext
from shared.operations.packets import Packet, read_packets

# Files in the context's folder.
FRAMES, LIGHTS, DETAILS, AUDIO_TIMES, AUDIO_LEVELS, PACKETS = (
    f"{name}.txt" for name in ("frames", "lights", "details", "audio-times", "audio-levels", "packets")
)
SOME = "select='isnan(prev_selected_t)+gte(t-prev_selected_t,0.15)'"  # about six frames per second
SMALL = "scale=w='if(gte(iw,ih),320,-2)':h='if(gte(iw,ih),-2,320)':flags=area:out_range=tv,format=yuv420p"
# A frame that is sharp at this size looks sharp on any screen; the size also limits the cost of blurdetect.
SHARP_AT = "scale=w='min(iw,1280)':h=-2:flags=area,format=yuv420p"
DARK = 32  # luma (16 to 235) up to which a pixel counts as black; the same as blackdetect's 0.1
BAR = 20  # mean luma up to which a line belongs to a bar: black is 16, and a night sky is brighter
WINDOW = 0.1  # Seconds covered by each report of ebur128.
FULL_GAIN = 0.2  # dB, so that a peak that a codec or limiter put just below full scale counts as full scale
AT_FULL = -0.01  # dBFS
SILENCE = -120.0  # LUFS that ebur128 reports for digital silence
USUAL_RATE = 48000  # Hz, if the file doesn't state a rate
COMBING = 1.15  # above idet's default 1.04, at which the blocks of heavy compression look like two moments in a frame
FEWEST_FRAMES = 10  # that idet could classify


class Check(StrEnum):
    """What to check."""

    BLACK = "BLACK"
    FROZEN = "FROZEN"
    LETTERBOXED = "LETTERBOXED"
    BLURRED = "BLURRED"
    BLOCKY = "BLOCKY"
    INTERLACED = "INTERLACED"
    SILENT = "SILENT"
    CLIPPED = "CLIPPED"
    DAMAGED = "DAMAGED"
    SYNC = "SYNC"


DETAILED = frozenset({Check.LETTERBOXED, Check.BLURRED, Check.BLOCKY, Check.INTERLACED})


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame: its black share (0 to 1), and its difference from the one before (mean of 0 to 100)."""

    time: float
    black: float
    motion: float


@dataclass(frozen=True, slots=True)
class Crop:
    """The video without its black bars, in pixels."""

    width: int
    height: int
    left: int
    top: int


@dataclass(frozen=True, slots=True)
class Detail:
    """A closely examined frame: brightness (0 to 255), its bars, the width of edges, its blockiness."""

    time: float
    brightness: float
    crop: Crop | None = None
    blur: float | None = None
    blocks: float | None = None


@dataclass(frozen=True, slots=True)
class AudioLevel:
    """A tenth of a second: level in dBFS (None for silence), share of samples at full scale, loudness in LUFS."""

    time: float
    level: float | None
    full: float
    loudness: float


@dataclass(frozen=True)
class FieldShares:
    """Shares of frames that show two moments at once (`combed`), and that repeat a field of the one before."""

    combed: float
    repeated: float


@dataclass(frozen=True)
class Examination:
    """All measurements. `size` is that of the decoded video, upright; `complete` is whether ffmpeg reached the end."""

    complete: bool = False
    frames: tuple[Frame, ...] = ()
    details: tuple[Detail, ...] = ()
    fields: FieldShares | None = None
    size: tuple[int, int] = (0, 0)
    audio_levels: tuple[AudioLevel, ...] = ()
    audio_times: tuple[float, ...] = ()
    video_packets: Sequence[Packet] = ()
    audio_packets: Sequence[Packet] = ()
    loudness: Loudness | None = None


def examine_media(context: OperationContext, checks: Collection[Check], *, share: tuple[int, int]) -> Examination:
    """Run ffmpeg once over the input; damage doesn't stop it."""
    media = context.media
    graph: list[str] = []
    shown: list[str] = []
    copied: list[str] = []
    if media.video:
        graph += _video(checks)
        shown += ["-map", "[frames]"]
        copied += ["-map", "0:V:0"]  # a capital V skips cover art
    if media.audio and media.audio.decodable:
        track = f"0:a:{media.track(media.audio)}"
        graph.append(f"[{track}]{_audio()}[levels]")
        shown += ["-map", "[levels]"]
        copied += ["-map", track]
    complete = True
    try:
        context.ffmpeg.run(
            [
                # A frame with an error is dropped, so that its missing time shows where it was. With frame threads,
                # ffmpeg would return an error in the last frames of H.264 forever, so only slices are decoded in
                # parallel.
                *("-err_detect", "explode", "-thread_type", "slice", "-max_error_rate", "1"),
                *context.ffmpeg.input_arguments(context.source),
                *("-filter_complex", ";".join(graph)),
                *(*shown, "-fps_mode", "passthrough", "-f", "null", "-"),
                *(blockiness.blockiness_outputs() if media.video and Check.BLOCKY in checks else []),
                *(*copied, "-c", "copy", "-f", "framecrc", f"file:{PACKETS}"),
            ],
            duration=media.duration,
            phase="inspecting",
            frame_rate=media.video.frame_rate if media.video else None,
            share=share,
        )
    except (MediaRejected, OperationFailed):
        complete = False  # The measurements up to the error have been written.
    return _read(context, complete=complete)


def measure_audio_levels(
    context: OperationContext, path: Path, media: Media, *, share: tuple[int, int]
) -> tuple[AudioLevel, ...]:
    """Measure the audio levels of another file."""
    if media.audio is None or not media.audio.decodable:
        return ()
    track = ("-map", f"0:a:{media.track(media.audio)}")
    context.ffmpeg.run(
        [*context.ffmpeg.input_arguments(path), *track, "-af", _audio(), "-f", "null", "-"],
        duration=media.audio.duration,
        phase="listening",
        share=share,
    )
    audio_levels = _audio_tracks(context, media)
    for name in (AUDIO_LEVELS, AUDIO_TIMES):
        (context.folder / name).unlink()
    return audio_levels


def _video(checks: Collection[Check]) -> list[str]:
    """Return the video filters: each frame small, the brightness of some small frames, some frames in detail."""
    detailed = [check for check in (Check.BLURRED, Check.BLOCKY) if check in checks]
    graph = [
        f"[0:V:0]{measure.clearing_filter()},{_split('small', *(['large'] if DETAILED & set(checks) else []))}",
        f"[small]{SMALL},blackframe=amount=0:threshold={DARK},scdet=threshold=100,{measure.writing_filters(FRAMES)}[seen]",
        f"[seen]{_split('frames', 'light')}",
        f"[light]{SOME},signalstats,{measure.writing_filters(LIGHTS)},nullsink",
    ]
    if not DETAILED & set(checks):
        return graph
    fields = [f"idet=intl_thres={COMBING}"] if Check.INTERLACED in checks else []
    bars = [f"cropdetect=limit={BAR}:round=2:reset=1:skip=0"] if Check.LETTERBOXED in checks else []
    branches = _split("edges", *(["blocks"] if Check.BLOCKY in checks else []))
    graph.append("[large]" + ",".join([*fields, SOME, "format=yuv420p", *bars, branches]))
    # blurdetect works on a smaller frame, which keeps the metadata of the filters before.
    blur = [SHARP_AT, "blurdetect"] if Check.BLURRED in detailed else []
    graph.append("[edges]" + ",".join([*blur, measure.writing_filters(DETAILS), "nullsink"]))
    return graph + (blockiness.blockiness_filters("[blocks]") if Check.BLOCKY in checks else [])


def _split(*labels: str) -> str:
    return f"split={len(labels)}{''.join(f'[{label}]' for label in labels)}"


def _audio() -> str:
    """Return the audio filters: the decoded times, then the measurements of each tenth of a second."""
    return ",".join(
        [
            measure.clearing_filter(audio=True),
            measure.writing_filters(AUDIO_TIMES, audio=True),
            "ebur128=peak=true:framelog=quiet:metadata=1",
            f"volume={FULL_GAIN}dB,aformat=sample_fmts=s16",
            "astats=metadata=1:reset=1:measure_perchannel=none:measure_overall=Peak_level+RMS_level+Peak_count",
            measure.writing_filters(AUDIO_LEVELS, audio=True),
        ]
    )


def _read(context: OperationContext, *, complete: bool) -> Examination:
    """Read all measurements, and remove their files."""
    folder, media = context.folder, context.media
    frames = tuple(
        Frame(m.time, (m.number("lavfi.blackframe.pblack") or 0) / 100, m.number("lavfi.scd.mafd") or 0)
        for m in context.ffmpeg.watched(measure.read_measurements(folder / FRAMES))
    )
    details, fields = _details(context)
    audio_levels = _audio_tracks(context, media)
    video_packets, audio_packets, size = read_packets(folder / PACKETS, context.ffmpeg.watched)
    # Each report covers everything before it; the rest after the last one has none.
    reports = deque(
        (
            m
            for m in context.ffmpeg.watched(measure.read_measurements(folder / AUDIO_LEVELS))
            if loudness.INTEGRATED in m.values
        ),
        maxlen=1,
    )
    examination = Examination(
        complete=complete,
        frames=frames,
        details=details,
        fields=fields,
        size=size[::-1] if media.video and media.video.rotation in {90, 270} else size,
        audio_levels=audio_levels,
        audio_times=tuple(m.time for m in context.ffmpeg.watched(measure.read_measurements(folder / AUDIO_TIMES))),
        video_packets=video_packets,
        audio_packets=audio_packets,
        loudness=loudness.parse_report(reports[0]) if reports else None,
    )
    for name in (FRAMES, LIGHTS, DETAILS, AUDIO_TIMES, AUDIO_LEVELS, PACKETS, blockiness.COLUMNS, blockiness.ROWS):
        (folder / name).unlink(missing_ok=True)
    return examination


def _details(context: OperationContext) -> tuple[tuple[Detail, ...], FieldShares | None]:
    """Read the details of some frames, and the field measurements of all frames."""
    folder, last = context.folder, None
    close: list[Detail] = []
    for last in context.ffmpeg.watched(measure.read_measurements(folder / DETAILS)):
        close.append(Detail(last.time, 0, _crop(last), last.number("lavfi.blur")))
    measured = blockiness.read_blockiness(folder, len(close), context.ffmpeg.watched)
    blocks: Sequence[float | None] = measured or [None] * len(close)
    seen = {detail.time: (detail, score) for detail, score in zip(close, blocks, strict=True)}
    details = []
    for light in context.ffmpeg.watched(measure.read_measurements(folder / LIGHTS)):
        detail, score = seen.get(light.time, (Detail(light.time, 0), None))
        brightness = light.number("lavfi.signalstats.YAVG") or 0
        details.append(replace(detail, brightness=brightness, blocks=score))
    return tuple(details), _fields(last) if last else None


def _crop(frame: FrameMeasurement) -> Crop | None:
    """Return the video inside its bars; None if nothing is brighter than a bar."""
    sides = [frame.number(f"lavfi.cropdetect.{side}") for side in ("w", "h", "x", "y")]
    width, height, left, top = (-1 if side is None else int(side) for side in sides)
    return Crop(width, height, left, top) if width > 0 and height > 0 else None


def _fields(last: FrameMeasurement) -> FieldShares | None:
    """Return the shares that idet counted up to the last frame; None if it didn't run or couldn't classify enough."""
    kinds = {name: last.number(f"lavfi.idet.multiple.{name}") or 0 for name in ("tff", "bff", "progressive")}
    repeats = {name: last.number(f"lavfi.idet.repeated.{name}") or 0 for name in ("top", "bottom", "neither")}
    if sum(kinds.values()) < FEWEST_FRAMES:
        return None
    combed = (kinds["tff"] + kinds["bff"]) / sum(kinds.values())
    repeated = (repeats["top"] + repeats["bottom"]) / (sum(repeats.values()) or 1)
    return FieldShares(combed, repeated)


def _audio_tracks(context: OperationContext, media: Media) -> tuple[AudioLevel, ...]:
    rate = (media.audio and media.audio.sample_rate) or USUAL_RATE
    windows = measure.read_measurements(context.folder / AUDIO_LEVELS)
    return tuple(_heard(window, rate) for window in context.ffmpeg.watched(windows))


def _heard(window: FrameMeasurement, rate: int) -> AudioLevel:
    peak, level, count, momentary = map(
        window.number,
        (
            "lavfi.astats.Overall.Peak_level",
            "lavfi.astats.Overall.RMS_level",
            "lavfi.astats.Overall.Peak_count",
            "lavfi.r128.M",
        ),
    )
    full = (count or 0) / (rate * WINDOW) if peak is not None and peak > AT_FULL else 0.0
    return AudioLevel(window.time, level, full, momentary if momentary is not None else SILENCE)
