"""The most memory that a piece of work takes: in this process, and in the largest of its children."""

import os
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

UNIT = 1 if sys.platform == "darwin" else 1024  # bytes: of getrusage(2)
PEAK_FIELD = "VmHWM:"  # of /proc/PID/status: proc(5)
FORGET_PEAK = "5"  # written to /proc/PID/clear_refs: proc(5)


class PeakMemory:
    """Measures the work in its block. Work elsewhere in this process counts too.

    getrusage(2) knows only the largest child since this process began. wait4(2) knows each child, with the children
    that it waited for, so subprocess gets that instead of waitpid(2). Until a child executes its program, it has the
    memory of this process, and wait4(2) reports no less. So a child counts only if it took more than this process.
    """

    def __enter__(self) -> Self:
        """Begin to measure."""
        self._children = self._own = 0
        self._waitpid = os.waitpid
        with suppress(OSError):  # not Linux, or forbidden: then the peak is that since this process began
            Path("/proc/self/clear_refs").write_text(FORGET_PEAK)
        os.waitpid = self._wait
        return self

    def __exit__(self, *_: object) -> None:
        """End measuring."""
        os.waitpid = self._waitpid
        self._own = own_peak()

    @property
    def megabytes(self) -> int:
        """The most that this process took, and the most that one child took. They may not have been at once."""
        return (self._own + self._children) // 1024**2

    def _wait(self, pid: int, options: int) -> tuple[int, int]:
        ended, status, usage = os.wait4(pid, options)
        if (peak := usage.ru_maxrss * UNIT) > own_peak():
            self._children = max(self._children, peak)
        return ended, status


def own_peak() -> int:
    """Return the largest memory of this process, in bytes."""
    try:
        facts = Path("/proc/self/status").read_text().splitlines()
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT
    return next(int(line.split()[1]) for line in facts if line.startswith(PEAK_FIELD)) * 1024
