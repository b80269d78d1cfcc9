"""Starts, finds and ends the stack on this machine."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from infra.local import emulator, orphans
from infra.local.data_dir import DataDir
from infra.local.errors import NotSaved, PortTaken, RunsElsewhere, StackFailed
from infra.local.info import StackInfo

__all__ = [
    "DEFAULT_AWS_PORT",
    "DEFAULT_DATA_DIR",
    "DEFAULT_PORT",
    "StackInfo",
    "down",
    "ensure_up",
    "running",
    "unsaved",
    "wait",
]

DEFAULT_DATA_DIR = Path(".reelmill")
DEFAULT_PORT = 8080
DEFAULT_AWS_PORT = 4566
PATIENCE = 60.0  # seconds for another command's `up` or `down` of the same stack
GRACE = 20.0  # seconds in which a server ends by itself
POLL = 0.05

Say = Callable[[str], None]
_started: dict[Path, "subprocess.Popen[bytes]"] = {}  # this process's own children, which it must reap


def silent(_: str) -> None:
    """Say nothing."""


def ensure_up(
    data_dir: Path = DEFAULT_DATA_DIR,
    port: int = DEFAULT_PORT,
    aws_port: int = DEFAULT_AWS_PORT,
    say: Say = silent,
) -> StackInfo:
    """Return the stack of `data_dir`, started first when it doesn't run. Port 0 takes any free one.

    Raise PortTaken, DataDirUnusable, RunsElsewhere, SavedStateBroken or another StackFailed.
    """
    folder = DataDir.at(data_dir)
    folder.prepare()
    if warning := folder.space_warning():
        say(warning)
    deadline = time.monotonic() + PATIENCE
    while (lock := folder.try_lock()) is None:
        if info := StackInfo.load(folder):
            return agreed(info, port, aws_port)
        if time.monotonic() > deadline:
            message = f"another command is still starting or ending the stack of {folder.root}; run `reelmill down`"
            raise StackFailed(message)
        time.sleep(POLL)
    try:
        return start(folder, lock, port, aws_port, say)
    finally:
        os.close(lock)  # the server has it too, and keeps it


def agreed(info: StackInfo, port: int, aws_port: int) -> StackInfo:
    """Return the running stack; raise RunsElsewhere when other ports were asked for."""
    if port in {0, info.port} and aws_port in {0, info.aws_port}:
        return info
    message = (
        f"the stack of {info.data_dir} runs already, with --port {info.port} --aws-port {info.aws_port}; "
        "use those, run `reelmill down` first, or start a second one with --data-dir"
    )
    raise RunsElsewhere(message, details={"port": info.port, "awsPort": info.aws_port})


def start(folder: DataDir, lock: int, port: int, aws_port: int, say: Say) -> StackInfo:
    """Start the server of a folder whose lock we hold, and return it when it is ready."""
    folder.info.unlink(missing_ok=True)
    if ended := orphans.end(folder.scratch):
        say(f"ended {ended} processes that an earlier run left behind")
    orphans.discard_torn(folder.objects)
    if warning := folder.set_aside_broken_state(datetime.now(UTC)):
        say(warning)
    with listen(port, "--port") as console, listen(aws_port, "--aws-port") as aws:
        process, report = spawn(folder, lock, console, aws)
    _started[folder.root] = process
    os.pwrite(lock, f"{process.pid}\n".encode(), 0)
    os.ftruncate(lock, len(f"{process.pid}\n"))
    try:
        failure = follow(report, say)
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if info := StackInfo.load(folder):
        return info
    process.wait()
    message = f"the server of the stack ended while it started (exit code {process.returncode})"
    raise StackFailed(f"{failure.get('error', message)}; its log is {folder.log}", code=failure.get("code"))


def listen(port: int, option: str) -> socket.socket:
    """Return a socket that listens on loopback. The server inherits it: nobody takes the port meanwhile."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((emulator.HOST, port))
    except OSError as error:
        listener.close()
        why = error.strerror
        message = f"port {port} can't be used ({why}); end what listens there, or choose another with {option}"
        raise PortTaken(message, details={"port": port, "option": option}) from error
    except OverflowError as error:
        listener.close()
        message = f"{port} is no port; choose one from 1024 to 65535 with {option}"
        raise PortTaken(message, details={"port": port, "option": option}) from error
    listener.listen(128)
    return listener


def spawn(
    folder: DataDir, lock: int, console: socket.socket, aws: socket.socket
) -> "tuple[subprocess.Popen[bytes], int]":
    """Start the server in a session of its own, and return it with the pipe on which it reports."""
    if not (emulator.PROJECT / "template.yaml").exists():
        message = f"there is no template.yaml in {emulator.PROJECT}; run from a checkout of Reelmill"
        raise StackFailed(message)
    aws_port = aws.getsockname()[1]
    report, told = os.pipe()
    options = {
        "--data-dir": folder.root,
        "--port": console.getsockname()[1],
        "--aws-port": aws_port,
        "--console-fd": console.fileno(),
        "--aws-fd": aws.fileno(),
        "--report-fd": told,
    }
    with folder.log.open("wb") as log:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "infra.local.server",
                *(str(part) for option in options.items() for part in option),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=emulator.environment(folder, aws_port, os.environ),
            pass_fds=(console.fileno(), aws.fileno(), told, lock),
            start_new_session=True,  # Ctrl-C is for the command, which then ends the stack in good order
        )
    os.close(told)
    return process, report


def follow(report: int, say: Say) -> dict[str, str]:
    """Pass on what the server tells while it starts; return why it failed, empty when it didn't say."""
    failure: dict[str, str] = {}
    with os.fdopen(report) as lines:
        for line in lines:
            told = json.loads(line)
            if "doing" in told:
                say(told["doing"])
            else:
                failure = told
    return failure


def running(data_dir: Path = DEFAULT_DATA_DIR) -> StackInfo | None:
    """Return the stack that is ready in `data_dir`, None when there is none."""
    folder = DataDir.at(data_dir)
    return StackInfo.load(folder) if folder.locked() else None


def unsaved(data_dir: Path = DEFAULT_DATA_DIR) -> str | None:
    """Return why the state of the stack that runs could not be saved the last time, None when it could."""
    return DataDir.at(data_dir).unsaved()


def wait(data_dir: Path = DEFAULT_DATA_DIR) -> None:
    """Return when the stack of `data_dir` has ended; raise NotSaved when its state could not be saved."""
    folder = DataDir.at(data_dir)
    if process := _started.get(folder.root):
        process.wait()
    while folder.locked():
        time.sleep(POLL)
    check_saved(folder)


def check_saved(folder: DataDir) -> None:
    """Raise NotSaved when the state of a stack that has ended could not be saved."""
    if reason := folder.unsaved():
        message = (
            f"the stack has ended, but its last state could not be saved in {folder.root}: {reason}; make room on "
            "that disk and start the stack again: its files, tasks and messages are there, and it looks for the rest"
        )
        raise NotSaved(message)


def down(data_dir: Path = DEFAULT_DATA_DIR) -> bool:
    """End the stack of `data_dir` in good order; return False when none ran, raise NotSaved when it isn't saved."""
    folder = DataDir.at(data_dir)
    if not folder.locked():
        return False
    deadline = time.monotonic() + GRACE
    asked = None
    while folder.locked():
        pid = folder.holder()
        if pid and pid != asked:
            asked = pid
            send(pid, signal.SIGTERM)
        if pid and time.monotonic() > deadline:
            send(pid, signal.SIGKILL)
        time.sleep(POLL)
    if process := _started.pop(folder.root, None):
        process.wait()
    if (lock := folder.try_lock()) is not None:  # nobody has started it anew
        orphans.end(folder.scratch)
        os.close(lock)
        check_saved(folder)
    return True


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal, unless the process has ended by itself."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
