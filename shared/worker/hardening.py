"""What the worker keeps to itself: its keys lie in its memory, and its programs run as the same user."""

import ctypes
import sys
from functools import cache

PR_SET_DUMPABLE = 4  # prctl(2)


@cache
def conceal_memory() -> None:
    """Have Linux keep other programs of this user out of this process's environment and memory.

    Raise OSError when it refuses. Other systems have no such door to close.
    """
    if sys.platform == "linux" and ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_DUMPABLE) failed")
