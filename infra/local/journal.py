"""The write-ahead log of the tables' items and the queues' messages: what was answered survives a kill.

Each line is written before its change takes effect, and the change takes effect before the request is answered. A line
that cannot be written completely is taken back, and its change does not happen. Lines are not forced to the disk: the
system keeps what a killed process wrote, and only a power failure may lose the last seconds.
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
ITEM, MESSAGE, BEGUN = "item", "message", "snapshot"

Entry = list[Any]


class Journal:
    """A file that the snapshots share, until it is rewritten because most of its lines are out of date.

    While a snapshot with a rewritten journal is unfinished, lines go into the earlier journal as well.
    """

    def __init__(self) -> None:
        """Open no file yet."""
        self.lines = 0
        self._files: tuple[FileIO, ...] = ()
        self._turn = threading.RLock()

    def append(self, *entry: object) -> None:
        """Write a line; raise OSError if the disk refuses it."""
        with self.whole():
            self._write(self._files, entry)

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Keep the lines that the block writes together, and take all of them back on an error."""
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
        """Yield what a snapshot lacks, then continue with its journal, if it has one.

        It lacks all items, and the messages that were sent after it was begun.
        """
        path, begun = snapshot / NAME, False
        if not path.exists():
            return
        for entry in read_lines(path):
            self.lines += 1
            begun = begun or entry == [BEGUN, snapshot.name]
            if entry[0] == ITEM or (entry[0] == MESSAGE and begun):
                yield entry
        self._files = (open_journal(path),)

    def begin(self, snapshot: Path, looks: Iterable[Callable[[], Entry | None]] | None) -> None:
        """Record that a snapshot begins; rewrite its journal from what `looks` return, unless they are None.

        No other line about an item comes between its look and its line, so the last line always describes its current
        state.
        """
        if looks is not None:
            path = snapshot / NAME
            path.unlink(missing_ok=True)
            new = open_journal(path)
            with self._turn:
                self._files = (*self._files, new)
                self.lines = 0
            for look in looks:
                with self._turn:
                    if entry := look():
                        self._write((new,), entry)
        self.append(BEGUN, snapshot.stem)

    def force_out(self) -> None:
        """Force everything written so far to the disk; raise OSError."""
        with self._turn:
            for file in self._files:
                os.fsync(file.fileno())

    def finish(self) -> None:
        """Continue with the newest journal only: its snapshot is now valid."""
        self._drop(self._files[:-1])

    def abandon(self) -> None:
        """Continue with the earlier journal only, if there is one: the snapshot failed."""
        self._drop(self._files[1:])

    def close(self) -> None:
        """Close all files."""
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


def open_journal(path: Path) -> FileIO:
    """Return a journal to append to, without a buffer: a buffer would write later what a full disk refused."""
    return FileIO(path, "ab")


def read_lines(path: Path) -> Iterator[Entry]:
    """Yield the lines of a journal, and cut off what follows the last complete one: it was never answered."""
    with path.open("rb+") as file:
        end = 0
        for line in file:
            entry = parse_line(line)
            if entry is None:
                logger.warning("the journal %s breaks off after %d bytes", path, end)
                break
            yield entry
            end += len(line)
        file.truncate(end)


def parse_line(line: bytes) -> Entry | None:
    """Return the entry of a line, None if it was not written completely."""
    try:
        entry: Entry = json.loads(line)
    except ValueError:
        return None
    return entry if line.endswith(b"\n") else None
