"""Memory: what a function has of it, and what a process takes."""

import subprocess
import sys

import pytest

from shared.media.memory import function_bytes, machine_bytes, resident_bytes


@pytest.mark.parametrize(("megabytes", "found"), [(64, 64 * 1024**2), (0, machine_bytes()), (10**9, machine_bytes())])
def test_a_function_has_what_it_was_given_and_at_most_the_machines(megabytes: int, found: int) -> None:
    assert function_bytes(megabytes) == found


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no /proc")
def test_what_a_process_takes_grows_with_what_it_uses() -> None:
    """A process of its own is measured: this one may reuse memory that an earlier test freed."""
    size = 64 * 1024**2
    program = f"print(flush=True); input(); content = b'x' * {size}; print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        before = resident_bytes(process.pid)
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()

        after = resident_bytes(process.pid)
        process.stdin.write(b"\n")

    assert after - before > 0.9 * size


def test_a_process_that_is_gone_takes_nothing() -> None:
    assert resident_bytes(2**22 + 1) == 0  # beyond the largest number that Linux gives: proc(5)
