"""What a machine needs to run the stack, looked at one by one."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from infra.local import emulator, stack
from infra.local.data_dir import LITTLE_SPACE, DataDir
from infra.local.errors import StackFailed
from shared.media import ffmpeg

Verdict = Literal["ok", "warning", "failed"]

OLDEST_PYTHON = (3, 11)
PACKAGES = (
    "ministack",
    "aws-sam-translator",
    "boto3",
    "pydantic",
    "pynamodb",
    "imageio-ffmpeg",
    "pymediainfo",
)
INSTALL = "run `make setup` in the checkout"
FFMPEG_PATIENCE = 30.0  # seconds; a first start from a cold disk reads over 100 MB


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it stands, and what to do about it when it isn't well."""

    subject: str
    verdict: Verdict
    found: str
    remedy: str | None = None


def examine(data_dir: Path, port: int, aws_port: int) -> Iterator[Finding]:
    """Look at everything, the cheap things first."""
    yield python()
    yield packages()
    yield checkout()
    yield folder(data_dir)
    yield from ports(data_dir, port, aws_port)
    yield ffmpeg_binary()
    yield media_info()


def python() -> Finding:
    """Look at the Python that runs this."""
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] >= OLDEST_PYTHON:
        return Finding("Python", "ok", f"{found} ({sys.executable})")
    return Finding("Python", "failed", found, "install Python 3.11 or newer, then `make setup`")


def packages() -> Finding:
    """Look for the packages beside this one."""
    missing = [name for name in PACKAGES if not installed(name)]
    if missing:
        return Finding("packages", "failed", f"missing: {', '.join(missing)}", INSTALL)
    return Finding("packages", "ok", f"ministack {metadata.version('ministack')}, boto3 {metadata.version('boto3')}")


def installed(name: str) -> bool:
    """Whether a package is installed in this Python."""
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def checkout() -> Finding:
    """Look for the template and the code that the stack deploys."""
    template = emulator.PROJECT / "template.yaml"
    if template.is_file():
        return Finding("template", "ok", str(template))
    return Finding("template", "failed", f"{template} is missing", "run from a checkout of Reelmill")


def folder(data_dir: Path) -> Finding:
    """Look at the data directory and its disk, without making it."""
    there = DataDir.at(data_dir).root
    nearest = next(path for path in (there, *there.parents) if path.exists())
    free = shutil.disk_usage(nearest).free
    found = f"{there}, {free / 1024**3:.1f} GB free"
    try:
        if there.exists():
            DataDir(there).prepare()
        elif not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
            return Finding("data directory", "failed", f"{nearest} can't be written", "choose another with --data-dir")
    except StackFailed as error:
        return Finding("data directory", "failed", error.message, "choose another with --data-dir")
    if free < LITTLE_SPACE:
        return Finding("data directory", "warning", found, "videos may not fit: make room, or choose another disk")
    return Finding("data directory", "ok", found)


def ports(data_dir: Path, port: int, aws_port: int) -> Iterator[Finding]:
    """Look whether the ports are free, or taken by this very stack."""
    info = stack.running(data_dir)
    for number, mine, option in (
        (port, info.port if info else None, "--port"),
        (aws_port, info.aws_port if info else None, "--aws-port"),
    ):
        if number == mine:
            yield Finding(f"port {number}", "ok", "this stack listens there")
            continue
        try:
            with closing(stack.listen(number, option)) as listener:
                found = f"free on {listener.getsockname()[0]}"
            yield Finding(f"port {number}", "ok", found)
        except StackFailed as error:
            yield Finding(f"port {number}", "failed", error.message.split(";")[0], f"choose another with {option}")


def ffmpeg_binary() -> Finding:
    """Run ffmpeg once."""
    try:
        binary = ffmpeg.binary()
        told = subprocess.run(
            [binary, "-hide_banner", "-version"],
            capture_output=True,
            text=True,
            timeout=FFMPEG_PATIENCE,
            check=True,
        ).stdout
    except (ImportError, RuntimeError, OSError, subprocess.SubprocessError) as error:
        return Finding("ffmpeg", "failed", str(error), INSTALL)
    return Finding("ffmpeg", "ok", f"{told.split(' Copyright')[0]} ({binary})")


def media_info() -> Finding:
    """Load libmediainfo, which tells what a file is."""
    try:
        from pymediainfo import MediaInfo  # noqa: PLC0415 - a machine without it is what we look for
    except ImportError as error:
        return Finding("mediainfo", "failed", str(error), INSTALL)
    if MediaInfo.can_parse():
        return Finding("mediainfo", "ok", "its library loads")
    return Finding("mediainfo", "failed", "its library doesn't load", INSTALL)
