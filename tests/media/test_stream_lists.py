"""STREAM's lists, judged by other parsers than ours, and its lock: they say what the files hold."""

from itertools import pairwise
from pathlib import Path

import pytest

from shared.errors import ParametersRejected
from shared.media.ffmpeg import Ffmpeg, Limits
from shared.operations.streaming import subtitles
from tests.media.hearing import RATE, heard, pitch
from tests.support.clips import PITCHES, Clips, decoded
from tests.support.hostile.sizes import talkative
from tests.support.local_files import LocalFiles, Operate
from tests.support.streams import MPD, WORDS, Made, Streaming, read_by_playlist, subtitled, unlocked


@pytest.fixture
def streamed(operate: Operate, tmp_path: Path) -> Streaming:
    return Streaming(operate, tmp_path)


@pytest.fixture
def plain(clip: Clips, streamed: Streaming) -> Made:
    return streamed(clip("plain.mp4"))


def test_the_master_playlist_stands_first_and_names_every_rung_with_its_audio(plain: Made) -> None:
    master = plain.hls()

    assert plain.names[0] == "master.m3u8"
    assert [line.stream_info.resolution for line in master.playlists] == [(320, 180), (160, 90)]
    assert {line.stream_info.codecs.split(".")[0] for line in master.playlists} == {"avc1"}
    assert all(line.stream_info.codecs.endswith(",mp4a.40.2") for line in master.playlists)
    assert {line.stream_info.frame_rate for line in master.playlists} == {25.0}
    assert [(audio.type, audio.default, audio.channels) for audio in master.media] == [("AUDIO", "YES", "2")]
    assert {line.media[0].uri for line in master.playlists} == {master.media[0].uri}
    assert plain.made.warnings == ()


def test_every_file_that_is_named_is_there_and_every_file_that_is_there_is_named(plain: Made) -> None:
    named = {"master.m3u8", "manifest.mpd"}
    for line in (*plain.hls().playlists, *plain.hls().media):
        named |= {line.uri, *(segment.uri for segment in plain.hls(line.uri).segments)}

    assert sorted(plain.names) == sorted(named)
    assert all((plain.folder / name).is_file() for name in named)
    assert {base.text for base in plain.dash().iterfind(".//BaseURL", MPD)} == {
        path.name for kind in ("video", "audio") for path in plain.media(kind)
    }


def test_a_playlists_segments_lie_one_behind_the_other_and_fill_the_file(plain: Made) -> None:
    for line in (*plain.hls().playlists, *plain.hls().media):
        playlist = plain.hls(line.uri)
        size = (plain.folder / playlist.segments[0].uri).stat().st_size
        ranges = [tuple(map(int, segment.byterange.split("@"))) for segment in playlist.segments]

        assert playlist.is_endlist
        assert playlist.playlist_type == "vod"
        assert all(length + start == after for (length, start), (_, after) in pairwise(ranges))
        assert sum(ranges[-1]) == size
        for length, start in ranges:
            assert (plain.folder / playlist.segments[0].uri).read_bytes()[start + 4 : start + 8] == b"moof"
            assert length > 0


def test_the_lengths_of_segments_add_up_to_the_film_and_keep_the_target(plain: Made) -> None:
    for line in (*plain.hls().playlists, *plain.hls().media):
        playlist = plain.hls(line.uri)
        lengths = [segment.duration for segment in playlist.segments]

        assert sum(lengths) == pytest.approx(2, abs=0.04)
        assert len(lengths) == 2
        assert max(map(round, lengths)) <= playlist.target_duration == 1


def test_both_formats_say_the_same(plain: Made) -> None:
    shown = {item.get("id"): item for item in plain.dash().iterfind(".//Representation", MPD)}

    assert len(shown) == 3
    for line in plain.hls().playlists:
        item = shown[line.uri.removesuffix(".m3u8")]
        assert (int(item.attrib["width"]), int(item.attrib["height"])) == line.stream_info.resolution
        assert item.attrib["codecs"] == line.stream_info.codecs.split(",")[0]
        assert item.attrib["frameRate"] == "25"
    for item in shown.values():
        base, initialisation = item.find("SegmentBase", MPD), item.find("SegmentBase/Initialization", MPD)
        assert base is not None
        assert initialisation is not None
        content = (plain.folder / str(item.findtext("BaseURL", None, MPD))).read_bytes()
        first, last = map(int, base.attrib["indexRange"].split("-"))
        assert content[first + 4 : first + 8] == b"sidx"
        assert int.from_bytes(content[first : first + 4]) == last + 1 - first
        assert initialisation.attrib["range"] == f"0-{first - 1}"
        assert content[last + 5 : last + 9] == b"moof"
    assert plain.dash().attrib["mediaPresentationDuration"].startswith("PT2.0")


def test_bandwidths_are_what_the_files_take(plain: Made) -> None:
    audio = plain.media("audio")[0].stat().st_size * 8 / 2
    for line, path in zip(plain.hls().playlists, plain.media(), strict=True):
        average = path.stat().st_size * 8 / 2 + audio

        assert line.stream_info.average_bandwidth == pytest.approx(average, rel=0.1)
        assert line.stream_info.bandwidth >= line.stream_info.average_bandwidth


def test_another_reader_of_playlists_finds_every_frame(clip: Clips, plain: Made) -> None:
    frames, seconds = read_by_playlist(plain.folder / "master.m3u8")

    assert frames == len(decoded(clip("plain.mp4")).frames)
    assert seconds == pytest.approx(2, abs=0.05)


def test_every_audio_track_is_a_choice_in_stereo(clip: Clips, streamed: Streaming) -> None:
    made = streamed(subtitled(clip), audio={"bitrates": [64, 128]})

    audios = [(one.group_id, one.language, one.default) for one in made.hls().media if one.type == "AUDIO"]
    assert audios == [
        ("audio-128k", "en", "NO"),
        ("audio-128k", "de", "YES"),
        ("audio-64k", "en", "NO"),
        ("audio-64k", "de", "YES"),
    ]
    assert [line.stream_info.audio for line in made.hls().playlists] == ["audio-128k", "audio-64k"]
    assert [len(item) - 2 for item in made.dash().iterfind(".//AdaptationSet[@contentType='audio']", MPD)] == [2, 2]
    for path in made.media("audio"):
        audio = decoded(path).audio
        assert audio
        assert (audio.channels, audio.rate) == (2, 48000)


def test_an_audio_track_bears_the_language_that_is_spoken_in_it(clip: Clips, streamed: Streaming) -> None:
    made = streamed(clip("languages.ts"))

    audios = [one for one in made.hls().media if one.type == "AUDIO"]
    loudest = {}
    for audio in audios:
        (samples, _) = heard(made.folder / made.hls(audio.uri).segments[0].uri)
        loudest[audio.language] = max(PITCHES.values(), key=lambda hertz: pitch(samples[:RATE], hertz))
    assert loudest == PITCHES


def test_the_sources_own_subtitles_are_carried_as_webvtt(clip: Clips, streamed: Streaming) -> None:
    made = streamed(subtitled(clip))

    choices = [one for one in made.hls().media if one.type == "SUBTITLES"]
    assert [(one.name, one.language, one.forced) for one in choices] == [("de", "de", "NO"), ("The signs", "en", "YES")]
    assert {line.subtitles for line in (item.stream_info for item in made.hls().playlists)} == {"subtitles"}
    for choice in choices:
        playlist = made.hls(choice.uri)
        (segment,) = playlist.segments
        text = (made.folder / segment.uri).read_text()
        assert segment.duration == pytest.approx(2, abs=0.1)
        assert text.startswith("WEBVTT")
        assert "00:01.000 --> 00:00:01.800\nÜber alles" in text
    assert [item.get("lang") for item in made.dash().iterfind(".//AdaptationSet[@contentType='text']", MPD)] == [
        "de",
        "en",
    ]


def test_a_track_that_unpacks_to_more_than_any_film_says_is_left_out_alone(
    clip: Clips, streamed: Streaming, ffmpeg: Ffmpeg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subtitles, "MOST_BYTES", 100_000)
    ffmpeg.limits = Limits(wall_seconds=60, output_bytes=5 * 10**6)
    film = clip.folder / "many-words.mkv"
    film.write_bytes(talkative(clip("cover.jpg").read_bytes(), b"a" * 3000, 2500))

    made = streamed(film)

    assert "1 subtitle tracks are larger than 0.1 MB: they were omitted" in made.warnings
    assert [path.name for path in made.folder.glob("*.vtt")] == ["subtitles-2.vtt"]
    assert [one.uri for one in made.hls().media if one.type == "SUBTITLES"] == ["subtitles-2.m3u8"]
    assert "Good morning" in (made.folder / "subtitles-2.vtt").read_text()


def test_tracks_that_take_too_long_to_read_leave_the_stream_its_time(
    clip: Clips, streamed: Streaming, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subtitles, "SHARE_OF_TIME", 0.02)
    film = clip.folder / "endless-words.mkv"
    film.write_bytes(talkative(clip("cover.jpg").read_bytes(), b"a" * 1_000_000, 50))

    made = streamed(film)

    assert "subtitle tracks could not be read" in made.warnings
    assert list(made.folder.glob("*.vtt")) == []
    assert made.media()


@pytest.mark.parametrize("name", ["worded.webm", "worded.mkv", "captioned.webm"])
def test_webvtt_in_a_source_is_carried(clip: Clips, streamed: Streaming, name: str) -> None:
    (clip.folder / "words.srt").write_text(WORDS)

    made = streamed(clip(name))

    assert "Über alles" in (made.folder / "subtitles-1.vtt").read_text()
    assert made.made.warnings == ()


@pytest.mark.parametrize(
    ("start", "end", "times"),
    [
        (0.52, 1.4, ["00:00:00.000 --> 00:00:00.390", "00:00:00.490 --> 00:00:00.880"]),
        (1.2, None, ["00:00:00.000 --> 00:00:00.610"]),
        (None, 0.8, ["00:00:00.200 --> 00:00:00.800"]),
    ],
)
def test_subtitles_of_a_clip_stand_where_they_are_spoken(
    clip: Clips, streamed: Streaming, start: float | None, end: float | None, times: list[str]
) -> None:
    made = streamed(subtitled(clip), clip={"start": start, "end": end})

    for name in ("subtitles-1.vtt", "subtitles-2.vtt"):
        assert [line for line in (made.folder / name).read_text().splitlines() if "-->" in line] == times


def test_a_clip_in_which_nothing_is_said_has_no_subtitles(clip: Clips, streamed: Streaming) -> None:
    made = streamed(subtitled(clip), clip={"end": 0.15})

    assert not [name for name in made.names if name.startswith("subtitles")]


def test_subtitles_that_begin_before_the_video_stand_where_they_are_spoken(clip: Clips, streamed: Streaming) -> None:
    (clip.folder / "words.srt").write_text(WORDS)

    made = streamed(clip("early-words.mkv"))

    text = (made.folder / "subtitles-1.vtt").read_text()
    assert text == "WEBVTT\n\n00:00:00.000 --> 00:00:00.300\nÜber alles\n"


def test_subtitles_may_be_left_out(clip: Clips, streamed: Streaming) -> None:
    assert not [name for name in streamed(subtitled(clip), ownSubtitles=False).names if name.startswith("subtitles")]


def test_subtitles_of_another_subtask_join_in(clip: Clips, streamed: Streaming, tmp_path: Path) -> None:
    words = clip.folder / "spoken.vtt"
    words.write_text("WEBVTT\n\n00:00.000 --> 00:01.000\nI said so\n")
    files = LocalFiles(clip("plain.mp4"), outputs={"speech": (clip("cover.jpg"), words)})

    made = streamed(files, subtitles=[{"from": "speech", "language": "en", "name": "What is said"}])

    (choice,) = [one for one in made.hls().media if one.type == "SUBTITLES"]
    assert (choice.name, choice.language) == ("What is said", "en")
    assert (tmp_path / made.hls(choice.uri).segments[0].uri).read_text() == words.read_text()


def test_a_subtask_that_wrote_no_subtitles_is_reported(clip: Clips, streamed: Streaming) -> None:
    files = LocalFiles(clip("plain.mp4"), outputs={"cover": (clip("cover.jpg"),)})

    with pytest.raises(ParametersRejected, match="cover wrote no WebVTT") as caught:
        streamed(files, subtitles=[{"from": "cover", "language": "en"}])

    assert caught.value.code == "ParameterError.NoSubtitles"


def test_a_locked_stream_opens_with_its_key_alone_and_shows_the_same_frames(clip: Clips, streamed: Streaming) -> None:
    made = streamed(clip("plain.mp4"), encryption="aes-128", ladder=[{"height": 180, "bitrate": 400}])

    playlist = made.hls(made.hls().playlists[0].uri)
    (key,) = {(line.method, line.uri) for line in playlist.keys if line}
    locked = made.media()[0].read_bytes()
    assert key == ("AES-128", "stream.key")
    assert "manifest.mpd" not in made.names
    assert len((made.folder / "stream.key").read_bytes()) == 16
    assert locked.count(b"moof") == 0
    assert sum(map(int, playlist.segments[-1].byterange.split("@"))) == len(locked)
    for path, uri in (
        (path, path.with_suffix(".m3u8").name) for kind in ("video", "audio") for path in made.media(kind)
    ):
        path.write_bytes(unlocked(path, made.hls(uri), (made.folder / "stream.key").read_bytes()))
    assert len(decoded(made.media()[0]).frames) == len(decoded(clip("plain.mp4")).frames)
    assert decoded(made.media("audio")[0]).audio_seconds == pytest.approx(2, abs=0.05)
