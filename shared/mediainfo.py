"""The one door to MediaInfo: a process of its own for each file, which can open nothing and has limits."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from signal import SIGKILL, SIGXCPU
from typing import TYPE_CHECKING

from shared.errors import LimitExceeded, MediaRejected, WorkerFailed

if TYPE_CHECKING:
    from pymediainfo import Track

WALL_SECONDS = 15.0  # less than an attempt leaves for its end, so that one begun in its last second ends in time
# XML has no place for them, and a title may hold any: https://www.w3.org/TR/xml/#charsets
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def tracks(path: Path, name: str) -> "list[Track]":
    """Return what MediaInfo finds in a file, which people call `name`.

    Raises MediaRejected when it can't, LimitExceeded when it takes too long, WorkerFailed when it was killed.
    """
    # 60 ms that only a worker should pay
    from xml.etree.ElementTree import ParseError  # noqa: PLC0415

    from pymediainfo import MediaInfo  # noqa: PLC0415

    try:
        return MediaInfo(NO_XML.sub("", _report(path, name))).tracks
    except ParseError as error:
        message = f"{name} can't be described: what it says about itself is damaged"
        raise MediaRejected(message) from error


def _report(path: Path, name: str) -> str:
    from shared import mediainfo_process  # noqa: PLC0415 - as above

    # -I and -S: neither its folder, the environment nor site-packages have a say in what it imports.
    command = [sys.executable, "-I", "-S", mediainfo_process.__file__, _library()]
    # Into a file rather than a pipe: the kernel sees to it that it doesn't grow beyond its limit.
    with path.open("rb") as media, tempfile.TemporaryFile() as report:
        try:
            done = subprocess.run(  # noqa: S603 - a list, and no part of it comes from outside
                command,
                stdin=media,
                stdout=report,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                timeout=WALL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as slow:
            raise _too_long(name) from slow
        if done.returncode == -SIGKILL:
            message = "MediaInfo was killed from outside, as happens when memory runs out"
            raise WorkerFailed(message, code="InternalError.Killed")
        if done.returncode == -SIGXCPU:
            raise _too_long(name)
        if done.returncode == mediainfo_process.TOO_MUCH or done.returncode < 0:  # a signal: MediaInfo broke on it
            message = f"{name} can't be described: it is damaged, or says more about itself than any media needs"
            raise MediaRejected(message)
        done.check_returncode()
        report.seek(0)
        return report.read().decode()


@cache
def _library() -> str:
    """Return the path of the MediaInfo that is shipped."""
    import pymediainfo  # noqa: PLC0415 - as above

    return str(next(Path(pymediainfo.__file__).parent.glob("libmediainfo.*")))


def _environment() -> Mapping[str, str]:
    """Return nothing but where Python's own library lies, which Lambda's Python finds that way."""
    return {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}


def _too_long(name: str) -> LimitExceeded:
    return LimitExceeded(f"it took too long to find out what {name} is", code="LimitError.Time")
