"""Saves the emulated AWS while it runs, so that a killed server comes back as it was."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from infra.local.journal import NAME as JOURNAL
from infra.local.journal import Entry, Journal
from infra.local.snapshots import Snapshots, mark

logger = logging.getLogger(__name__)

EVERY = 1.0  # seconds
SHARE = 10  # a save that takes a second is followed by ten without one
TRIES = 5
OUT_OF_DATE = 3  # lines of the journal for an item, before it is written anew ...
SHORT = 10_000  # ... unless it is short: so many lines are read in a second

State = Callable[[], Any]


class Emulated(Protocol):
    """What is saved: infra.local.emulator_state."""

    def busy(self) -> bool:
        """Whether a function runs, which may change something at any time."""

    def states(self, folder: Path, *, everything: bool) -> Mapping[str, State]:
        """Return what can be saved, by name."""

    def write(self, folder: Path, name: str, state: object) -> None:
        """Write what was returned."""

    def item_count(self) -> int:
        """Return how many items the tables have."""

    def items(self) -> Iterable[Callable[[], Entry | None]]:
        """Yield a look at every item."""


class Persister:
    """A thread that saves every service's state when something may have changed it."""

    def __init__(  # noqa: PLR0913 - what it saves, and whom it tells
        self,
        snapshots: Snapshots,
        journal: Journal,
        emulated: Emulated,
        *,
        changes: Callable[[], int],
        uploads_since: Callable[[], float | None],
        note: Callable[[str | None], None] = lambda _: None,
    ) -> None:
        """Take what to save; `changes` counts requests. `note` hears why a save failed, and None when one succeeds."""
        self._generations, self._journal, self._emulated = snapshots, journal, emulated
        self._changes, self._uploads_since, self._note = changes, uploads_since, note
        self.unsaved: str | None = None  # why the last save failed
        self._stop = threading.Event()
        self._seen = -1
        self._thread = threading.Thread(target=self._run, name="saver", daemon=True)

    def start(self) -> None:
        """Begin to save now and then."""
        self._thread.start()

    def stop(self) -> None:
        """Save no more by itself."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def save(self, *, everything: bool = False, last: bool = False) -> None:
        """Save what changes by use, or everything. A `last` one is marked as such if no upload is under way.

        On an error what was saved before stands.
        """
        try:
            self._save(everything=everything, last=last)
        except BaseException as error:
            self._journal.abandon()
            self._generations.abandon()
            if self.unsaved is None:  # on a full disk each second would bring the same lines
                logger.exception("the state could not be saved; what was saved before stands")
            self._tell(str(error) or type(error).__name__)
            raise
        self._journal.finish()
        if self.unsaved is not None:
            logger.warning("the state is saved again")
        self._tell(None)

    def _save(self, *, everything: bool, last: bool) -> None:
        folder = self._generations.begin()
        self._journal.begin(folder, self._emulated.items() if self._outdated(folder) else None)
        for name, state in self._emulated.states(folder, everything=everything).items():
            if (value := settled(state)) is not None:
                self._emulated.write(folder, name, value)
        self._journal.force_out()
        mark(folder, self._uploads_since() or (None if last else time.time()))
        self._generations.finish(folder)

    def _tell(self, unsaved: str | None) -> None:
        self.unsaved = unsaved
        self._note(unsaved)

    def _outdated(self, folder: Path) -> bool:
        return (
            not (folder / JOURNAL).exists() or self._journal.lines > SHORT + OUT_OF_DATE * self._emulated.item_count()
        )

    def _run(self) -> None:
        pause, was_busy = EVERY, False
        while not self._stop.wait(pause):
            changes, busy = self._changes(), self._emulated.busy()
            if changes == self._seen and not busy and not was_busy:
                continue
            begun = time.monotonic()
            with suppress(Exception):  # `save` has logged it; the next round may succeed, and must come
                self.save()
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
