"""When the emulated AWS is saved while it runs."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from infra.local import saver as module
from infra.local.saver import Saver, settled

PATIENCE = 5.0  # seconds for a thread to do what it was asked for


class World:
    """Counts its changes, and what was written of them."""

    def __init__(self) -> None:
        self.changes = 0
        self.is_busy = False
        self.looked = threading.Semaphore(0)
        self.written: list[tuple[str, Any]] = []
        self.saver = Saver(self.states, self.write, self.count, busy=lambda: self.is_busy)

    def states(self) -> dict[str, Callable[[], Any]]:
        return {"sqs": lambda: {"changes": self.changes}, "unused": lambda: None}

    def write(self, name: str, value: Any) -> None:  # noqa: ANN401 - any state
        self.written.append((name, value))

    def count(self) -> int:
        self.looked.release()
        return self.changes

    def look(self, times: int) -> None:
        """Return when the saver has looked so many times more and has done what it saw."""
        while self.looked.acquire(blocking=False):
            pass
        for _ in range(times + 1):
            assert self.looked.acquire(timeout=PATIENCE)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(module, "EVERY", 0.002)
    monkeypatch.setattr(module, "SHARE", 0)
    world = World()
    world.saver.start()
    yield world
    world.saver.stop()


def test_a_change_is_saved_and_no_change_is_not(world: World) -> None:
    world.look(2)
    assert world.written == [("sqs", {"changes": 0})]  # the first look knows of no save before

    world.changes = 1
    world.look(3)

    assert world.written[1:] == [("sqs", {"changes": 1})]


def test_a_running_function_is_saved_again_until_it_has_ended(world: World) -> None:
    world.look(2)
    world.is_busy = True
    world.look(3)
    world.is_busy = False
    world.look(3)
    ended = len(world.written)
    world.look(3)

    assert ended > 2
    assert len(world.written) == ended


def test_the_end_saves_a_last_time() -> None:
    world = World()

    world.saver.stop()

    assert world.written == [("sqs", {"changes": 0})]


def test_a_state_that_changes_while_it_is_copied_is_copied_again() -> None:
    tries = iter([RuntimeError("dictionary changed size during iteration"), RuntimeError("again"), None])

    def state() -> str:
        if error := next(tries):
            raise error
        return "whole"

    assert settled(state) == "whole"


def test_a_failed_save_is_not_the_last(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.look(2)
    world.written.clear()
    failing = iter([OSError("disk full")])

    def write(name: str, value: Any) -> None:  # noqa: ANN401 - any state
        if error := next(failing, None):
            raise error
        world.written.append((name, value))

    monkeypatch.setattr(world.saver, "_write", write)
    world.changes = 1
    world.look(4)

    assert world.written == [("sqs", {"changes": 1})]
