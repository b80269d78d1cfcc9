"""A process of the same user finds the worker's credentials neither in its environment nor in its memory."""

import subprocess
import sys

import pytest

# A process of a user without rights, and its child: the one conceals what it has, and the other looks for it.
SCRIPT = """
import ctypes, os, sys
from shared.worker.hardening import PR_SET_DUMPABLE, conceal_memory

if os.getuid() == 0:
    os.setuid(65534)
ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # as every process is whose user has not changed
if sys.argv[1] == "concealed":
    conceal_memory()
child = os.fork()
if child == 0:
    for name in ("environ", "mem"):
        try:
            with open(f"/proc/{os.getppid()}/{name}", "rb") as file:
                print(name, "open", os.environ["SECRET"].encode() in file.read(65536) if name == "environ" else "")
        except OSError as error:
            print(name, type(error).__name__)
    sys.stdout.flush()
    os._exit(0)
os.waitpid(child, 0)
"""
# The function itself, invoked with no message at all.
INVOKED = """
import ctypes
from functions.run_subtask.handler import handler
from tests.support.functions import Context

handler({"Records": []}, Context())
print(ctypes.CDLL(None).prctl(3))  # PR_GET_DUMPABLE
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such a door, and closes it")


def said(script: str, *arguments: str) -> list[str]:
    """Run a script as a separate process; return the lines that it printed."""
    environment = {"SECRET": "a key", "POWERTOOLS_TRACE_DISABLED": "true"}
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    return [line.strip() for line in done.stdout.splitlines()]


def test_a_program_beside_the_worker_can_not_read_its_environment_or_memory() -> None:
    assert "environ open True" in said(SCRIPT, "open")
    assert said(SCRIPT, "concealed") == ["environ PermissionError", "mem PermissionError"]


def test_run_subtask_conceals_its_memory_before_it_works() -> None:
    assert said(INVOKED)[-1] == "0"
