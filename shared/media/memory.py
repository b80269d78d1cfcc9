"""The memory of this machine, and of a process."""

import os

PAGE = os.sysconf("SC_PAGE_SIZE")
RESIDENT = 1  # the field of /proc/PID/statm: proc(5)


def machine_bytes() -> int:
    """Return the size of this machine's memory."""
    return os.sysconf("SC_PHYS_PAGES") * PAGE


def function_bytes(megabytes: int) -> int:
    """Return how much memory a function of that size may use on this machine; 0 if it has no size."""
    return min(megabytes * 1024**2 or machine_bytes(), machine_bytes())


def resident_bytes(pid: int) -> int:
    """Return the memory that a process uses; 0 if it has ended, or on macOS, which has no /proc."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as facts:  # noqa: PTH123 - twenty times a second, so without a Path
            return int(facts.read().split()[RESIDENT]) * PAGE
    except (FileNotFoundError, ProcessLookupError):
        return 0
