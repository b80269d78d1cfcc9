"""The requirements of the stack, checked on this machine one by one."""

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
from infra.local.ports import choose_ports
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
class Requirement:
    """A requirement, whether this machine meets it, and what to do if it doesn't."""

    subject: str
    verdict: Verdict
    found: str
    remedy: str | None = None


def check_machine(data_dir: Path, port: int | None, aws_port: int | None) -> Iterator[Requirement]:
    """Check all requirements, the quick ones first."""
    yield check_python()
    yield check_packages()
    yield check_checkout()
    yield check_data_dir(data_dir)
    yield from check_ports(data_dir, *choose_ports(DataDir.at(data_dir), port, aws_port))
    yield check_ffmpeg()
    yield check_media_info()


def check_python() -> Requirement:
    """Check the version of the running Python."""
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] >= OLDEST_PYTHON:
        return Requirement("Python", "ok", f"{found} ({sys.executable})")
    return Requirement("Python", "failed", found, "install Python 3.11 or newer, then run `make setup`")


def check_packages() -> Requirement:
    """Check that the packages of the stack are installed."""
    missing = [name for name in PACKAGES if not is_installed(name)]
    if missing:
        return Requirement("packages", "failed", f"missing: {', '.join(missing)}", INSTALL)
    return Requirement(
        "packages", "ok", f"ministack {metadata.version('ministack')}, boto3 {metadata.version('boto3')}"
    )


def is_installed(name: str) -> bool:
    """Whether a package is installed in this Python."""
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def check_checkout() -> Requirement:
    """Check that the template and the code that the stack deploys are here."""
    template = emulator.PROJECT / "template.yaml"
    if template.is_file():
        return Requirement("template", "ok", str(template))
    return Requirement("template", "failed", f"{template} is missing", "run from a checkout of Reelmill")


def check_data_dir(data_dir: Path) -> Requirement:
    """Check the data directory and its disk, without creating the directory."""
    root = DataDir.at(data_dir).root
    nearest = next(path for path in (root, *root.parents) if path.exists())
    free = shutil.disk_usage(nearest).free
    found = f"{root}, {free / 1024**3:.1f} GB free"
    try:
        if root.exists():
            DataDir(root).prepare()
        elif not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
            return Requirement(
                "data directory", "failed", f"{nearest} is not writable", "choose another with --data-dir"
            )
    except StackFailed as error:
        return Requirement("data directory", "failed", error.message, "choose another with --data-dir")
    if free < LITTLE_SPACE:
        return Requirement("data directory", "warning", found, "videos may not fit: free space, or use another disk")
    return Requirement("data directory", "ok", found)


def check_ports(data_dir: Path, port: int, aws_port: int) -> Iterator[Requirement]:
    """Check that the ports are free, or in use by this stack."""
    info = stack.find_running(data_dir)
    for number, mine, option in (
        (port, info.port if info else None, "--port"),
        (aws_port, info.aws_port if info else None, "--aws-port"),
    ):
        if number == mine:
            yield Requirement(f"port {number}", "ok", "in use by this stack")
            continue
        try:
            with closing(stack.bind_port(number, option)) as listener:
                found = f"free on {listener.getsockname()[0]}"
            yield Requirement(f"port {number}", "ok", found)
        except StackFailed as error:
            yield Requirement(f"port {number}", "failed", error.message.split(";")[0], f"choose another with {option}")


def check_ffmpeg() -> Requirement:
    """Run ffmpeg once."""
    try:
        binary = ffmpeg.binary()
        version = subprocess.run(
            [binary, "-hide_banner", "-version"],
            capture_output=True,
            text=True,
            timeout=FFMPEG_PATIENCE,
            check=True,
        ).stdout
    except (ImportError, RuntimeError, OSError, subprocess.SubprocessError) as error:
        return Requirement("ffmpeg", "failed", str(error), INSTALL)
    return Requirement("ffmpeg", "ok", f"{version.split(' Copyright')[0]} ({binary})")


def check_media_info() -> Requirement:
    """Load libmediainfo, which identifies files."""
    try:
        from pymediainfo import MediaInfo  # noqa: PLC0415 - this checks whether the machine has it
    except ImportError as error:
        return Requirement("mediainfo", "failed", str(error), INSTALL)
    if MediaInfo.can_parse():
        return Requirement("mediainfo", "ok", "its library loads")
    return Requirement("mediainfo", "failed", "its library does not load", INSTALL)
