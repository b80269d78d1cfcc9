"""Memory: what a function has of it, and what a process takes."""

import os
import sys

import pytest

from shared.memory import function_bytes, machine_bytes, resident_bytes


@pytest.mark.parametrize(("megabytes", "found"), [(64, 64 * 1024**2), (0, machine_bytes()), (10**9, machine_bytes())])
def test_a_function_has_what_it_was_given_and_at_most_the_machines(megabytes: int, found: int) -> None:
    assert function_bytes(megabytes) == found


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no /proc")
def test_what_a_process_takes_grows_with_what_it_uses() -> None:
    before = resident_bytes(os.getpid())
    content = b"x" * 64 * 1024**2

    assert resident_bytes(os.getpid()) - before > 0.9 * len(content)


def test_a_process_that_is_gone_takes_nothing() -> None:
    assert resident_bytes(2**22 + 1) == 0  # beyond the largest number that Linux gives: proc(5)
