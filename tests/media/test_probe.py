"""What a file is, on real footage and on what only pretends to be some."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.errors import LimitExceeded, MediaRejected
from shared.media.ffmpeg import Ffmpeg
from shared.media.probe import image_size, probe
from tests.support.clips import Clips
from tests.support.hostile.tables import claimed

MANIFEST = (
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
    '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>{url}</BaseURL>'
    "</Representation></AdaptationSet></Period></MPD>"
)
PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{url}\n#EXT-X-ENDLIST\n"
# A comment that puts the sync bytes of an M2TS, or the box of an MP4, where they are looked for.
M2TS_DISGUISE = ("<!--G" + " " * 191 + "G" + " " * 191 + "G-->").ljust(600) + MANIFEST
MP4_DISGUISE = "<!--ftypisom-->" + MANIFEST


def rejected(path: Path) -> MediaRejected:
    with pytest.raises(MediaRejected) as caught:
        probe(path, path.name)
    assert path.name in caught.value.message
    return caught.value


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain.mp4", ("MPEG-4", "h264", 320, 180, 25, 2)),
        ("hdr.mp4", ("MPEG-4", "h265", 320, 180, 25, None)),
        ("web.webm", ("WebM", "vp9", 320, 180, 25, 2)),
        ("old.avi", ("AVI", "mpeg4", 320, 180, 25, 2)),
        ("bigbuckbunny.mp4", ("MPEG-4", "h264", 1280, 720, 25, 6)),
        ("sideways.mp4", ("MPEG-4", "h264", 272, 640, 25, None)),
        ("anamorphic.mp4", ("MPEG-4", "h264", 320, 180, 25, None)),
    ],
)
def test_a_video_is_described_as_a_viewer_sees_it(
    clip: Clips, name: str, expected: tuple[str, str, int, int, float, int | None]
) -> None:
    media = probe(clip(name), name)

    video = media.video
    assert video
    channels = media.audio.channels if media.audio else None
    assert (media.format, video.codec, video.width, video.height, video.frame_rate, channels) == expected
    assert media.duration == pytest.approx(5.3 if name == "bigbuckbunny.mp4" else 2, abs=0.1)


def test_what_is_unusual_about_a_video_is_seen(clip: Clips) -> None:
    seen = {
        name: video
        for name in ("sideways.mp4", "hdr.mp4", "interlaced.mp4", "variable.mp4", "anamorphic.mp4", "odd.mp4")
        if (video := probe(clip(name), name).video)
    }

    assert [name for name, video in seen.items() if video.rotation] == ["sideways.mp4"]
    assert seen["sideways.mp4"].rotation == 90
    assert [name for name, video in seen.items() if video.hdr] == ["hdr.mp4"]
    assert [name for name, video in seen.items() if video.interlaced] == ["interlaced.mp4"]
    assert [name for name, video in seen.items() if video.variable_frame_rate] == ["variable.mp4"]
    assert [name for name, video in seen.items() if not video.square_pixels] == ["anamorphic.mp4"]
    assert (seen["odd.mp4"].chroma, seen["odd.mp4"].bit_depth, seen["hdr.mp4"].bit_depth) == ("4:4:4", 8, 10)


def test_how_a_video_is_stored_is_seen(clip: Clips) -> None:
    names = ("red.mp4", "red-nameless.mp4", "red-rgb.mov", "red-rgb.mkv", "title.mov", "camera.mov")
    seen = {name: video for name in names if (video := probe(clip(name), name).video)}

    assert [video.matrix for video in seen.values()] == ["BT.709", None, "RGB", "RGB", "RGB", None]
    assert [name for name, video in seen.items() if video.transparent] == ["title.mov"]
    assert seen["camera.mov"].bit_depth == 10


@pytest.mark.parametrize("name", ["covered.mp3", "covered.m4a"])
def test_cover_art_is_not_a_video(clip: Clips, name: str) -> None:
    media = probe(clip(name), name)

    assert media.videos == ()
    assert len(media.audios) == 1


def test_the_default_audio_track_is_the_one_that_plays(clip: Clips) -> None:
    media = probe(clip("tracks.mp4"), "tracks.mp4")

    assert [audio.channels for audio in media.audios] == [2, 1]
    assert media.audio is media.audios[1]
    assert media.audio.language == "de"


def test_tracks_come_in_the_order_in_which_ffmpeg_counts_them(clip: Clips) -> None:
    media = probe(clip("languages.ts"), "languages.ts")

    assert [audio.language for audio in media.audios] == ["en", "fr", "de"]


def test_tags_are_read(clip: Clips) -> None:
    assert probe(clip("audio.mp3"), "audio.mp3").tags == {"title": "Die Glühwürmchen"}


def test_an_empty_file_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "empty.mp4"
    path.touch()

    assert rejected(path).code == "SourceFileError.Empty"


@pytest.mark.parametrize(
    "content",
    [b"hello, I am a text", b"\0", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04" + bytes(100), bytes(range(256)) * 40],
    ids=["text", "nought", "png", "zip", "noise"],
)
def test_a_file_that_is_not_media_is_rejected_under_any_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(content)

    assert rejected(path).code == "SourceFileError.NotMedia"


def test_a_file_whose_end_is_missing_is_said_to_be_cut_off(clip: Clips) -> None:
    error = rejected(clip.cut("bigbuckbunny.mp4", 500_000))

    assert error.code == "SourceFileError.Unreadable"
    assert "truncated" in error.message


def test_a_video_in_a_media_container_contains_no_stream(clip: Clips, tmp_path: Path) -> None:
    path = tmp_path / "video.avi"
    path.write_bytes(b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0")

    assert rejected(path).code in {"SourceFileError.NoStreams", "SourceFileError.Unreadable"}
    assert image_size(clip("cover.jpg")) == (1280, 720)


@pytest.mark.parametrize("name", ["size.jpg", "size.png", "size.webp"])
def test_the_size_of_a_video_of_ours_stands_in_its_head(clip: Clips, ffmpeg: Ffmpeg, name: str) -> None:
    path = ffmpeg.folder / name
    one = ["-frames:v", "1", "-update", "1", f"file:{path}"]
    ffmpeg.run([*ffmpeg.input_arguments(clip("odd.mp4")), *one], duration=None, phase="taking")

    assert image_size(path) == (321, 181)


@pytest.mark.parametrize(
    ("limit", "most", "code"), [("MOST_STREAMS", 2, "LimitError.Streams"), ("MOST_SECONDS", 1.0, "LimitError.Duration")]
)
def test_what_has_more_than_anybody_needs_is_refused(
    clip: Clips, monkeypatch: pytest.MonkeyPatch, limit: str, most: float, code: str
) -> None:
    monkeypatch.setattr(f"shared.media.probe.{limit}", most)

    with pytest.raises(LimitExceeded) as caught:
        probe(clip("tracks.mp4"), "tracks.mp4")

    assert caught.value.code == code
    assert "tracks.mp4" in caught.value.message


@pytest.fixture
def visitors() -> Iterator[tuple[str, list[bytes]]]:
    """Listen on this machine; lend the address, and a list of what the callers sent."""
    calls: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                caller, _ = server.accept()
                with caller:
                    said = caller.recv(1000)
                    if said == b"stop":
                        return
                    calls.append(said)

        thread = threading.Thread(target=answer)
        thread.start()
        port = server.getsockname()[1]
        yield f"http://127.0.0.1:{port}/x.ts", calls
        if thread.is_alive():
            with socket.create_connection(("127.0.0.1", port)) as last:
                last.sendall(b"stop")
        thread.join()


@pytest.mark.parametrize("content", [PLAYLIST, MANIFEST, M2TS_DISGUISE, MP4_DISGUISE])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_list_of_addresses_in_disguise_is_rejected_and_not_called(
    visitors: tuple[str, list[bytes]], tmp_path: Path, content: str, encoding: str
) -> None:
    url, calls = visitors
    path = tmp_path / "film.mp4"
    path.write_bytes(content.format(url=url).encode(encoding))

    assert rejected(path).code == "SourceFileError.NotMedia"
    assert calls == []


def test_a_video_is_found_in_a_file_so_short_that_one_reading_takes_it_all(clip: Clips) -> None:
    path = clip("short.ts")

    found = probe(path, path.name)

    assert path.stat().st_size < 32 * 1024
    assert found.video
    assert (found.video.width, found.video.height) == (160, 90)


def test_a_file_lasts_as_long_as_it_is_played_also_when_its_clock_begins_late(clip: Clips) -> None:
    assert probe(clip("late.mkv"), "late.mkv").duration == pytest.approx(2, abs=0.1)
    assert probe(clip("web.webm"), "web.webm").duration == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("frames", [2_100_000, 60_000_000])
def test_a_file_that_claims_many_more_frames_than_it_has_bytes_is_damaged(
    clip: Clips, tmp_path: Path, frames: int
) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(claimed(clip("blink.mp4").read_bytes(), frames))

    with pytest.raises(MediaRejected, match=r"declares [0-9,]+ frames") as caught:
        probe(path, "film.mp4")
    assert caught.value.code == "SourceFileError.Unreadable"


def test_a_file_that_claims_a_few_more_is_not(clip: Clips, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(claimed(clip("blink.mp4").read_bytes(), 1_900_000))

    assert probe(path, "film.mp4").video
