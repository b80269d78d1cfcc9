"""What is in the tables and came into the queues, line by line, so that what was answered outlives a kill.

A line is written before what it tells of happens, and before that is answered. A line that can't be written whole
is taken back, and what it tells of doesn't happen. Lines are not forced to the disk: the system keeps what a killed
process wrote, and only a power failure may take the last seconds.
"""

import json
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

NAME = "journal"
ITEM, MESSAGE, BEGUN = "item", "message", "generation"

Entry = list[Any]


class Journal:
    """A file that the generations share, until it is written anew because most of its lines are out of date.

    While a generation with a new one is unfinished, lines go into the former one, too.
    """

    def __init__(self) -> None:
        """Write nowhere yet."""
        self.lines = 0
        self._files: tuple[FileIO, ...] = ()
        self._turn = threading.RLock()

    def append(self, *entry: object) -> None:
        """Write a line; raise OSError when the disk doesn't take it."""
        with self.whole():
            self._write(self._files, entry)

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Let no other line come between those that are written within, and take all of them back on an error."""
        with self._turn:
            lines, ends = self.lines, [(file, os.fstat(file.fileno()).st_size) for file in self._files]
            try:
                yield
            except BaseException:
                self.lines = lines
                for file, end in ends:
                    file.truncate(end)  # half a line would hide all lines that follow
                raise

    def resume(self, snapshot: Path) -> Iterator[Entry]:
        """Yield what a generation lacks, then go on with its journal, if it has one.

        It lacks all items, and the messages that came after it was begun.
        """
        path, begun = snapshot / NAME, False
        if not path.exists():
            return
        for entry in whole_lines(path):
            self.lines += 1
            begun = begun or entry == [BEGUN, snapshot.name]
            if entry[0] == ITEM or (entry[0] == MESSAGE and begun):
                yield entry
        self._files = (opened(path),)

    def begin(self, snapshot: Path, looks: Iterable[Callable[[], Entry | None]] | None) -> None:
        """Note that a generation begins; write its journal anew of what `looks` see, unless they are None.

        No line of something comes between its look and the line of that: the last line tells how it is now.
        """
        if looks is not None:
            path = snapshot / NAME
            path.unlink(missing_ok=True)
            new = opened(path)
            with self._turn:
                self._files = (*self._files, new)
                self.lines = 0
            for look in looks:
                with self._turn:
                    if entry := look():
                        self._write((new,), entry)
        self.append(BEGUN, snapshot.stem)

    def force_out(self) -> None:
        """Force what was written so far to the disk; raise OSError."""
        with self._turn:
            for file in self._files:
                os.fsync(file.fileno())

    def finish(self) -> None:
        """Go on with the newest journal alone: its generation counts now."""
        self._drop(self._files[:-1])

    def abandon(self) -> None:
        """Go on with the former journal alone, if there is one: the generation came to nothing."""
        self._drop(self._files[1:])

    def close(self) -> None:
        """Write nowhere any more."""
        self._drop(self._files)

    def _write(self, files: tuple[FileIO, ...], entry: object) -> None:
        line = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        self.lines += 1
        for file in files:
            rest = memoryview(line)
            while rest:
                rest = rest[file.write(rest) :]

    def _drop(self, files: tuple[FileIO, ...]) -> None:
        with self._turn:
            self._files = tuple(file for file in self._files if file not in files)
            for file in files:
                file.close()


def opened(path: Path) -> FileIO:
    """Return a journal to write on, without a buffer: what a full disk didn't take would come later otherwise."""
    return FileIO(path, "ab")


def whole_lines(path: Path) -> Iterator[Entry]:
    """Yield the lines of a journal, and cut off what follows the last whole one: it was never answered."""
    with path.open("rb+") as file:
        end = 0
        for line in file:
            entry = entry_of(line)
            if entry is None:
                logger.warning("the journal %s breaks off after %d bytes", path, end)
                break
            yield entry
            end += len(line)
        file.truncate(end)


def entry_of(line: bytes) -> Entry | None:
    """Return what a line says, None when it was not written to its end."""
    try:
        entry: Entry = json.loads(line)
    except ValueError:
        return None
    return entry if line.endswith(b"\n") else None
