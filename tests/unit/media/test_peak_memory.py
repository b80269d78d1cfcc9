"""What the security tests measure is each attempt's own memory, not that of an earlier one."""

import subprocess
import sys

import pytest

from tests.support.peak_memory import PeakMemory, own_peak

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux forgets the peak of a process")
MEGABYTE = 1024**2


def child(megabytes: int) -> None:
    """Run a process that takes so much memory, below a shell as ffmpeg's."""
    command = [sys.executable, "-I", "-S", "-c", f"bytearray({megabytes} * 1024**2).extend(b'x')"]
    subprocess.run(["/bin/sh", "-c", '"$@" & wait $!', "sh", *command], check=True)


def test_a_large_child_counts_once_and_not_for_the_next_work() -> None:
    more = own_peak() // MEGABYTE + 300  # than this process takes
    with PeakMemory() as first:
        child(more)
    with PeakMemory() as second:
        child(10)

    assert first.megabytes >= more
    assert first.megabytes - second.megabytes > 300


def test_the_memory_that_a_child_inherits_does_not_count() -> None:
    filled = bytes(200 * MEGABYTE).replace(b"\0", b"x")
    with PeakMemory() as none:
        pass
    with PeakMemory() as small:
        child(10)
    del filled

    assert small.megabytes - none.megabytes < 50


def test_the_memory_of_this_process_counts_too() -> None:
    with PeakMemory() as before:
        pass
    with PeakMemory() as during:
        filled = bytes(200 * MEGABYTE).replace(b"\0", b"x")
        del filled
    with PeakMemory() as after:
        pass

    assert during.megabytes - before.megabytes > 180
    assert during.megabytes - after.megabytes > 180
