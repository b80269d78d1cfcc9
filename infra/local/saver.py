"""Saves the emulated AWS while it runs, so that a killed server loses its last seconds at most."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

logger = logging.getLogger(__name__)

EVERY = 1.0  # seconds
SHARE = 10  # a save that takes a second is followed by ten without one: many tasks make long saves
TRIES = 5

State = Callable[[], Any]


class Saver:
    """A thread that saves every service's state when something may have changed it."""

    def __init__(
        self,
        states: Callable[[], Mapping[str, State]],
        write: Callable[[str, Any], None],
        changes: Callable[[], int],
        *,
        busy: Callable[[], bool],
    ) -> None:
        """Take what to save and how; `changes` counts requests, `busy` tells whether a function runs."""
        self._states, self._write, self._changes, self._busy = states, write, changes, busy
        self._stop = threading.Event()
        self._seen = -1
        self._thread = threading.Thread(target=self._run, name="saver", daemon=True)

    def start(self) -> None:
        """Begin to save now and then."""
        self._thread.start()

    def stop(self) -> None:
        """Save a last time, after which nothing is saved."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.save()

    def save(self) -> None:
        """Save every service.

        Files of S3 are on the disk when their upload is answered; here are the records that refer to them.
        """
        for name, state in self._states().items():
            if (value := settled(state)) is not None:
                self._write(name, value)

    def _run(self) -> None:
        pause, was_busy = EVERY, False
        while not self._stop.wait(pause):
            changes, busy = self._changes(), self._busy()
            if changes == self._seen and not busy and not was_busy:
                continue
            begun = time.monotonic()
            try:
                self.save()
            except Exception:  # the next round may succeed, and must come
                logger.exception("the state could not be saved")
            else:
                self._seen, was_busy = changes, busy
            pause = max(EVERY, SHARE * (time.monotonic() - begun))


def settled(state: State) -> Any:  # noqa: ANN401 - any service's own state
    """Return a copy of a service's state; it is tried again when a request changes it midway."""
    for _ in range(TRIES):
        try:
            return state()
        except RuntimeError:  # a dictionary changed its size while it was copied
            time.sleep(0.01)
    return state()
