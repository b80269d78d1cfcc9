"""The ffmpeg adapter before a process starts and after it ends: no process runs here."""

from pathlib import Path

import pytest

from shared.errors import AttemptFailed, LimitExceeded, MediaRejected, OperationFailed, WorkerFailed
from shared.media.ffmpeg import FAILURES, SAFE_DECODERS, SAFE_DEMUXERS, AttemptProgress, Ffmpeg, Limits, _Meter

FOLDER = Path("/tmp/attempt/out")  # noqa: S108 - a name alone


def an_ffmpeg() -> Ffmpeg:
    return Ffmpeg(Limits(60, 1000, max_pixels=77), FOLDER, lambda _: None)


def test_a_strangers_file_is_opened_with_every_safeguard() -> None:
    arguments = an_ffmpeg().input_arguments(Path("/tmp/attempt/-i; rm.mp4"))  # noqa: S108

    options = dict(zip(arguments[::2], arguments[1::2], strict=True))
    assert options == {
        "-protocol_whitelist": "file",
        "-format_whitelist": SAFE_DEMUXERS,
        "-codec_whitelist": SAFE_DECODERS,
        "-max_pixels": "77",
        "-max_streams": "500",
        "-i": "file:/tmp/attempt/-i; rm.mp4",
    }
    assert arguments[-2] == "-i"


def test_no_demuxer_that_opens_what_a_text_names_is_allowed() -> None:
    assert not set(SAFE_DEMUXERS.split(",")) & {
        "hls",
        "dash",
        "concat",
        "image2",
        "lavfi",
        "sdp",
        "rtsp",
        "tee",
        "imf",
    }


@pytest.mark.parametrize(
    ("said", "percent"),
    [
        ([b"out_time_us=500000\n"], 25),
        ([b"out_time_us=5000", b"00\nspeed=1x\n"], 25),
        ([b"out_time_us=N/A\n"], 20),
        ([b"out_time_us=-3000\n"], 20),
        ([b"out_time_us=500000\n", b"out_time_us=1000000\n"], 30),
        ([b"out_time_us=99000000\n"], 40),
        ([], 20),
    ],
)
def test_progress_is_a_share_of_the_attempt(said: list[bytes], percent: int) -> None:
    meter = _Meter(2.0, None, "encoding", (20, 40))

    for chunk in said:
        meter.feed(chunk)

    assert meter.progress == AttemptProgress(percent, "encoding")


def test_audio_that_runs_ahead_of_the_video_is_not_progress() -> None:
    meter = _Meter(4.0, 25.0, "encoding", (0, 100))

    meter.feed(b"frame=25\nout_time_us=3000000\n")

    assert meter.progress == AttemptProgress(25, "encoding")


def test_progress_of_unknown_length_stays_where_its_share_begins() -> None:
    meter = _Meter(None, None, "encoding", (20, 40))

    meter.feed(b"out_time_us=500000\n")

    assert meter.progress == AttemptProgress(20, "encoding")


def test_the_tail_of_the_log_contains_whole_lines_without_paths() -> None:
    ffmpeg = an_ffmpeg()
    ffmpeg.input_arguments(Path("/tmp/attempt/source.mp4"))  # noqa: S108

    for number in range(1000):
        ffmpeg._keep(f"line {number}: /tmp/attempt/source.mp4 to /tmp/attempt/out/out.mp4 \xe9\n".encode())  # noqa: SLF001

    lines = ffmpeg.log_tail.splitlines()
    assert lines[-1] == "line 999: source.mp4 to out.mp4 é"
    assert lines[0].startswith("line 9")
    assert 2000 < len(ffmpeg.log_tail) <= 4096


def test_a_file_beside_the_folder_is_named_without_its_path() -> None:
    ffmpeg = an_ffmpeg()

    ffmpeg._keep(b"opened file:/tmp/attempt/asset.png and /tmp/attempt/out/mark.png\n")  # noqa: SLF001

    assert ffmpeg.log_tail == "opened file:asset.png and mark.png\n"


@pytest.mark.parametrize(
    ("code", "kind", "error_code"),
    [
        (183, MediaRejected, "SourceFileError.Unreadable"),
        (69, MediaRejected, "SourceFileError.Unreadable"),
        (228, LimitExceeded, "LimitError.Disk"),
        (229, LimitExceeded, "LimitError.OutputSize"),
        (153, LimitExceeded, "LimitError.OutputSize"),
        (137, WorkerFailed, "InternalError.Killed"),
        (234, OperationFailed, "OperationError.Failed"),
        (1, OperationFailed, "OperationError.Failed"),
    ],
)
def test_each_way_to_fail_has_its_error(code: int, kind: type[AttemptFailed], error_code: str) -> None:
    error = an_ffmpeg()._failure(code)  # noqa: SLF001

    assert type(error) is kind
    assert error.code == error_code


def test_every_failure_has_a_sentence_of_ours() -> None:
    assert all(" " in message and "AVERROR" not in message for _, _, message in FAILURES.values())


def test_the_limit_of_cpu_time_lies_beyond_that_of_wall_time() -> None:
    assert Limits(60, 1).cpu_seconds > 60
