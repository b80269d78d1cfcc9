"""A zip of uncompressed files, whose layout is known before any file is read. Pure.

Format: PKWARE APPNOTE 6.3.10. Nothing is compressed, because media hardly compress. Sizes and checksums precede each
file. So the layout follows from them alone, and every range of the zip can be built independently.
"""

import re
import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import accumulate

PLAIN, ZIP64 = 20, 45  # versions of the format that a reader must support
UTF8_NAMES = 0x800
MADE_ON_UNIX = 3 << 8
REGULAR_FILE = 0o100644 << 16
MOST_16, MOST_32 = 0xFFFF, 0xFFFFFFFF  # these values mean: see the zip64 fields
FIRST_YEAR, LAST_YEAR = 1980, 2107  # the format has 7 bits for the year
EXTRA_ZIP64 = 1
MIN_PART = 5 * 1024**2  # S3: the minimum size of each part of a multipart upload, except the last
MAX_PARTS = 9000  # S3: at most 10,000
COPIED_PART = 256 * 1024**2  # S3 copies up to 5 GiB in one part, but that would take long.
# Characters that some systems reject in a file name, or treat as a path.
UNSAFE = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|]')


@dataclass(frozen=True)
class Member:
    """A file of the zip: its path, its size in bytes, and the CRC-32 of its content."""

    name: str
    size: int
    crc32: int


@dataclass(frozen=True)
class Extract:
    """The bytes of a member from `start` up to `end`; `member` is its number in the zip, from 0."""

    member: int
    start: int
    end: int


Piece = bytes | Extract


@dataclass(frozen=True)
class Archive:
    """A zip of members that all have the same time, in epoch milliseconds."""

    members: tuple[Member, ...]
    at: int

    @cached_property
    def size(self) -> int:
        """The size of the zip in bytes."""
        return self._starts[-1]

    def pieces(self, start: int, end: int) -> Iterator[Piece]:
        """Yield the pieces of the zip from `start` up to `end`, in order."""
        index = bisect_right(self._starts, start) - 1
        while start < min(end, self.size):
            offset, begins, ends = start - self._starts[index], self._starts[index], self._starts[index + 1]
            stop = min(end, ends)
            if stop > start:
                member, is_header = index // 2, index % 2 == 0
                if member == len(self.members):
                    yield self._directory[offset : stop - begins]
                elif is_header:
                    yield self._header(member)[offset : stop - begins]
                else:
                    yield Extract(member, offset, stop - begins)
            start, index = stop, index + 1

    def parts(self) -> list[tuple[int, int]]:
        """Return the ranges of the parts to upload; most of a large member is a separate range, which S3 can copy."""
        smallest = max(MIN_PART, -(-self.size // MAX_PARTS))
        largest = max(COPIED_PART, smallest)
        start = 0
        ranges = []
        while start < self.size:
            index = bisect_right(self._starts, start) - 1
            left = self._starts[index + 1] - start
            copied = index % 2 == 1 and left >= smallest
            length = (left if left < largest + smallest else largest) if copied else smallest
            ranges.append((start, min(start + length, self.size)))
            start += length
        return ranges

    @cached_property
    def _starts(self) -> Sequence[int]:
        """The start of each segment: header and content of each member, then the directory; and the end of that."""
        sizes = [size for number, one in enumerate(self.members) for size in (len(self._header(number)), one.size)]
        contents = list(accumulate(sizes, initial=0))
        return [*contents, contents[-1] + len(self._directory_at(contents))]

    @cached_property
    def _directory(self) -> bytes:
        return self._directory_at(self._starts)

    def _header(self, number: int) -> bytes:
        member = self.members[number]
        large = member.size >= MOST_32
        extra = struct.pack("<HHQQ", EXTRA_ZIP64, 16, member.size, member.size) if large else b""
        name = member.name.encode()
        size = MOST_32 if large else member.size
        fields = (ZIP64 if large else PLAIN, UTF8_NAMES, 0, *_dos(self.at), member.crc32, size, size)
        return struct.pack("<4s5H3L2H", b"PK\3\4", *fields, len(name), len(extra)) + name + extra

    def _directory_at(self, starts: Sequence[int]) -> bytes:
        """Return the directory of members at the end of the zip, and the record that locates it."""
        entries = b"".join(self._entry(member, starts[2 * number]) for number, member in enumerate(self.members))
        begins, count = starts[2 * len(self.members)], len(self.members)
        tail = b""
        if count >= MOST_16 or begins >= MOST_32 or len(entries) >= MOST_32:
            record = (44, ZIP64 | MADE_ON_UNIX, ZIP64, 0, 0, count, count, len(entries), begins)
            tail = struct.pack("<4sQ2H2L4Q", b"PK\6\6", *record)
            tail += struct.pack("<4sLQL", b"PK\6\7", 0, begins + len(entries), 1)
        short = min(count, MOST_16)
        end = (0, 0, short, short, min(len(entries), MOST_32), min(begins, MOST_32), 0)
        return entries + tail + struct.pack("<4s4H2LH", b"PK\5\6", *end)

    def _entry(self, member: Member, offset: int) -> bytes:
        """Return a member's entry in the directory; values that don't fit in 32 bits go into the zip64 field."""
        sizes = [member.size, member.size] if member.size >= MOST_32 else []
        large = [*sizes, *([offset] if offset >= MOST_32 else [])]
        extra = struct.pack(f"<HH{len(large)}Q", EXTRA_ZIP64, 8 * len(large), *large) if large else b""
        name = member.name.encode()
        needs = ZIP64 if large else PLAIN
        size = min(member.size, MOST_32)
        fields = (needs | MADE_ON_UNIX, needs, UTF8_NAMES, 0, *_dos(self.at), member.crc32, size, size)
        rest = (len(name), len(extra), 0, 0, 0, REGULAR_FILE, min(offset, MOST_32))
        return struct.pack("<4s6H3L5H2L", b"PK\1\2", *fields, *rest) + name + extra


def member_names(wanted: Iterable[str]) -> tuple[str, ...]:
    """Return the names of files in a zip: safe on every system, and unique even if upper and lower case are ignored."""
    taken: set[str] = set()
    names = []
    for path in wanted:
        parts = (UNSAFE.sub("_", part) for part in path.split("/"))
        safe = "/".join("_" if part.strip(". ") == "" else part for part in parts if part) or "_"
        stem, dot, extension = safe.rpartition(".") if "." in safe.rpartition("/")[2] else (safe, "", "")
        name, number = safe, 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem} ({number}){dot}{extension}"
        taken.add(name.casefold())
        names.append(name)
    return tuple(names)


def _dos(at: int) -> tuple[int, int]:
    """Return a time in the format of MS-DOS, in UTC: hours, minutes and two-second units; then the day."""
    when = datetime.fromtimestamp(at / 1000, UTC)
    when = when.replace(year=min(max(when.year, FIRST_YEAR), LAST_YEAR))
    clock = when.hour << 11 | when.minute << 5 | when.second // 2
    return clock, (when.year - FIRST_YEAR) << 9 | when.month << 5 | when.day
