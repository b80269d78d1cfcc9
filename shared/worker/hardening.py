"""Stops child processes, which run as the same user, from reading the worker's credentials through /proc."""

import ctypes
import sys
from functools import cache

PR_SET_DUMPABLE = 4  # prctl(2)


@cache
def conceal_memory() -> None:
    """Stop other processes of this user from reading this process's environment and memory, on Linux.

    Raise OSError if the kernel refuses. Other systems don't offer this access.
    """
    if sys.platform == "linux" and ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_DUMPABLE) failed")
