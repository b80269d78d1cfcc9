"""Starts, finds and stops the stack on this machine."""

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
from infra.local.ports import choose_ports, remember_ports

__all__ = [
    "DEFAULT_DATA_DIR",
    "StackInfo",
    "down",
    "ensure_up",
    "find_running",
    "unsaved",
    "wait",
]

DEFAULT_DATA_DIR = Path(".reelmill")
PATIENCE = 60.0  # seconds for another command's `up` or `down` of the same stack
GRACE = 20.0  # seconds in which a server stops by itself
POLL = 0.05

Say = Callable[[str], None]
_started: dict[Path, "subprocess.Popen[bytes]"] = {}  # this process's own children, which it must reap


def say_nothing(_: str) -> None:
    """Ignore a progress message."""


def ensure_up(
    data_dir: Path = DEFAULT_DATA_DIR,
    port: int | None = None,
    aws_port: int | None = None,
    say: Say = say_nothing,
) -> StackInfo:
    """Return the stack of `data_dir`, and start it first if it isn't running.

    Port 0 stands for any free port, None for that of the last start.

    Raise PortTaken, DataDirUnusable, RunsElsewhere, SavedStateBroken or another StackFailed.
    """
    folder = DataDir.at(data_dir)
    folder.prepare()
    if warning := folder.space_warning():
        say(warning)
    deadline = time.monotonic() + PATIENCE
    while (lock := folder.try_lock()) is None:
        if info := StackInfo.load(folder):
            check_same_ports(info, port, aws_port)
            return info
        if time.monotonic() > deadline:
            raise StackFailed(
                f"another command is still starting or stopping the stack of {folder.root}; run `reelmill down`"
            )
        time.sleep(POLL)
    try:
        chosen = choose_ports(folder, port, aws_port)
        info = start_server(folder, lock, *chosen, say)
        remember_ports(folder, *chosen)
    finally:
        os.close(lock)  # the server has it too, and keeps it
    return info


def check_same_ports(info: StackInfo, port: int | None, aws_port: int | None) -> None:
    """Raise RunsElsewhere unless the running stack has the ports that are asked for."""
    if port not in {None, 0, info.port} or aws_port not in {None, 0, info.aws_port}:
        raise RunsElsewhere(
            f"the stack of {info.data_dir} is already running with --port {info.port} --aws-port {info.aws_port}; "
            "use these ports, run `reelmill down` first, or start a second stack with --data-dir",
            details={"port": info.port, "awsPort": info.aws_port},
        )


def start_server(folder: DataDir, lock: int, port: int, aws_port: int, say: Say) -> StackInfo:
    """Start the server of a folder whose lock we own, and return it when it is ready."""
    folder.info.unlink(missing_ok=True)
    if count := orphans.end_orphans(folder.scratch):
        say(f"stopped {count} processes of an earlier run")
    orphans.delete_partial_files(folder.objects)
    if warning := folder.set_aside_broken_state(datetime.now(UTC)):
        say(warning)
    with bind_port(port, "--port") as console, bind_port(aws_port, "--aws-port") as aws:
        process, report = spawn_server(folder, lock, console, aws)
    _started[folder.root] = process
    os.pwrite(lock, f"{process.pid}\n".encode(), 0)
    os.ftruncate(lock, len(f"{process.pid}\n"))
    try:
        failure = follow_report(report, say)
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if info := StackInfo.load(folder):
        return info
    process.wait()
    message = f"the server of the stack ended during its start (exit code {process.returncode})"
    raise StackFailed(f"{failure.get('error', message)}; its log is {folder.log}", code=failure.get("code"))


def bind_port(port: int, option: str) -> socket.socket:
    """Return a socket that listens on loopback. The server inherits it, so no other program can take the port."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((emulator.HOST, port))
    except OSError as error:
        listener.close()
        raise PortTaken(
            f"cannot listen on port {port} ({error.strerror}); stop the program that uses it, or choose another port "
            f"with {option}",
            details={"port": port, "option": option},
        ) from error
    except OverflowError as error:
        listener.close()
        raise PortTaken(
            f"{port} is not a valid port; choose one from 1024 to 65535 with {option}",
            details={"port": port, "option": option},
        ) from error
    listener.listen(128)
    return listener


def spawn_server(
    folder: DataDir, lock: int, console: socket.socket, aws: socket.socket
) -> "tuple[subprocess.Popen[bytes], int]":
    """Start the server in its own session, and return it with the pipe on which it reports."""
    if not (emulator.PROJECT / "template.yaml").exists():
        raise StackFailed(f"{emulator.PROJECT} has no template.yaml; run from a checkout of Reelmill")
    aws_port = aws.getsockname()[1]
    report, writing_end = os.pipe()
    options = {
        "--data-dir": folder.root,
        "--port": console.getsockname()[1],
        "--aws-port": aws_port,
        "--console-fd": console.fileno(),
        "--aws-fd": aws.fileno(),
        "--report-fd": writing_end,
    }
    with folder.log.open("wb") as log:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "infra.local.boot",
                *(str(part) for option in options.items() for part in option),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=emulator.environment(folder, aws_port, os.environ),
            pass_fds=(console.fileno(), aws.fileno(), writing_end, lock),
            start_new_session=True,  # Ctrl-C reaches the command, which then stops the stack in order
        )
    os.close(writing_end)
    return process, report


def follow_report(report: int, say: Say) -> dict[str, str]:
    """Pass on what the server reports during its start; return why it failed, or nothing if it gave no reason."""
    failure: dict[str, str] = {}
    with os.fdopen(report) as lines:
        for line in lines:
            document = json.loads(line)
            if "doing" in document:
                say(document["doing"])
            else:
                failure = document
    return failure


def find_running(data_dir: Path = DEFAULT_DATA_DIR) -> StackInfo | None:
    """Return the stack that is ready in `data_dir`, None if there is none."""
    folder = DataDir.at(data_dir)
    return StackInfo.load(folder) if folder.is_locked() else None


def unsaved(data_dir: Path = DEFAULT_DATA_DIR) -> str | None:
    """Return why the last save of the running stack failed, None if it succeeded."""
    return DataDir.at(data_dir).unsaved()


def wait(data_dir: Path = DEFAULT_DATA_DIR) -> None:
    """Return when the stack of `data_dir` has stopped; raise NotSaved if its state could not be saved."""
    folder = DataDir.at(data_dir)
    if process := _started.get(folder.root):
        process.wait()
    while folder.is_locked():
        time.sleep(POLL)
    check_saved(folder)


def check_saved(folder: DataDir) -> None:
    """Raise NotSaved if the state of a stack that has stopped could not be saved."""
    if reason := folder.unsaved():
        raise NotSaved(
            f"the stack has stopped, but its last state could not be saved in {folder.root}: {reason}; free space on "
            "that disk and start the stack again: files, tasks and messages are saved, and the stack recovers the rest"
        )


def down(data_dir: Path = DEFAULT_DATA_DIR) -> bool:
    """Stop the stack of `data_dir` in order; return False if none was running, raise NotSaved if it isn't saved."""
    folder = DataDir.at(data_dir)
    if not folder.is_locked():
        return False
    deadline = time.monotonic() + GRACE
    asked = None
    while folder.is_locked():
        pid = folder.owner()
        if pid and pid != asked:
            asked = pid
            signal_process(pid, signal.SIGTERM)
        if pid and time.monotonic() > deadline:
            signal_process(pid, signal.SIGKILL)
        time.sleep(POLL)
    if process := _started.pop(folder.root, None):
        process.wait()
    if (lock := folder.try_lock()) is not None:  # it has not been started again
        orphans.end_orphans(folder.scratch)
        os.close(lock)
        check_saved(folder)
    return True


def signal_process(pid: int, number: signal.Signals) -> None:
    """Send a signal, unless the process has ended by itself."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
