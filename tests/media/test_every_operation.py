"""Every operation on every awkward input: what comes out is whole, upright, in time, and another decoder reads it."""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from shared.domain.subtask import SubtaskType
from shared.errors import MediaRejected, ParametersRejected
from shared.operations.operation import OperationResult, Produced
from tests.support.clips import Clips, decoded
from tests.support.local_files import Operate

CUT = "cut.mp4"  # the first part of a file whose index stands in front
CUT_BYTES = 200_000
# All that people send, beside a plain video. Each is made of real footage.
AWKWARD = (
    "portrait.mp4",
    "sideways.mp4",
    "sideways.mkv",
    "upside-down.mp4",
    "odd.mp4",
    "anamorphic.mp4",
    "silent.mp4",
    "audio.mp3",
    "covered.mp3",
    "tracks.mp4",
    "surround.mp4",
    "variable.mp4",
    "ten-bit.mkv",
    "hdr.mp4",
    "interlaced.mp4",
    "telecined.mp4",
    "edited.mp4",
    "late.mkv",
    "audio-late.mp4",
    "video-late.mp4",
    "open-gop.ts",
    "data.mov",
    "poster.mp4",
    "one-frame.mp4",
    "three-frames.mp4",
    CUT,
)
NO_VIDEO = frozenset({"audio.mp3", "covered.mp3"})
NO_AUDIO = frozenset(
    "sideways.mp4 sideways.mkv upside-down.mp4 odd.mp4 anamorphic.mp4 silent.mp4 variable.mp4 ten-bit.mkv hdr.mp4 "  # noqa: SIM905
    "interlaced.mp4 telecined.mp4 one-frame.mp4 three-frames.mp4".split()
)
MONO = frozenset({"tracks.mp4"})  # of the audio that a player plays
A_FRAME = 1 / 25
PACKET = 0.06  # seconds that the padding of an audio track codec may add at either end


@dataclass(frozen=True)
class Span:
    """When something is visible or audible, in seconds of its file."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class Seen:
    """The findings of another decoder in a file: upright size, number of frames, and the play times of its streams.

    A `broken` file could not be decoded to its end.
    """

    size: tuple[int, int] | None
    frames: int
    video: Span | None
    audio: Span | None
    broken: bool

    @property
    def start(self) -> float:
        return min(span.start for span in (self.video, self.audio) if span)

    @property
    def seconds(self) -> float:
        return max(span.end for span in (self.video, self.audio) if span) - self.start


Judge = Callable[[OperationResult, Seen], None]


@dataclass(frozen=True)
class Case:
    """How an operation is asked, how its output is judged, and what it can't work without."""

    params: Mapping[str, Any]
    judge: Judge
    needs_video: bool = True
    needs_stereo: bool = False


def seen(path: Path) -> Seen:
    """Decode a file to its end, or as far as possible; a cover does not count as a video."""
    with av.open(path) as container:
        covers = av.stream.Disposition.attached_pic
        videos = [stream for stream in container.streams.video if not stream.disposition & covers]
        audios = sorted(
            container.streams.audio, key=lambda stream: not stream.disposition & av.stream.Disposition.default
        )
        frames: list[av.VideoFrame] = []
        samples: list[av.AudioFrame] = []
        broken = True
        with suppress(av.error.InvalidDataError):
            for frame in container.decode([*videos[:1], *audios[:1]]):
                if isinstance(frame, av.VideoFrame):
                    frames.append(frame)
                elif isinstance(frame, av.AudioFrame):
                    samples.append(frame)
            broken = False
    video = Span(time(frames[0]), time(frames[-1]) + A_FRAME) if frames else None
    audio = (
        Span(time(samples[0]), time(samples[-1]) + samples[-1].samples / samples[-1].sample_rate) if samples else None
    )
    return Seen(upright(videos[0], frames[0]) if frames else None, len(frames), video, audio, broken)


@cache
def source_seen(path: Path) -> Seen:
    """Return what another decoder finds in a source, which is decoded once for all operations."""
    return seen(path)


def time(frame: av.VideoFrame | av.AudioFrame) -> float:
    """Return the time of a frame."""
    return float(frame.time or 0)


def upright(stream: av.VideoStream, frame: av.VideoFrame) -> tuple[int, int]:
    """Return the size of a video as a player shows it: turned, and in square pixels."""
    width, height = round(frame.width * float(stream.sample_aspect_ratio or 1)), frame.height
    return (height, width) if frame.rotation % 180 else (width, height)


def a_video(made: OperationResult, source: Seen) -> None:
    """Judge one file: its frames, its size, and its times are the input's."""
    found = seen(made.files[0].path)
    assert (found.video is None, found.audio is None) == (source.video is None, source.audio is None)
    if found.video and source.video:
        assert found.frames == pytest.approx(source.frames, abs=1)
        assert found.video.seconds == pytest.approx(source.video.seconds, abs=1.5 * A_FRAME)
        assert_alike(found.size, source.size)
    if found.audio and source.audio:
        assert found.audio.end - found.start == pytest.approx(source.audio.end - source.start, abs=A_FRAME + PACKET)


def a_stream(made: OperationResult, source: Seen) -> None:
    """Judge every size and audio of a stream: as many frames as the input has, played when the input's are."""
    videos = [seen(file.path) for file in files(made, "video/mp4")]
    audios = [seen(file.path) for file in files(made, "audio/mp4")]
    assert made.files[0].path.suffix == ".m3u8"
    assert (not videos, not audios) == (source.video is None, source.audio is None)
    for one in videos:
        assert one.frames == source.frames
        assert source.video
        assert one.video
        assert one.video.end == pytest.approx(source.video.end - source.start, abs=1.5 * A_FRAME)
        assert_alike(one.size, source.size)
    for one in audios:
        assert source.audio
        assert one.audio
        assert one.audio.end == pytest.approx(source.audio.end - source.start, abs=A_FRAME + PACKET)


def stills(made: OperationResult, source: Seen) -> None:
    """Judge videos: upright, in the input's aspect, from its time."""
    assert made.files
    for file in made.files:
        size = decoded(file.path).size
        assert_alike(size, source.size)
        assert (file.facts["width"], file.facts["height"]) == size
        assert 0 <= file.facts["time"] <= source.seconds + A_FRAME


def sheets(made: OperationResult, source: Seen) -> None:
    """Judge a sprite: its cues go from the beginning to the end without a gap, over sheets that are there."""
    text = made.files[0].path.read_text()
    times = re.findall(r"([\d:.]+) --> ([\d:.]+)\n(\S+)#xywh=", text)
    assert clock(times[0][0]) == 0
    assert source.broken or clock(times[-1][1]) == pytest.approx(source.seconds, abs=0.1)
    assert all(end == start for (_, end, _), (start, _, _) in pairwise(times))
    assert {name for _, _, name in times} == {file.path.name for file in made.files[1:]}
    assert all(decoded(file.path).frames for file in made.files[1:])


def an_animation(made: OperationResult, source: Seen) -> None:
    """Judge an animation: it moves if the input does, in the input's aspect."""
    animation = decoded(made.files[0].path)
    assert len(animation.frames) > 2 or (animation.frames and source.frames <= 3)
    assert_alike(animation.size, source.size)


def findings(made: OperationResult, source: Seen) -> None:
    """Judge what was found: within the input's time, small enough for a record, and all of it in a file."""
    assert made.result
    found = made.result.model_dump(mode="json", by_alias=True)
    assert len(json.dumps(found)) < 65_536
    for segment in found.get("segments", ()):
        assert 0 <= segment["start"] <= segment["end"]
        assert source.broken or segment["end"] <= source.seconds + 0.1
    assert any(file.content_type == "application/json" for file in made.files)


def stems(made: OperationResult, source: Seen) -> None:
    """Judge what was separated: stems as long as the input's audio."""
    audios = [seen(file.path).audio for file in made.files if file.content_type.startswith("audio/")]
    assert len(audios) > 1
    for audio in audios:
        assert audio
        assert source.audio
        assert audio.seconds == pytest.approx(source.audio.end - source.start, abs=A_FRAME + PACKET)


CASES: Mapping[SubtaskType, Case] = {
    SubtaskType.TRANSCODE: Case({"video": {"speed": "fastest"}}, a_video, needs_video=False),
    SubtaskType.STREAM: Case(
        {"speed": "fastest", "ladder": [{"height": 180, "bitrate": 400}, {"height": 90, "bitrate": 150}]},
        a_stream,
        needs_video=False,
    ),
    SubtaskType.ENHANCE: Case({"video": {"denoise": "light"}}, a_video),
    SubtaskType.SCREENSHOT: Case({"at": [0, "50%", "100%"]}, stills),
    SubtaskType.SAMPLE_SCREENSHOTS: Case({"every": 0.5}, stills),
    SubtaskType.SPRITE: Case({"every": 0.5, "columns": 2, "rows": 2}, sheets),
    SubtaskType.ANIMATE: Case({"frameRate": 5, "width": 96}, an_animation),
    SubtaskType.ANALYZE: Case({}, findings),
    SubtaskType.RECOGNIZE: Case({"kinds": ["TEXT"]}, findings),
    SubtaskType.MODERATE: Case({}, findings),
    SubtaskType.INSPECT: Case({}, findings, needs_video=False),
    SubtaskType.SEPARATE_AUDIO: Case({"method": "center"}, stems, needs_video=False, needs_stereo=True),
}


@pytest.mark.parametrize("name", AWKWARD)
@pytest.mark.parametrize("kind", SubtaskType)
def test_every_operation_takes_every_awkward_input(clip: Clips, operate: Operate, kind: SubtaskType, name: str) -> None:
    case = CASES[kind]
    path = clip.cut("front.mp4", CUT_BYTES) if name == CUT else clip(name)
    lacks = (case.needs_video and name in NO_VIDEO) or (case.needs_stereo and name in NO_AUDIO | MONO)

    if lacks:
        with pytest.raises((MediaRejected, ParametersRejected)) as rejected:
            operate(kind, path, **case.params)
        assert rejected.value.code in {"SourceFileError.NoVideo", "SourceFileError.NoAudio", "ParameterError.MonoAudio"}
        return
    made = operate(kind, path, **case.params)

    case.judge(made, source_seen(path))
    assert all(file.path.stat().st_size for file in made.files)
    assert ("the source is truncated" in "\n".join(made.warnings)) == (name == CUT)


def files(made: OperationResult, content_type: str) -> list[Produced]:
    """Return the files of one type."""
    return [file for file in made.files if file.content_type == content_type]


def assert_alike(size: tuple[int, int] | None, expected: tuple[int, int] | None) -> None:
    """Check that two videos have one aspect, as far as even sides allow."""
    assert size
    assert expected
    assert size[0] / size[1] == pytest.approx(expected[0] / expected[1], rel=0.05)


def clock(text: str) -> float:
    """Return a time of WebVTT in seconds."""
    seconds = 0.0
    for part in text.split(":"):
        seconds = 60 * seconds + float(part)
    return seconds
