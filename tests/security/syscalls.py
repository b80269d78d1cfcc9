"""System calls from a trace: every file that a process opened and every connection that it tried, by case."""

import ast
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from shared.media.ffmpeg import binary
from tests.security.worker import MARK

ROOT = Path(__file__).parents[2]
# A call as strace writes it: who, what, with which arguments, and how it ended, unless another came in between.
CALL = re.compile(r"^(\d+) +(\w+)\((.*?)(?:\) += (-?\d+).*| <unfinished \.\.\.>)$")
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>.*\) += (\d+)")
PATH = re.compile(r'"((?:[^"\\]|\\.)*)"')
MEMORY = re.compile(r"/proc/\d+/statm")  # where the worker sees how much memory ffmpeg takes
START = "start"  # before the first case: nothing hostile has been read, and libraries look round
OPENING = frozenset({"open", "openat", "openat2", "creat"})
FORKING = frozenset({"fork", "vfork", "clone", "clone3"})
WORLD = ("AF_INET", "sin_addr", "sin6_addr")
BAIT = ("canary", "/etc/passwd", "environ", "169.254", "shadow")
LIBRARIES = (
    "/lib",
    "/usr/lib",
    "/etc/ld.so.",
    "/sys/devices/system/cpu",
    "/dev/null",
    "/dev/urandom",
    "/proc/self/",
    "/proc/sys/vm/",
    "/etc/localtime",
)
# Where programs and their libraries lie, and what these ask of the system.
SYSTEM = (
    *(
        "/lib/",
        "/lib64/",
        "/usr/lib/",
        "/usr/lib64/",
        "/usr/local/lib/",
        "/usr/share/",
        "/etc/ld.so.",
        "/sys/",
        "/dev/",
    ),
    *("/etc/localtime", "/etc/mime.types", "/proc/self/", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys/"),
    *("/proc/filesystems", "/proc/mounts", "/etc/httpd/", "/etc/apache", "/usr/local/etc/", "/var/lang/", "/opt/"),
    *(
        "/usr/bin/",
        "/bin/",
        "/usr/local/bin/",
        "/etc/nsswitch.conf",
        "/etc/host.conf",
        "/etc/resolv.conf",
        "/etc/hosts",
    ),
)


@dataclass
class Seen:
    """What a trace holds."""

    asked: int = 0  # how many files were asked for
    escapes: dict[str, list[str]] = field(default_factory=dict)

    def escape(self, case: str, what: str) -> None:
        self.escapes.setdefault(case, []).append(what)


@cache
def can_trace() -> bool:
    """Whether strace is here, and may look."""
    if not shutil.which("strace"):
        return False
    return subprocess.run([*tracing(Path(os.devnull)), "true"], capture_output=True, check=False).returncode == 0


def tracing(log: Path) -> list[str]:
    """Return the strace command that traces another command."""
    calls = "trace=%network,execve,fork,vfork,clone,clone3,open,openat,openat2,creat"
    # --seccomp-bpf: all other calls run at full speed.
    return ["strace", "-f", "-qq", "--seccomp-bpf", "-s", "4096", "-e", "signal=none", "-e", calls, "-o", str(log)]


def look(log: Path, workspace: Path) -> Seen:
    """Read a trace; `workspace` is the folder that the worker may use."""
    seen, case, ffmpegs = Seen(), START, set[str]()
    worker, ffmpeg = allowed_to_worker(workspace), (*LIBRARIES, f"{workspace}/")
    for process, name, arguments, result in calls(log):
        if name in FORKING:
            # The system gives numbers again: what was an ffmpeg may be another program's by now.
            (ffmpegs.add if process in ffmpegs else ffmpegs.discard)(result)
        elif name == "execve":
            (ffmpegs.add if f'"{binary()}"' in arguments else ffmpegs.discard)(process)
        elif name in OPENING:
            path = path_in(arguments)
            if path.startswith(MARK):
                case = path.removeprefix(MARK)
            elif case != START:
                watches = process not in ffmpegs and MEMORY.fullmatch(path)
                seen.asked += not watches  # which happens as often as there is time
                if not watches and not fine(path, ffmpeg if process in ffmpegs else worker):
                    seen.escape(case, path)
        elif case != START and any(mark in arguments for mark in WORLD):
            seen.escape(case, f"{name}({arguments})")
    return seen


def calls(log: Path) -> Iterator[tuple[str, str, str, str]]:
    """Yield each call of a trace: the process, its name, its arguments, and what it returned as far as is known."""
    with log.open(errors="replace") as lines:
        for line in lines:
            if call := CALL.match(line):
                yield call[1], call[2], call[3], call[4] or ""
            elif (resumed := RESUMED.match(line)) and resumed[2] in FORKING:
                yield resumed[1], resumed[2], "", resumed[3]


def path_in(arguments: str) -> str:
    found = PATH.search(arguments)
    return ast.literal_eval(f'b"{found[1]}"').decode(errors="replace") if found else ""


def fine(path: str, allowed: tuple[str, ...]) -> bool:
    """Whether a program may ask for that path: a relative one lies in the attempt's folder or the checkout."""
    if any(bait in path for bait in BAIT):
        return False
    path = os.path.normpath(path)  # libraries are looked for beside each other
    return path.startswith(allowed) if path.startswith("/") else not path.startswith("..")


def allowed_to_worker(workspace: Path) -> tuple[str, ...]:
    """Return the beginnings of what the worker itself may open: its programs, the checkout, and its folder."""
    homes = {
        sys.prefix,
        sys.base_prefix,
        sys.exec_prefix,
        sysconfig.get_paths()["stdlib"],
        str(ROOT),
        str(workspace),
        str(workspace.parent),
    }
    return (*SYSTEM, *homes, *(os.path.realpath(home) for home in homes))


@contextmanager
def listening() -> Iterator[tuple[str, socket.socket]]:
    """Yield an address of this machine, and its listening socket."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)  # noqa: FBT003 - its only parameter has no name
        yield f"http://127.0.0.1:{server.getsockname()[1]}/canary", server


def was_called(server: socket.socket) -> bool:
    """Return whether a client connected: the kernel completes a connection without `accept`."""
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def unread(path: Path) -> None:
    """Set the time of a file's last reading so that the next one shows."""
    os.utime(path, (1, 2))


def was_read(path: Path) -> bool:
    """Return whether the file was read since `unread`."""
    return path.stat().st_atime != 1


def notes_reading(folder: Path) -> bool:
    """Whether the file system notes when a file is read."""
    path = folder / "noted"
    path.write_bytes(b"x")
    unread(path)
    path.read_bytes()
    return was_read(path)


@contextmanager
def calling(url: str) -> Iterator[None]:
    """Be connected to an address."""
    host, _, port = url.removeprefix("http://").removesuffix("/canary").partition(":")
    with socket.create_connection((host, int(port))):
        yield


def environment(**more: str) -> Mapping[str, str]:
    """Return what a worker of Lambda has in its environment, as far as it matters here."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "LD_LIBRARY_PATH"}}
    return kept | {"AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"} | more
