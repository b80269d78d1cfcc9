"""A stream that cannot be decoded, or that is empty, costs only that stream: every operation does the rest."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from shared.domain.subtask import SubtaskType
from shared.errors import MediaRejected
from shared.media.ffmpeg import Ffmpeg, binary
from shared.operations.operation import OperationResult
from tests.media.hearing import level
from tests.support.clips import Clips, decoded, samples
from tests.support.local_files import Operate

UNSUPPORTED = "SourceFileError.UnsupportedCodec"
FASTEST = {"video": {"speed": "fastest"}}
ASKED: Mapping[SubtaskType, Mapping[str, Any]] = {
    SubtaskType.TRANSCODE: FASTEST,
    SubtaskType.STREAM: {"speed": "fastest", "ladder": [{"height": 90, "bitrate": 150}]},
    SubtaskType.ENHANCE: {"audio": {"loudness": {"target": -20}}},
    SubtaskType.SCREENSHOT: {},
    SubtaskType.SAMPLE_SCREENSHOTS: {"every": 1},
    SubtaskType.SPRITE: {"every": 1, "columns": 2, "rows": 2},
    SubtaskType.ANIMATE: {"frameRate": 5, "width": 96},
    SubtaskType.ANALYZE: {},
    SubtaskType.RECOGNIZE: {"kinds": ["SPEECH"]},
    SubtaskType.MODERATE: {"reviewWords": ["tower"]},
    SubtaskType.INSPECT: {},
    SubtaskType.SEPARATE_AUDIO: {"method": "center"},
}
STILLS = frozenset({SubtaskType.SCREENSHOT, SubtaskType.SAMPLE_SCREENSHOTS, SubtaskType.SPRITE, SubtaskType.ANIMATE})
# That fail without audio, as they are asked here.
NEED_AUDIO = frozenset(
    {SubtaskType.TRANSCODE, SubtaskType.STREAM, SubtaskType.ENHANCE, SubtaskType.RECOGNIZE, SubtaskType.SEPARATE_AUDIO}
)
# That need no video.
HEAR = frozenset({SubtaskType.RECOGNIZE, SubtaskType.SEPARATE_AUDIO})
PHONE, VIDEO, FIRST, SECOND = "phone.mov", 0, 1, 2  # its streams


def warned(made: OperationResult, number: int, fault: str = "can't be decoded") -> bool:
    """Whether a warning names the audio track of that number as one that was left out."""
    return any(f"audio track {number} (" in each and f"{fault} and was left out" in each for each in made.warnings)


@pytest.mark.parametrize("kind", SubtaskType)
def test_a_second_track_that_cannot_be_decoded_is_left_out_and_named(
    clip: Clips, operate: Operate, kind: SubtaskType
) -> None:
    made = operate(kind, clip.undecodable(PHONE, SECOND), **ASKED[kind])

    assert warned(made, 2) == (kind not in STILLS)
    assert made.files
    assert any("(apac, it)" in each for each in made.warnings) == (kind not in STILLS)


def test_of_all_tracks_those_are_taken_that_can_be_decoded(clip: Clips, operate: Operate) -> None:
    source = clip.undecodable(PHONE, FIRST)

    made = operate(SubtaskType.TRANSCODE, source, **FASTEST, audio={"tracks": "all"})

    assert decoded(made.files[0].path).kinds == ["video", "audio"]
    assert warned(made, 1)


@pytest.mark.parametrize("kind", sorted(set(SubtaskType) - STILLS - {SubtaskType.TRANSCODE}))
def test_where_the_main_track_cannot_be_decoded_another_is_taken(
    clip: Clips, operate: Operate, kind: SubtaskType
) -> None:
    made = operate(kind, clip.undecodable(PHONE, FIRST), **ASKED[kind])

    assert warned(made, 1)
    for file in made.files:
        if file.content_type == "audio/mp4" and file.facts.get("stem") != "voice":
            assert level(samples(file.path).values) > -60


def test_a_transcode_of_the_default_track_takes_no_other_unasked(clip: Clips, operate: Operate) -> None:
    with pytest.raises(MediaRejected, match=r'audio track 1 .*set audio\.tracks to "all"') as rejected:
        operate(SubtaskType.TRANSCODE, clip.undecodable(PHONE, FIRST), **FASTEST)

    assert rejected.value.code == UNSUPPORTED


@pytest.mark.parametrize("kind", SubtaskType)
def test_a_file_of_whose_audio_nothing_can_be_decoded_is_unsupported_where_audio_is_asked_for(
    clip: Clips, operate: Operate, kind: SubtaskType
) -> None:
    source = clip.undecodable(PHONE, FIRST, SECOND)

    if kind in NEED_AUDIO:
        with pytest.raises(MediaRejected, match="audio track 1") as rejected:
            operate(kind, source, **ASKED[kind])
        assert rejected.value.code == UNSUPPORTED
        return
    made = operate(kind, source, **ASKED[kind])

    assert made.files
    assert warned(made, 1) == warned(made, 2) == (kind not in STILLS)


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        (SubtaskType.TRANSCODE, {**FASTEST, "audio": "none"}),
        (SubtaskType.STREAM, {**ASKED[SubtaskType.STREAM], "audio": "none"}),
        (SubtaskType.ENHANCE, {"video": {"sharpen": "light", "encoding": {"speed": "fastest"}}}),
        (SubtaskType.RECOGNIZE, {"kinds": ["TEXT", "SPEECH"]}),
    ],
)
def test_the_video_alone_of_such_a_file_is_taken(
    clip: Clips, operate: Operate, kind: SubtaskType, params: Mapping[str, Any]
) -> None:
    made = operate(kind, clip.undecodable(PHONE, FIRST, SECOND), **params)

    assert made.files
    assert not any(file.content_type.startswith("audio/") for file in made.files)


@pytest.mark.parametrize("kind", SubtaskType)
def test_a_video_that_cannot_be_decoded_is_unsupported_where_it_is_asked_for(
    clip: Clips, operate: Operate, kind: SubtaskType
) -> None:
    source = clip.undecodable(PHONE, VIDEO)

    if kind in HEAR:
        assert operate(kind, source, **ASKED[kind]).files
        return
    with pytest.raises(MediaRejected, match=r"the video .*can't be decoded") as rejected:
        operate(kind, source, **ASKED[kind])
    assert rejected.value.code == UNSUPPORTED


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        (SubtaskType.TRANSCODE, {"container": "m4a"}),
        (SubtaskType.STREAM, {"ladder": "none"}),
        (SubtaskType.ENHANCE, {"container": "m4a", "audio": {"loudness": {"target": -20}}}),
    ],
)
def test_the_audio_beside_such_a_video_is_taken(
    clip: Clips, operate: Operate, kind: SubtaskType, params: Mapping[str, Any]
) -> None:
    made = operate(kind, clip.undecodable(PHONE, VIDEO), **params)

    assert any(file.content_type == "audio/mp4" for file in made.files)


@pytest.mark.parametrize("place", ["head", "tail"])
def test_what_is_joined_is_looked_at_as_well(clip: Clips, operate: Operate, place: str) -> None:
    strange = clip.undecodable(PHONE, FIRST, SECOND)

    with pytest.raises(MediaRejected, match="can't be decoded") as rejected:
        operate(SubtaskType.TRANSCODE, clip("plain.mp4"), **FASTEST, **{place: [str(strange)]})
    made = operate(SubtaskType.TRANSCODE, clip("plain.mp4"), **FASTEST, audio="none", **{place: [str(strange)]})

    assert rejected.value.code == UNSUPPORTED
    assert made.files[0].facts["duration"] == pytest.approx(4, abs=0.1)


@pytest.mark.parametrize(("name", "number"), [("empty-1.mkv", 1), ("empty-2.mkv", 2)])
@pytest.mark.parametrize("kind", sorted(set(SubtaskType) - STILLS))
def test_an_empty_track_is_left_out_and_named(
    clip: Clips, operate: Operate, kind: SubtaskType, name: str, number: int
) -> None:
    made = operate(kind, clip(name), **ASKED[kind])

    assert warned(made, number, "is empty")
    if kind in {SubtaskType.TRANSCODE, SubtaskType.ENHANCE}:
        assert level(samples(made.files[0].path).values) > -60


@pytest.mark.parametrize("kind", sorted(set(SubtaskType) - STILLS))
def test_a_source_with_nothing_but_empty_tracks_is_one_without_audio(
    clip: Clips, operate: Operate, kind: SubtaskType
) -> None:
    if kind in {SubtaskType.ENHANCE, SubtaskType.RECOGNIZE, SubtaskType.SEPARATE_AUDIO}:
        with pytest.raises(MediaRejected) as rejected:
            operate(kind, clip("empty-12.mkv"), **ASKED[kind])
        assert rejected.value.code == "SourceFileError.NoAudio"
        return
    made = operate(kind, clip("empty-12.mkv"), **ASKED[kind])

    assert warned(made, 1, "is empty")
    assert warned(made, 2, "is empty")
    assert not any(file.content_type.startswith("audio/") for file in made.files)


def test_ordinary_streams_are_not_tried_out(clip: Clips, operate: Operate, ffmpeg: Ffmpeg) -> None:
    for name in ("plain.mp4", "web.webm", "stream.ts", "old.avi", "camera.mov", "audio.mp3", "audio.wav", "side.ac3"):
        operate(SubtaskType.TRANSCODE, clip(name), container="flac")

    assert len(ffmpeg.commands) == 8


@pytest.mark.parametrize("codec", ["cinepak", "snow", "zmbv"])
def test_a_codec_that_nobody_records_in_is_not_decoded_though_ffmpeg_could(
    operate: Operate, clip: Clips, tmp_path: Path, codec: str
) -> None:
    source = tmp_path / "old.mkv"
    encoding = ["-frames:v", "10", "-c:v", codec, "-strict", "-2", "-an", "-s", "160x96"]
    subprocess.run([binary(), "-nostdin", "-loglevel", "error", "-i", clip("blink.mp4"), *encoding, source], check=True)

    with pytest.raises(MediaRejected) as refused:
        operate(SubtaskType.SCREENSHOT, source)

    assert refused.value.code == UNSUPPORTED
