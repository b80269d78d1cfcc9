"""The adapter to ffmpeg: safe arguments, limits, progress, and clear errors."""

import math
import os
import selectors
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from errno import EFBIG, ENOMEM, ENOSPC
from functools import cache
from pathlib import Path
from signal import SIGKILL, SIGXFSZ
from typing import IO, TypeVar, cast

from shared.errors import AttemptFailed, LimitExceeded, MediaRejected, OperationFailed, WorkerFailed
from shared.media.attempt_time import AttemptTime
from shared.media.memory import machine_bytes, resident_bytes

T = TypeVar("T")

REPORT_EVERY = 1.0  # Seconds: if the report raises, ffmpeg ends within this time.
LOOK_EVERY = 0.05  # Seconds between two looks at ffmpeg's memory; a look takes 20 microseconds.
ITEMS_BETWEEN_LOOKS = 10_000  # of a Python loop; takes a tenth of a second at most
LOG_TAIL_BYTES = 4096
PATIENCE = 5.0  # Seconds for a process that closed its pipes, or was killed, to exit.

# Demuxers that read only their own file. A playlist (hls, concat, dash), an image pattern or a device opens the
# files that its text names, and a protocol whitelist alone would allow local files.
SAFE_DEMUXERS = (
    "aac,ac3,aiff,amr,asf,avi,caf,dv,eac3,flac,flv,ivf,matroska,mov,mp3,mpeg,mpegts,mpegvideo,ogg,rm,w64,wav"
)

# The decoders of what cameras, editors, browsers and discs write, and of what Reelmill writes itself. ffmpeg has four
# hundred more, for the files of old games for example. Few people look for their bugs, except attackers.
SAFE_DECODERS = ",".join(
    (
        "h264,hevc,vvc,libdav1d,libaom-av1,av1,libvpx,vp8,libvpx-vp9,vp9,theora,vc1,wmv1,wmv2,wmv3",
        "mpeg1video,mpeg2video,mpegvideo,mpeg4,msmpeg4v1,msmpeg4v2,msmpeg4,h261,h263,h263i,h263p,flv,vp6,vp6a,vp6f",
        "rv10,rv20,rv30,rv40,dvvideo,prores,prores_raw,dnxhd,cfhd,jpeg2000,mjpeg,ffv1,ffvhuff,huffyuv,magicyuv,utvideo",
        "hap,qtrle,rawvideo,r210,v210,yuv4,png,bmp,gif,webp",
        "aac,aac_latm,ac3,eac3,dca,truehd,mlp,alac,flac,wavpack,tta,mp1,mp1float,mp2,mp2float,mp3,mp3float",
        "opus,libopus,vorbis,libvorbis,speex,wmav1,wmav2,wmapro,wmalossless,wmavoice,cook,sipr,real_144,real_288,atrac3",
        "amrnb,amrwb,libopencore_amrnb,libopencore_amrwb,qcelp,gsm,gsm_ms,nellymoser,dvaudio,s302m",
        "adpcm_ima_qt,adpcm_ima_wav,adpcm_ms,adpcm_swf,g722,g726,g726le",
        "pcm_alaw,pcm_mulaw,pcm_s8,pcm_u8,pcm_s8_planar,pcm_bluray,pcm_dvd,pcm_s16be_planar",
        "pcm_s16le_planar,pcm_s24le_planar,pcm_s32le_planar",
        ",".join(f"pcm_{kind}{size}{order}" for kind in "su" for size in (16, 24, 32) for order in ("be", "le")),
        ",".join(f"pcm_f{size}{order}" for size in (32, 64) for order in ("be", "le")),
        "ass,ssa,subrip,srt,mov_text,webvtt,text,dvbsub,dvdsub,pgssub,cc_dec",
    )
)

# -progress writes every half second; -y because the folder of one attempt holds nothing to lose.
GLOBAL_OPTIONS = ("-nostdin", "-hide_banner", "-nostats", "-progress", "pipe:1", "-y")

# ffmpeg runs under a shell for three reasons. `ulimit` sets the limits only in the child, without Python between fork
# and exec (preexec_fn can deadlock in a process with threads). The shell's stdin is a pipe from the worker: if the
# worker ends, for any reason, `read` fails and ffmpeg is killed. And the shell reaps ffmpeg, so that no zombie is
# left in a sandbox whose init reaps nothing.
# $1: CPU seconds, $2: the size limit of a file in blocks of 512 bytes (POSIX), $3: kilobytes of private memory, which
# macOS can't limit; then the command. The first output is ffmpeg's process ID, as a line of `-progress`.
SUPERVISOR = """
ulimit -c 0; ulimit -t "$1"; ulimit -f "$2"; ulimit -d "$3" || :; shift 3
exec 3<&0 </dev/null
"$@" 3<&- &
echo "pid=$!"
exec >/dev/null 2>&1
read -r over <&3 || kill -KILL $!
wait $!
"""
BLOCK = 512

# Memory of a function that is for neither the worker nor ffmpeg: the system's, and ffmpeg's growth between two looks,
# which was measured as 32 MB.
SPARE_SHARE = 0.1
# Address space that ffmpeg may reserve beyond that: stacks and heaps of threads (0.6 GB were measured, with H.264 in
# 8K), and tables that are allocated in full before they are filled. The kernel's limit is a safety net between two
# looks: beyond it, a demuxer reports that the file is damaged.
UNUSED_BYTES = 4 * 1024**3

# ffmpeg exits with the low byte of its negative error code; the shell reports a signal as 128 + its number.
EXIT_FILE_TOO_BIG = frozenset({-EFBIG & 0xFF, 128 + SIGXFSZ})
EXIT_NO_MEMORY = -ENOMEM & 0xFF
FAILURES: Mapping[int, tuple[type[AttemptFailed], str, str]] = {
    -0x41444E49 & 0xFF: (  # AVERROR_INVALIDDATA: "INDA" read as a number, see libavutil/error.h
        MediaRejected,
        "SourceFileError.Unreadable",
        "the file is damaged, or its content isn't the media type of its first bytes",
    ),
    69: (  # more frames than -max_error_rate lets pass, 2 of 3, could not be decoded
        MediaRejected,
        "SourceFileError.Unreadable",
        "most of the file is damaged and could not be decoded",
    ),
    -ENOSPC & 0xFF: (
        LimitExceeded,
        "LimitError.Disk",
        "the worker's disk is full: request less, or deploy with a larger WorkerDisk (at most 10240)",
    ),
    128 + SIGKILL: (
        WorkerFailed,
        "InternalError.Killed",
        "ffmpeg was killed from outside, as happens when memory runs out",
    ),
}


@dataclass(frozen=True)
class Limits:
    """What an attempt may use: seconds and bytes for all its processes together, pixels for one frame.

    `memory_bytes` is the memory of the function or machine, for the worker, ffmpeg and the system.
    """

    wall_seconds: float
    output_bytes: int
    max_pixels: int = 8192 * 8192  # 8K is 8192 by 4320
    max_streams: int = 500  # subtitle fonts are streams as well
    max_seconds: float = 48 * 3600.0  # of media: clocks in broken files jump by years, and plans depend on them
    memory_bytes: int = field(default_factory=machine_bytes)

    @property
    def cpu_seconds(self) -> int:
        """The CPU seconds of all cores within the wall time: a safety net if nothing watches the wall time."""
        return math.ceil(self.wall_seconds * (os.cpu_count() or 1)) + 1

    @property
    def ffmpeg_bytes(self) -> int:
        """The memory that ffmpeg may use now: what the worker itself leaves."""
        return max(int(self.memory_bytes * (1 - SPARE_SHARE)) - resident_bytes(os.getpid()), 0)


@dataclass(frozen=True)
class AttemptProgress:
    """The progress of an attempt."""

    percent: int
    phase: str


@cache
def binary() -> str:
    """Return the path of the installed ffmpeg."""
    # 40 ms that only a worker should spend; the package has no types.
    import imageio_ffmpeg  # type: ignore[import-untyped]  # noqa: PLC0415

    return str(imageio_ffmpeg.get_ffmpeg_exe())


class Ffmpeg:
    """Runs ffmpeg for one attempt, one process at a time; keeps the commands and the end of the log."""

    def __init__(
        self,
        limits: Limits,
        folder: Path,
        on_progress: Callable[[AttemptProgress], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start the limits' clock. If `on_progress` raises, ffmpeg is killed and the exception propagates."""
        self.limits = limits
        self.folder = folder
        self.commands: list[list[str]] = []
        self._on_progress = on_progress
        self._clock = clock
        self._time = AttemptTime(limits.wall_seconds, clock)
        self._next_report = clock() + REPORT_EVERY
        self._log = b""
        # Paths of this machine are private; the fetched files are beside the folder.
        self._private = {f"{folder}/", f"{folder.parent}/"}

    @property
    def log_tail(self) -> str:
        """The last lines that ffmpeg wrote to stderr, about 4 KB, without the paths of this machine."""
        tail = self._log[-LOG_TAIL_BYTES:]
        if len(self._log) > LOG_TAIL_BYTES:
            tail = tail.partition(b"\n")[2]  # drop a partial first line
        return self._without_paths(tail.decode(errors="replace"))

    def input_arguments(self, path: Path) -> list[str]:
        """Return `-i` for an untrusted file, with all options that confine ffmpeg to it."""
        self._private.add(f"{path.parent}/")
        return [
            *("-protocol_whitelist", "file", "-format_whitelist", SAFE_DEMUXERS, "-codec_whitelist", SAFE_DECODERS),
            *("-max_pixels", str(self.limits.max_pixels)),
            *("-max_streams", str(self.limits.max_streams)),
            *("-i", f"file:{path}"),
        ]

    def run(
        self,
        args: Sequence[str],
        *,
        duration: float | None,
        phase: str,
        frame_rate: float | None = None,
        share: tuple[int, int] = (0, 100),
    ) -> float:
        """Run one process to its end; return the seconds of media that it wrote.

        `args` has neither the binary nor the global options. `duration` is the seconds of media that it will write
        and `frame_rate` its frames per second, each None if unknown; `share` is the part of the attempt's percents
        that this process fills.
        """
        command = [*GLOBAL_OPTIONS, *args]
        self.commands.append(["ffmpeg", *map(self._without_paths, command)])
        memory_bytes = self.limits.ffmpeg_bytes
        with self._process(command, memory_bytes) as process:
            meter = _Meter(duration, frame_rate, phase, share)
            self._follow(process, meter, memory_bytes)
            code = self._exit_code(process)
        if code:
            raise self._too_large(memory_bytes) if code == EXIT_NO_MEMORY else self._failure(code)
        if meter.seconds > self.limits.max_seconds:
            hours, most = (seconds / 3600 for seconds in (meter.seconds, self.limits.max_seconds))
            message = f"the media lasts {hours:.0f} hours; Reelmill takes at most {most:.0f}"
            raise LimitExceeded(message, code="LimitError.Duration")
        return meter.seconds

    @contextmanager
    def _process(self, command: Sequence[str], memory_bytes: int) -> Iterator["subprocess.Popen[bytes]"]:
        """Start ffmpeg under its supervisor; afterward, both have ended, even after an exception inside."""
        private_bytes = memory_bytes + UNUSED_BYTES
        limits = (self.limits.cpu_seconds, math.ceil(self._room() / BLOCK), private_bytes // 1024)
        supervisor = ["/bin/sh", "-c", SUPERVISOR, "supervisor", *map(str, limits)]
        process = subprocess.Popen(  # noqa: S603 - a list, and no part of it is read as a script
            [*supervisor, binary(), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={},
            # So that filters name files of the folder without a path, in which any character may have a meaning.
            cwd=self.folder,
            start_new_session=True,
            bufsize=0,
        )
        with process:
            try:
                yield process
            finally:
                _close(process)

    def _follow(self, process: "subprocess.Popen[bytes]", meter: "_Meter", memory_bytes: int) -> None:
        """Read ffmpeg's output until it closes both pipes; report progress, and enforce the time and memory limits."""
        with selectors.DefaultSelector() as selector:
            selector.register(cast("IO[bytes]", process.stdout), selectors.EVENT_READ, meter.feed)
            selector.register(cast("IO[bytes]", process.stderr), selectors.EVENT_READ, self._keep)
            while selector.get_map():
                wait = min(self._time.left, self._next_report - self._clock())
                for key, _ in selector.select(min(max(wait, 0), LOOK_EVERY)):
                    chunk = os.read(key.fd, 65536)
                    key.data(chunk)
                    if not chunk:
                        selector.unregister(key.fileobj)
                self.check_wall()
                if meter.pid and resident_bytes(meter.pid) > memory_bytes:
                    raise self._too_large(memory_bytes)
                if self._clock() >= self._next_report:
                    self._next_report = self._clock() + REPORT_EVERY
                    self._written()
                    self._on_progress(meter.progress)

    def _exit_code(self, process: "subprocess.Popen[bytes]") -> int:
        with suppress(BrokenPipeError):  # the supervisor itself was killed
            cast("IO[bytes]", process.stdin).write(b"\n")
        try:
            return process.wait(max(self._time.left, 0))
        except subprocess.TimeoutExpired as slow:
            raise self._time.too_long() from slow

    def _keep(self, chunk: bytes) -> None:
        self._log = (self._log + chunk)[-2 * LOG_TAIL_BYTES :]

    def at_most(self, share: float) -> AbstractContextManager[None]:
        """Limit the processes inside to that share of the remaining time, 0 to 1."""
        return self._time.at_most(share)

    def check_wall(self) -> None:
        """Raise LimitExceeded if the attempt's time is over: for loops that run no process."""
        self._time.check()

    def watched(self, items: Iterable[T]) -> Iterator[T]:
        """Yield the items, which a stranger's file may have millions of; enforce the time and memory limits."""
        for number, item in enumerate(items):
            if number % ITEMS_BETWEEN_LOOKS == 0:
                self.check_wall()
                if not self.limits.ffmpeg_bytes:
                    raise self._too_many()
            yield item

    def _too_large(self, memory_bytes: int) -> LimitExceeded:
        has, left = (number // 1024**2 for number in (self.limits.memory_bytes, memory_bytes))
        message = (
            f"it needs more than {left} MB of memory, which this worker of {has} MB has for ffmpeg; "
            "deploy with a larger WorkerMemory, or request a smaller video"
        )
        return LimitExceeded(message, code="LimitError.Memory")

    def _too_many(self) -> LimitExceeded:
        has = self.limits.memory_bytes // 1024**2
        message = (
            f"the file has more frames or packets than this worker of {has} MB can keep in memory; "
            "deploy with a larger WorkerMemory, or process a part of it"
        )
        return LimitExceeded(message, code="LimitError.Memory")

    def _room(self) -> int:
        """Return how many bytes may still be written."""
        taken = self._written()
        self.check_wall()
        if taken >= self.limits.output_bytes:
            raise self._too_big()
        return self.limits.output_bytes - taken

    def _written(self) -> int:
        """Return the size of the files in the folder; keep the time that their upload takes."""
        written = 0
        for path in self.folder.rglob("*"):
            with suppress(FileNotFoundError):  # ffmpeg renames playlists
                written += path.stat().st_size if path.is_file() else 0
        self._time.keep_for_upload(written)
        return written

    def _too_big(self) -> LimitExceeded:
        megabytes = self.limits.output_bytes / 1e6
        return LimitExceeded(
            f"the output would be larger than the limit of {megabytes:.0f} MB", code="LimitError.OutputSize"
        )

    def _failure(self, code: int) -> AttemptFailed:
        """Return the error for a process that ended with that code."""
        if code in EXIT_FILE_TOO_BIG:
            return self._too_big()
        if code in FAILURES:
            kind, error_code, message = FAILURES[code]
            return kind(message, code=error_code)
        last = self.log_tail.strip().rpartition("\n")[2]
        return OperationFailed(f"ffmpeg failed with exit code {code}; its log ends with: {last}")

    def _without_paths(self, text: str) -> str:
        for folder in sorted(self._private, key=len, reverse=True):
            text = text.replace(folder, "")
        return text


class _Meter:
    """Turns the `key=value` lines of `-progress` into percents of the attempt.

    `pid` is ffmpeg's process ID, once it is known.
    """

    def __init__(self, duration: float | None, frame_rate: float | None, phase: str, share: tuple[int, int]) -> None:
        self._duration = duration
        self._frame_rate = frame_rate
        self._phase = phase
        self._share = share
        self.seconds = 0.0
        self.pid: int | None = None
        self._frames = 0
        self._rest = b""

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes; a line may arrive in two pieces."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            key, _, value = line.partition(b"=")
            if key == b"out_time_us" and value.strip().isdigit():  # "N/A" before the first packet
                self.seconds = int(value) / 1e6
            elif key == b"frame" and value.strip().isdigit():
                self._frames = int(value)
            elif key == b"pid":  # the supervisor's line
                self.pid = int(value)

    @property
    def progress(self) -> AttemptProgress:
        """The progress of the attempt, as far as this process shows it."""
        start, end = self._share
        # ffmpeg reports the time of the last written packet, and audio may be seconds ahead of the video.
        seconds = min(self.seconds, self._frames / self._frame_rate) if self._frame_rate else self.seconds
        done = min(seconds / self._duration, 1) if self._duration else 0
        return AttemptProgress(start + int((end - start) * done), self._phase)


def _close(process: "subprocess.Popen[bytes]") -> None:
    """Make sure that the supervisor and ffmpeg have ended: closing the pipe makes the supervisor kill ffmpeg."""
    cast("IO[bytes]", process.stdin).close()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, SIGKILL)  # its own session, so this group is only ffmpeg and the supervisor
