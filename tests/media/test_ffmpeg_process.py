"""The processes behind the door: that they end when they must, and stay inside of what they were given."""

import os
import re
import subprocess
import sys
import time
from collections import deque
from itertools import count, pairwise
from pathlib import Path
from signal import SIGKILL

import pytest

from shared.errors import LimitExceeded, MediaRejected, OperationFailed, WorkerFailed
from shared.media.ffmpeg import SAFE_DECODERS, AttemptProgress, Ffmpeg, Limits, binary
from tests.support.clips import Clips
from tests.support.hostile.tables import claimed
from tests.support.processes import encoders, processes, until

ROOT = Path(__file__).parents[2]


def endless(folder: Path) -> list[str]:
    """Return the arguments of a run in real time, with the folder's name in those of its processes."""
    return [
        "-re",
        "-f",
        "lavfi",
        "-i",
        "testsrc=s=16x16:r=25",
        "-metadata",
        f"comment={folder}",
        "-f",
        "null",
        "-",
    ]


class LeaseLost(Exception):
    """What a caller's own callback may raise."""


def test_progress_is_reported_every_now_and_then_and_only_grows(
    clip: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.media.ffmpeg.REPORT_EVERY", 0.5)
    told: list[tuple[float, AttemptProgress]] = []
    began = time.monotonic()
    ffmpeg = Ffmpeg(Limits(60, 10**9), tmp_path, lambda p: told.append((time.monotonic() - began, p)))

    written = ffmpeg.run(
        [
            "-readrate",
            "0.7",
            "-readrate_initial_burst",
            "0",
            *ffmpeg.input_arguments(clip("plain.mp4")),
            "-f",
            "null",
            "-",
        ],
        duration=2,
        phase="reading",
        share=(50, 100),
    )

    assert written == pytest.approx(2, abs=0.1)
    times, percents = [at for at, _ in told], [p.percent for _, p in told]
    assert 0.5 <= times[0] < 3
    # The half second counts from a look at the clock, and a busy machine may wait a moment between that and the report.
    assert all(later - earlier >= 0.4 for earlier, later in pairwise(times))
    assert percents == sorted(percents)
    assert 50 <= percents[0] < percents[-1] <= 100
    assert {p.phase for _, p in told} == {"reading"}


def test_what_may_take_a_part_of_the_time_leaves_the_rest_to_others(tmp_path: Path) -> None:
    ffmpeg = Ffmpeg(Limits(50, 10**9), tmp_path, lambda _: None)
    began = time.monotonic()

    with pytest.raises(LimitExceeded) as caught, ffmpeg.at_most(0.01):
        ffmpeg.run(endless(tmp_path), duration=None, phase="waiting")

    assert caught.value.code == "LimitError.Time"
    assert time.monotonic() - began < 2
    ffmpeg.check_wall()


def test_the_limit_of_time_ends_every_process(tmp_path: Path) -> None:
    ffmpeg = Ffmpeg(Limits(0.5, 10**9), tmp_path, lambda _: None)
    began = time.monotonic()

    with pytest.raises(LimitExceeded) as caught:
        ffmpeg.run(endless(tmp_path), duration=None, phase="waiting")

    assert caught.value.code == "LimitError.Time"
    assert time.monotonic() - began < 2
    assert processes(tmp_path) == set()


def test_the_time_limit_applies_to_all_processes_of_an_attempt_together(tmp_path: Path) -> None:
    now = [0.0]
    ffmpeg = Ffmpeg(Limits(60, 10**9), tmp_path, lambda _: None, clock=lambda: now[0])

    now[0] = 61

    with pytest.raises(LimitExceeded):
        ffmpeg.run(endless(tmp_path), duration=None, phase="waiting")


def test_time_is_kept_to_upload_what_is_written(tmp_path: Path) -> None:
    now = [0.0]
    ffmpeg = Ffmpeg(Limits(880, 10**10), tmp_path, lambda _: None, clock=lambda: now[0])
    with (tmp_path / "film.mp4").open("wb") as film:
        film.truncate(6 * 10**9)  # its upload takes 100 s

    now[0] = 780.5

    with pytest.raises(LimitExceeded) as caught:
        ffmpeg.run(endless(tmp_path), duration=None, phase="waiting")
    assert caught.value.code == "LimitError.Time"
    assert caught.value.message == (
        "processing reached the time limit of 880 s; 100 s of it are kept to upload the outputs"
    )


def test_time_to_upload_is_kept_while_a_process_writes(tmp_path: Path) -> None:
    seconds, sizes = count(step=0.25), count(6 * 10**9, 6 * 10**9)  # each takes 100 s more

    def grow(_: AttemptProgress) -> None:
        with (tmp_path / "film.mp4").open("ab") as film:
            film.truncate(next(sizes))

    ffmpeg = Ffmpeg(Limits(250, 10**12), tmp_path, grow, clock=lambda: next(seconds))
    with pytest.raises(LimitExceeded, match="300 s of it are kept"):
        ffmpeg.run(endless(tmp_path), duration=None, phase="waiting")


def test_a_callback_that_raises_ends_every_process_and_is_heard(tmp_path: Path) -> None:
    running: set[int] = set()

    def lose(_: AttemptProgress) -> None:
        running.update(processes(tmp_path))
        raise LeaseLost

    with pytest.raises(LeaseLost):
        Ffmpeg(Limits(60, 10**9), tmp_path, lose).run(endless(tmp_path), duration=None, phase="waiting")

    assert len(running) == 2  # ffmpeg and its supervisor
    assert processes(tmp_path) == set()


def test_ffmpeg_does_not_outlive_a_worker_that_was_killed(tmp_path: Path) -> None:
    script = (
        "from pathlib import Path; from shared.media.ffmpeg import Ffmpeg, Limits\n"
        "from tests.media.test_ffmpeg_process import endless\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "Ffmpeg(Limits(60, 10**9), folder, print).run(endless(folder), duration=None, phase='waiting')"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT) as worker:
        until(lambda: len(processes(tmp_path) - {worker.pid}) == 2)

        worker.send_signal(SIGKILL)
        worker.wait()

        until(lambda: not processes(tmp_path))


def test_a_killed_ffmpeg_may_be_tried_again_and_its_attempt_counts(tmp_path: Path) -> None:
    def kill(_: AttemptProgress) -> None:
        for process in encoders(tmp_path):
            os.kill(process, SIGKILL)

    with pytest.raises(WorkerFailed) as caught:
        Ffmpeg(Limits(60, 10**9), tmp_path, kill).run(endless(tmp_path), duration=None, phase="waiting")

    assert caught.value.code == "InternalError.Killed"


def test_an_output_that_grows_too_large_is_stopped(clip: Clips, tmp_path: Path) -> None:
    ffmpeg = Ffmpeg(Limits(60, 100_000), tmp_path, lambda _: None)
    out = tmp_path / "out.avi"

    with pytest.raises(LimitExceeded) as caught:
        ffmpeg.run(
            [*ffmpeg.input_arguments(clip("plain.mp4")), "-c:v", "rawvideo", f"file:{out}"],
            duration=2,
            phase="encoding",
        )

    assert caught.value.code == "LimitError.OutputSize"
    assert out.stat().st_size <= 100_352  # whole blocks of 512 bytes


def test_the_files_of_an_attempt_share_one_limit(tmp_path: Path) -> None:
    (tmp_path / "first.bin").write_bytes(bytes(2000))
    ffmpeg = Ffmpeg(Limits(60, 2000), tmp_path, lambda _: None)

    with pytest.raises(LimitExceeded) as caught:
        ffmpeg.run(endless(tmp_path), duration=None, phase="waiting")

    assert caught.value.code == "LimitError.OutputSize"
    assert ffmpeg.log_tail == ""


def test_a_full_disk_is_named(clip: Clips, ffmpeg: Ffmpeg) -> None:
    with pytest.raises(LimitExceeded) as caught:
        ffmpeg.run(
            [*ffmpeg.input_arguments(clip("plain.mp4")), "-c", "copy", "-f", "matroska", "file:/dev/full"],
            duration=2,
            phase="copying",
        )

    assert caught.value.code == "LimitError.Disk"


def test_what_no_demuxer_knows_is_the_fault_of_the_file(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    source = tmp_path / "noise.mp4"
    source.write_bytes(bytes(range(1, 256)) * 100)

    with pytest.raises(MediaRejected):
        ffmpeg.run([*ffmpeg.input_arguments(source), "-f", "null", "-"], duration=None, phase="reading")


@pytest.mark.parametrize(
    "content",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile /etc/passwd\n",
        "ffconcat version 1.0\nfile {clip}\n",
    ],
)
def test_a_playlist_under_another_name_opens_nothing(clip: Clips, ffmpeg: Ffmpeg, tmp_path: Path, content: str) -> None:
    source = tmp_path / "film.mp4"
    source.write_text(content.format(clip=clip("plain.mp4")))

    with pytest.raises((MediaRejected, OperationFailed)):
        ffmpeg.run(
            ["-loglevel", "debug", *ffmpeg.input_arguments(source), "-f", "null", "-"],
            duration=None,
            phase="reading",
        )

    assert "root:" not in ffmpeg.log_tail
    assert "plain.mp4" not in ffmpeg.log_tail
    assert "/etc/passwd" not in ffmpeg.log_tail


def test_a_video_with_too_many_pixels_is_not_decoded(clip: Clips, tmp_path: Path) -> None:
    ffmpeg = Ffmpeg(Limits(60, 10**9, max_pixels=320 * 180 - 1), tmp_path, lambda _: None)

    with pytest.raises((MediaRejected, OperationFailed)):
        ffmpeg.run(
            [*ffmpeg.input_arguments(clip("plain.mp4")), "-map", "0:v", "-f", "null", "-"],
            duration=2,
            phase="reading",
        )


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not report how much memory another process takes")
def test_a_process_that_takes_too_much_memory_is_ended_before_it_has_it(clip: Clips, tmp_path: Path) -> None:
    source = tmp_path / "claims.mp4"
    source.write_bytes(claimed(clip("blink.mp4").read_bytes(), 60_000_000))  # 2.3 GB
    megabytes = 800
    # A separate worker, because the kernel records the largest memory use of all children of a process.
    script = (
        "import resource\nfrom pathlib import Path\nfrom shared.errors import LimitExceeded\n"
        "from shared.media.ffmpeg import Ffmpeg, Limits\n"
        f"source = Path({str(source)!r})\n"
        f"ffmpeg = Ffmpeg(Limits(60, 10**9, memory_bytes={megabytes} * 1024**2), source.parent, lambda _: None)\n"
        "try: ffmpeg.run([*ffmpeg.input_arguments(source), '-f', 'null', '-'], duration=None, phase='reading')\n"
        "except LimitExceeded as error: print(error.code, error.message, sep='\\n')\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)"
    )

    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True)

    code, message, peak = done.stdout.splitlines()
    assert code == "LimitError.Memory"
    assert re.search("more than [0-9]+ MB .* this worker of 800 MB .* WorkerMemory", message)
    assert 400 < int(peak) < megabytes
    assert processes(tmp_path) == set()


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS doesn't limit memory")
def test_the_kernel_limits_what_grows_faster_than_anybody_looks(
    clip: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.media.ffmpeg.resident_bytes", lambda _: 0)
    large = ["-vf", "scale=8192:8192", "-frames:v", "1", "-f", "null", "-"]
    ffmpeg = Ffmpeg(Limits(60, 10**9, memory_bytes=1), tmp_path, lambda _: None)
    monkeypatch.setattr("shared.media.ffmpeg.UNUSED_BYTES", 150 * 1024**2)

    with pytest.raises(LimitExceeded) as caught:
        ffmpeg.run([*ffmpeg.input_arguments(clip("plain.mp4")), *large], duration=None, phase="reading")

    assert caught.value.code == "LimitError.Memory"


def test_media_that_turns_out_longer_than_the_limit_is_refused(clip: Clips, tmp_path: Path) -> None:
    ffmpeg = Ffmpeg(Limits(60, 10**9, max_seconds=1), tmp_path, lambda _: None)

    with pytest.raises(LimitExceeded) as caught:
        ffmpeg.run(
            [*ffmpeg.input_arguments(clip("plain.mp4")), "-c", "copy", "-f", "null", "-"],
            duration=None,
            phase="reading",
        )

    assert caught.value.code == "LimitError.Duration"


def test_a_file_of_more_streams_than_the_limit_is_not_read(clip: Clips, tmp_path: Path) -> None:
    ffmpeg = Ffmpeg(Limits(60, 10**9, max_streams=2), tmp_path, lambda _: None)

    with pytest.raises(LimitExceeded):
        ffmpeg.run([*ffmpeg.input_arguments(clip("tracks.mp4")), "-f", "null", "-"], duration=None, phase="reading")


def test_the_environment_of_ffmpeg_contains_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "in-here")
    seen: list[bytes] = []

    def look(_: AttemptProgress) -> None:
        seen.extend(Path(f"/proc/{process}/environ").read_bytes() for process in processes(tmp_path))
        raise LeaseLost

    with pytest.raises(LeaseLost):
        Ffmpeg(Limits(60, 10**9), tmp_path, look).run(endless(tmp_path), duration=None, phase="waiting")

    assert len(seen) == 2
    assert b"AWS" not in b"".join(seen)
    assert b"HOME" not in b"".join(seen)


def test_the_commands_can_be_pasted_beside_the_files_and_name_no_folder_of_this_machine(
    clip: Clips, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    ffmpeg.run(
        [*ffmpeg.input_arguments(clip("plain.mp4")), "-c", "copy", f"file:{tmp_path}/out.mkv"],
        duration=2,
        phase="copying",
    )

    (command,) = ffmpeg.commands
    assert command[0] == "ffmpeg"
    assert "file:plain.mp4" in command
    assert command[-1] == "file:out.mkv"
    assert "Input #0" in ffmpeg.log_tail
    assert str(tmp_path) not in ffmpeg.log_tail
    assert str(clip.folder) not in ffmpeg.log_tail


def test_a_failure_for_a_reason_of_its_own_quotes_the_last_words(ffmpeg: Ffmpeg) -> None:
    with pytest.raises(OperationFailed, match=r"exit code 234; .*Invalid argument"):
        ffmpeg.run(["-f", "lavfi", "-i", "color", "-f", "no-such-muxer", "-"], duration=None, phase="encoding")


def test_every_decoder_that_may_be_used_is_there() -> None:
    listed = subprocess.run([binary(), "-hide_banner", "-decoders"], capture_output=True, text=True, check=True).stdout
    known = set(re.findall(r"^ [VAS][F.][S.][X.][B.][D.] (\S+)", listed, re.MULTILINE))

    wanted = SAFE_DECODERS.split(",")

    assert set(wanted) <= known
    assert len(wanted) == len(set(wanted)) < len(known) / 3


def test_a_loop_over_what_a_file_contains_ends_with_the_time_of_the_attempt(tmp_path: Path) -> None:
    clock = count()  # a second passes at each look
    ffmpeg = Ffmpeg(Limits(wall_seconds=5, output_bytes=1), tmp_path, lambda _: None, clock=lambda: next(clock))

    with pytest.raises(LimitExceeded) as late:
        deque(ffmpeg.watched(count()), maxlen=0)

    assert late.value.code == "LimitError.Time"


def test_a_loop_over_what_a_file_contains_ends_before_the_worker_has_no_memory(tmp_path: Path) -> None:
    ffmpeg = Ffmpeg(Limits(wall_seconds=60, output_bytes=1, memory_bytes=1024**2), tmp_path, lambda _: None)

    with pytest.raises(LimitExceeded) as full:
        list(ffmpeg.watched(range(10)))

    assert full.value.code == "LimitError.Memory"
