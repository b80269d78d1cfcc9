"""STREAM on real footage: what its files hold is judged by another decoder."""

from pathlib import Path

import pytest

from shared.errors import MediaRejected
from shared.media.probe import probe
from tests.support.clips import Clips, brightness, decoded
from tests.support.local_files import Operate
from tests.support.streams import Streaming, beginning, key_frames, onset, red

TOP, BOTTOM = slice(0, 9), slice(27, 36)


@pytest.fixture
def streamed(operate: Operate, tmp_path: Path) -> Streaming:
    return Streaming(operate, tmp_path)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("plain.mp4", (320, 180)),
        ("variable.mp4", (320, 136)),
        ("ten-bit.mkv", (320, 180)),
        ("hdr.mp4", (320, 180)),
        ("sideways.mp4", (136, 320)),
        ("sideways.mkv", (136, 320)),
        ("odd.mp4", (320, 180)),
        ("anamorphic.mp4", (320, 180)),
        ("interlaced.mp4", (320, 180)),
        ("stream.ts", (320, 180)),
        ("old.avi", (320, 180)),
        ("web.webm", (320, 180)),
        ("video-late.mp4", (320, 180)),
        ("audio-late.mp4", (320, 180)),
        ("edited.mp4", (320, 180)),
        ("late.mkv", (320, 180)),
        ("open-gop.ts", (320, 180)),
        ("poster.mp4", (320, 180)),
        ("data.mov", (320, 180)),
        ("silent.mp4", (320, 136)),
    ],
)
def test_every_rung_of_any_film_has_all_its_frames_at_their_times_with_key_frames_at_the_same_places(
    clip: Clips, streamed: Streaming, name: str, size: tuple[int, int]
) -> None:
    source = decoded(clip(name))

    made = streamed(clip(name), formats=["hls"])

    rungs = [decoded(path) for path in made.media()]
    times = [time - beginning(clip(name)) for time in source.times]
    assert rungs[0].size == size
    assert rungs[1].size[0] * size[1] == pytest.approx(rungs[1].size[1] * size[0], rel=0.03)
    for rung in rungs:
        assert rung.times == pytest.approx(times, abs=0.001 if name != "variable.mp4" else 0.01)
        assert rung.frames[0].format.name == "yuv420p"
        assert rung.frames[0].rotation == 0
        assert not rung.frames[0].interlaced_frame
    cuts = [key_frames(path) for path in made.media()]
    assert cuts[0] == cuts[1]
    seconds = [next(time for time in times if time - times[0] > number - 0.001) for number in range(len(cuts[0]))]
    assert cuts[0] == pytest.approx(seconds, abs=0.01)
    for path, line in zip(made.media(), made.hls().playlists, strict=True):
        lengths = [segment.duration for segment in made.hls(line.uri).segments]
        begins = [cuts[0][0] + sum(lengths[:number]) for number in range(len(lengths))]
        assert key_frames(path) == pytest.approx(begins, abs=0.001)
        assert sum(lengths) == pytest.approx(len(times) / 25, abs=0.05) or name in {"variable.mp4", "interlaced.mp4"}


def test_a_rung_is_a_box_that_an_upright_video_gets_upright(clip: Clips, streamed: Streaming) -> None:
    made = streamed(clip("sideways.mp4"), audio="none", ladder=[{"height": 90, "bitrate": 200}])

    seen = decoded(made.media()[0])
    assert seen.size == (68, 160)
    assert brightness(seen.frames[0], TOP) < 25 < brightness(seen.frames[0], BOTTOM)


def test_no_rung_above_the_source_is_made_and_always_one(clip: Clips, streamed: Streaming) -> None:
    made = streamed(clip("plain.mp4"), ladder="standard", formats=["dash"])

    assert made.names[0] == "manifest.mpd"
    assert [decoded(path).size for path in made.media()] == [(320, 180)]


@pytest.mark.parametrize(("codec", "name", "decoder"), [("h265", "hvc1.1.6.L", "hevc"), ("av1", "av01.0.0", "av1")])
def test_newer_codecs_are_cut_at_the_same_places_and_bear_the_names_that_browsers_ask_for(
    clip: Clips, streamed: Streaming, codec: str, name: str, decoder: str
) -> None:
    made = streamed(clip("plain.mp4"), codec=codec)

    assert all(line.stream_info.codecs.startswith(name) for line in made.hls().playlists)
    for path in made.media():
        seen = decoded(path)
        assert seen.video
        assert seen.video.codec_context.codec.canonical_name == decoder
        assert len(seen.frames) == 50
        assert key_frames(path) == [0, 1]


def test_a_frame_rate_is_a_limit(clip: Clips, streamed: Streaming) -> None:
    made = streamed(clip("plain.mp4"), frameRate=10)

    assert [len(decoded(path).frames) for path in made.media()] == [20, 20]
    assert {line.stream_info.frame_rate for line in made.hls().playlists} == {10.0}


def test_audio_begins_when_it_begins_in_the_source(clip: Clips, streamed: Streaming) -> None:
    made = streamed(clip("hushed.mp4"))

    assert onset(made.media("audio")[0]) == pytest.approx(onset(clip("hushed.mp4")), abs=0.005)


def test_audio_plays_from_the_beginning_though_the_video_comes_later(clip: Clips, streamed: Streaming) -> None:
    made = streamed(clip("video-late.mp4"))

    assert decoded(made.media()[0]).times[0] == pytest.approx(0.5, abs=0.01)
    assert decoded(made.media("audio")[0]).audio_seconds == pytest.approx(2, abs=0.05)


def test_a_source_without_audio_gives_videos_alone_and_says_so(clip: Clips, streamed: Streaming) -> None:
    made = streamed(clip("silent.mp4"))

    assert made.media("audio") == []
    assert not made.hls().media
    assert "," not in made.hls().playlists[0].stream_info.codecs
    assert made.made.warnings == ("the source has no audio: the stream has none either",)


@pytest.mark.parametrize("name", ["audio.mp3", "covered.m4a", "audio.wav"])
def test_a_source_of_audio_alone_gives_a_stream_of_audio_alone(clip: Clips, streamed: Streaming, name: str) -> None:
    made = streamed(clip(name), audio={"bitrates": [64, 128]})

    assert made.media() == []
    assert [line.stream_info.codecs for line in made.hls().playlists] == ["mp4a.40.2", "mp4a.40.2"]
    assert [line.uri for line in made.hls().playlists] == ["audio-1-128k.m3u8", "audio-1-64k.m3u8"]
    assert [decoded(path).audio_seconds for path in made.media("audio")] == pytest.approx([2, 2], abs=0.1)
    assert "no video" in made.warnings


def test_surround_audio_is_mixed_down(clip: Clips, streamed: Streaming) -> None:
    audio = decoded(streamed(clip("surround.mp4")).media("audio")[0]).audio

    assert audio
    assert audio.channels == 2


def test_a_mark_lies_over_every_rung(clip: Clips, streamed: Streaming) -> None:
    mark = {"image": str(red(clip)), "position": "top-left", "width": 0.5, "x": 0, "y": 0}

    made = streamed(clip("plain.mp4"), watermarks=[mark])

    for path in made.media():
        frame = decoded(path).frames[25].reformat(format="rgb24")
        pixel = bytes(frame.planes[0])[3 * (frame.width // 4) + frame.planes[0].line_size * 4 :][:3]
        assert pixel[0] > 150 > 2 * max(pixel[1:])


def test_a_clip_is_a_stream_of_its_own(clip: Clips, streamed: Streaming) -> None:
    made = streamed(clip("plain.mp4"), clip={"start": 0.4, "end": 1.6})

    seen = decoded(made.media()[0])
    assert len(seen.frames) == 30
    assert 0 <= seen.times[0] <= 0.25 / 25 + 0.001  # a clip begins a quarter of a frame before its first one
    assert decoded(made.media("audio")[0]).audio_seconds == pytest.approx(1.2, abs=0.05)


def test_a_source_that_breaks_off_is_streamed_as_far_as_it_goes_and_said_so(clip: Clips, streamed: Streaming) -> None:
    made = streamed(clip.cut("front.mp4", 200_000))

    assert 0 < len(decoded(made.media()[0]).frames) < 40
    assert "of 2.0 s could be read" in made.warnings


def test_a_source_with_nothing_but_an_index_is_rejected(clip: Clips, streamed: Streaming) -> None:
    index = clip("front.mp4").read_bytes().index(b"mdat")

    with pytest.raises(MediaRejected):
        streamed(clip.cut("front.mp4", index + 100))


@pytest.mark.parametrize(
    ("name", "params", "code"),
    [
        ("silent.mp4", {"ladder": "none"}, "SourceFileError.NoAudio"),
        ("audio.mp3", {"audio": "none"}, "SourceFileError.NoVideo"),
    ],
)
def test_a_source_that_lacks_all_that_was_asked_for_is_rejected(
    clip: Clips, streamed: Streaming, name: str, params: dict[str, str], code: str
) -> None:
    with pytest.raises(MediaRejected) as caught:
        streamed(clip(name), **params)

    assert caught.value.code == code


def test_nothing_of_where_it_was_taken_is_left(clip: Clips, streamed: Streaming) -> None:
    made = streamed(clip("tracks.mp4"))

    for path in (*made.media(), *made.media("audio")):
        assert b"48.8584" not in path.read_bytes()
        assert not probe(path, "out").tags
