"""Files that a program wrote to a pipe: their headers state neither a size nor a duration. That is not damage."""

import subprocess
from pathlib import Path

import pytest

from shared.domain.subtask import SubtaskType
from shared.errors import MediaRejected
from shared.media.ffmpeg import Ffmpeg, binary
from shared.media.probe import probe
from shared.operations.decoding import probe_decodable
from tests.support.local_files import Operate

SECONDS = 4.0
PACKETS = 0.15  # seconds that padding and an offset of the audio may add
SOURCES = ("-f", "lavfi", "-i", "testsrc2=s=320x180:r=25", "-f", "lavfi", "-i", "sine=440:r=44100", "-ac", "2")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac")
VP8 = ("-c:v", "libvpx", "-deadline", "realtime")
FILMS = {
    "film.wmv": ("-f", "asf"),
    "film.avi": ("-c:v", "mpeg4", "-c:a", "libmp3lame", "-f", "avi"),
    "film.mkv": (*H264, "-f", "matroska"),
    "film.webm": (*VP8, "-c:a", "libopus", "-f", "webm"),
    "film.flv": (*H264, "-f", "flv"),
    "film.ts": (*H264, "-f", "mpegts"),
    "film.mpg": ("-f", "mpeg"),
    "film.mp4": (*H264, "-movflags", "frag_keyframe+empty_moov", "-f", "mp4"),
    "film.rm": ("-c:v", "rv20", "-c:a", "ac3", "-f", "rm"),
    "film.ivf": (*VP8, "-an", "-f", "ivf"),
    "film.m2v": ("-an", "-f", "mpeg2video"),
}
SOUNDS = {
    "sound.wma": ("-vn", "-f", "asf"),
    "sound.mp3": ("-vn", "-write_xing", "0", "-q:a", "4", "-f", "mp3"),
    "sound.aac": ("-vn", "-f", "adts"),
    "sound.flac": ("-vn", "-f", "flac"),
    "sound.wav": ("-vn", "-f", "wav"),
    "sound.caf": ("-vn", "-f", "caf"),
    "sound.ogg": ("-vn", "-c:a", "libvorbis", "-f", "ogg"),
    "sound.ac3": ("-vn", "-f", "ac3"),
}
CONTAINERS = {**FILMS, **SOUNDS}


def write_to_pipe(target: Path, options: tuple[str, ...]) -> Path:
    """Let ffmpeg write the file to a pipe, where it can't return to the header."""
    command = [binary(), "-v", "error", *SOURCES, "-t", str(SECONDS), *options, "pipe:1"]
    target.write_bytes(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return target


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_file_of_unknown_length_has_the_duration_of_its_packets(name: str, tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    source = write_to_pipe(tmp_path / name, CONTAINERS[name])

    media = probe_decodable(source, name, ffmpeg)

    assert media.duration == pytest.approx(SECONDS, abs=PACKETS)
    assert [one.duration for one in media.videos] == pytest.approx([SECONDS] * (name in FILMS), abs=PACKETS)
    assert not media.truncated


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_file_of_unknown_length_is_neither_truncated_nor_damaged(name: str, tmp_path: Path, operate: Operate) -> None:
    source = write_to_pipe(tmp_path / name, CONTAINERS[name])

    made = operate(SubtaskType.INSPECT, source)

    assert made.warnings == ()
    assert made.result is not None
    found = made.result.model_dump()
    assert (found["readable"], found["damaged"], found["truncated"]) == (True, False, False)
    assert found["duration"] == pytest.approx(SECONDS, abs=PACKETS)


@pytest.mark.parametrize("name", sorted(FILMS.keys() - {"film.m2v"}))  # a bare stream has no times to seek to
def test_a_percentage_of_an_unknown_length_is_found(name: str, tmp_path: Path, operate: Operate) -> None:
    source = write_to_pipe(tmp_path / name, FILMS[name])

    image = operate(SubtaskType.SCREENSHOT, source, at=["50%"])
    second_half = operate(SubtaskType.TRANSCODE, source, clip={"start": "50%"})

    assert image.files[0].facts["time"] == pytest.approx(SECONDS / 2, abs=PACKETS)
    assert second_half.files[0].facts["duration"] == pytest.approx(SECONDS / 2, abs=PACKETS)
    silent = ("the source has no audio: the output has none either",)
    assert (image.warnings, second_half.warnings) == ((), silent if "-an" in FILMS[name] else ())


@pytest.mark.parametrize("name", ["film.mkv", "film.avi", "sound.wav"])
def test_a_file_that_is_shorter_than_it_states_is_truncated(name: str, tmp_path: Path) -> None:
    piped, whole = write_to_pipe(tmp_path / f"piped-{name}", CONTAINERS[name]), tmp_path / name
    subprocess.run([binary(), "-v", "error", "-i", piped, "-c", "copy", whole], check=True)
    content = whole.read_bytes()
    whole.write_bytes(content[: len(content) * 3 // 4])

    media = probe(whole, name)

    assert (media.truncated, media.open_ended) == (True, False)


@pytest.mark.parametrize("name", ["sound.aiff", "sound.w64"])
def test_a_format_that_must_state_its_length_is_refused_for_that_reason(name: str, tmp_path: Path) -> None:
    source = write_to_pipe(tmp_path / name, ("-vn", "-f", name.rpartition(".")[2]))

    with pytest.raises(MediaRejected, match=f"^{name} can't be read, because its header doesn't state its length"):
        probe(source, name)


def test_a_stream_whose_end_may_be_missing_unnoticed_is_encoded_not_copied(
    tmp_path: Path, operate: Operate, ffmpeg: Ffmpeg
) -> None:
    source = write_to_pipe(tmp_path / "film.mkv", FILMS["film.mkv"])
    source.write_bytes(source.read_bytes()[:-100])

    made = operate(SubtaskType.ENHANCE, source, audio={"loudness": {}})

    assert made.files
    assert any("libx264" in command for command in ffmpeg.commands)
