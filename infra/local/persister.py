"""Saves the emulated AWS while it runs, so that a killed server restarts in the same state."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from infra.local.journal import NAME as JOURNAL
from infra.local.journal import Entry, Journal
from infra.local.snapshots import Snapshots, record_uploads_since

logger = logging.getLogger(__name__)

EVERY = 1.0  # seconds
SHARE = 10  # after a save that takes a second, the next ten seconds have none
TRIES = 5
OUT_OF_DATE = 3  # lines of the journal for each item, before it is rewritten ...
SHORT = 10_000  # ... unless it is short: this number of lines is read in a second

State = Callable[[], Any]


class SavedState(Protocol):
    """The state that is saved: infra.local.emulator_state."""

    def is_busy(self) -> bool:
        """Whether a function is running, which may change something at any time."""

    def states(self, folder: Path, *, everything: bool) -> Mapping[str, State]:
        """Return what can be saved, by name."""

    def write_state(self, folder: Path, name: str, state: object) -> None:
        """Write one of those states."""

    def item_count(self) -> int:
        """Return how many items the tables have."""

    def items(self) -> Iterable[Callable[[], Entry | None]]:
        """Yield a look at every item."""


class Persister:
    """A thread that saves the state of every service when something may have changed it."""

    def __init__(  # noqa: PLR0913 - what it saves, and where it reports
        self,
        snapshots: Snapshots,
        journal: Journal,
        state: SavedState,
        *,
        changes: Callable[[], int],
        uploads_since: Callable[[], float | None],
        note: Callable[[str | None], None] = lambda _: None,
    ) -> None:
        """Take what to save. `changes` counts requests; `note` receives why a save failed, None if it succeeded."""
        self._snapshots, self._journal, self._state = snapshots, journal, state
        self._changes, self._uploads_since, self._note = changes, uploads_since, note
        self.unsaved: str | None = None  # why the last save failed
        self._stop = threading.Event()
        self._seen = -1
        self._thread = threading.Thread(target=self._run, name="persister", daemon=True)

    def start(self) -> None:
        """Start saving from time to time."""
        self._thread.start()

    def stop(self) -> None:
        """Stop saving by itself."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def save(self, *, everything: bool = False, last: bool = False) -> None:
        """Save the state that changes in use, or everything. A `last` save says so if no upload is pending.

        On an error the snapshot before stays valid.
        """
        try:
            self._save(everything=everything, last=last)
        except BaseException as error:
            self._journal.abandon()
            self._snapshots.abandon()
            if self.unsaved is None:  # on a full disk the same lines would come every second
                logger.exception("the state could not be saved; the snapshot before stays valid")
            self._report(str(error) or type(error).__name__)
            raise
        self._journal.finish()
        if self.unsaved is not None:
            logger.warning("the state is saved again")
        self._report(None)

    def _save(self, *, everything: bool, last: bool) -> None:
        folder = self._snapshots.begin()
        self._journal.begin(folder, self._state.items() if self._is_outdated(folder) else None)
        for name, state in self._state.states(folder, everything=everything).items():
            if (value := copy_state(state)) is not None:
                self._state.write_state(folder, name, value)
        self._journal.force_out()
        record_uploads_since(folder, self._uploads_since() or (None if last else time.time()))
        self._snapshots.finish(folder)

    def _report(self, unsaved: str | None) -> None:
        self.unsaved = unsaved
        self._note(unsaved)

    def _is_outdated(self, folder: Path) -> bool:
        return not (folder / JOURNAL).exists() or self._journal.lines > SHORT + OUT_OF_DATE * self._state.item_count()

    def _run(self) -> None:
        pause, was_busy = EVERY, False
        while not self._stop.wait(pause):
            changes, busy = self._changes(), self._state.is_busy()
            if changes == self._seen and not busy and not was_busy:
                continue
            begun = time.monotonic()
            with suppress(Exception):  # `save` has logged it; the next round must come, and may succeed
                self.save()
                self._seen, was_busy = changes, busy
            pause = max(EVERY, SHARE * (time.monotonic() - begun))


def copy_state(state: State) -> Any:  # noqa: ANN401 - any service's own state
    """Return a copy of a service's state; retry if a request changes it meanwhile."""
    for _ in range(TRIES):
        try:
            return state()
        except RuntimeError:  # a dictionary changed its size during the copy
            time.sleep(0.01)
    return state()
