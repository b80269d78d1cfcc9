"""The layout of a zip, checked by Python's zip reader, also for zips that are too large to store."""

import io
import zipfile
import zlib
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.zip_layout import Archive, Extract, Member, member_names

AT = 1_764_000_000_000  # 2025-11-24 16:00:00 UTC
MIB, GIB = 1024**2, 1024**3
Content = Callable[[int, int, int], bytes]


def of(contents: dict[str, bytes]) -> tuple[Archive, Content]:
    """Return the zip of some contents, and what reads a range of one of them."""
    files = list(contents.values())
    members = tuple(Member(name, len(content), zlib.crc32(content)) for name, content in contents.items())
    return Archive(members, AT), lambda number, start, end: files[number][start:end]


def zeros(_number: int, start: int, end: int) -> bytes:
    return bytes(end - start)


def bytes_of(archive: Archive, content: Content, start: int, end: int) -> bytes:
    pieces = archive.pieces(start, end)
    return b"".join(
        piece if isinstance(piece, bytes) else content(piece.member, piece.start, piece.end) for piece in pieces
    )


class Virtual(io.RawIOBase):
    """A zip that is nowhere: what is read of it is made at that moment."""

    def __init__(self, archive: Archive, content: Content) -> None:
        super().__init__()
        self.archive, self.content, self.at = archive, content, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.archive.size}[whence]
        if place < 0:
            raise OSError
        self.at = place
        return place

    def tell(self) -> int:
        return self.at

    def read(self, size: int = -1) -> bytes:
        end = self.archive.size if size < 0 else min(self.at + size, self.archive.size)
        found = bytes_of(self.archive, self.content, self.at, end)
        self.at += len(found)
        return found


def opened(archive: Archive, content: Content) -> zipfile.ZipFile:
    return zipfile.ZipFile(Virtual(archive, content))


def test_every_file_comes_out_as_it_went_in() -> None:
    contents = {"a.jpg": b"first", "empty.txt": b"", "folder/予告編 Ü 😀.mp4": bytes(range(256)) * 40}

    with opened(*of(contents)) as found:
        assert found.testzip() is None
        assert {name: found.read(name) for name in found.namelist()} == contents
        assert {one.compress_type for one in found.infolist()} == {zipfile.ZIP_STORED}
        assert {one.date_time for one in found.infolist()} == {(2025, 11, 24, 16, 0, 0)}


def test_a_zip_of_nothing_is_a_zip() -> None:
    with opened(*of({})) as found:
        assert found.namelist() == []


@given(
    st.lists(st.binary(max_size=40), max_size=6),
    st.lists(st.integers(min_value=0, max_value=900), max_size=8),
)
def test_it_is_the_same_for_any_division_into_parts(files: list[bytes], cuts: list[int]) -> None:
    archive, content = of({f"{number}.bin": file for number, file in enumerate(files)})
    whole = bytes_of(archive, content, 0, archive.size)
    places = sorted({0, *(min(cut, archive.size) for cut in cuts), archive.size})

    parts = [bytes_of(archive, content, start, end) for start, end in pairwise(places)]

    assert len(whole) == archive.size
    assert b"".join(parts) == whole
    assert zipfile.ZipFile(io.BytesIO(whole)).testzip() is None


def test_a_range_names_just_the_bytes_of_the_files_in_it() -> None:
    archive, _ = of({"a": bytes(10_000), "b": bytes(10_000)})

    (one,) = archive.pieces(1000, 3000)
    several = [piece for piece in archive.pieces(9000, 11_000) if isinstance(piece, Extract)]

    assert isinstance(one, Extract)
    assert (one.member, one.end - one.start) == (0, 2000)
    assert [(piece.member, piece.start) for piece in several] == [(0, 9000 - 31), (1, 0)]
    assert several[0].end == 10_000


@pytest.mark.parametrize(
    "sizes",
    [
        (5 * GIB,),
        (1, 5 * GIB, 1),
        (3 * GIB, 3 * GIB, 1),
        (2**32 - 1, 1),
        (2**32 - 2, 1),
        (2**32 - 80, 1),
        (7000 * GIB,),
    ],
)
def test_what_does_not_fit_into_32_bits_is_read_all_the_same(sizes: tuple[int, ...]) -> None:
    crc = zlib.crc32(b"\0")  # of the small ones; the others are not read to their end
    archive = Archive(tuple(Member(f"{number}.bin", size, crc) for number, size in enumerate(sizes)), AT)

    with opened(archive, zeros) as found:
        assert tuple(one.file_size for one in found.infolist()) == sizes
        for one in found.infolist():
            with found.open(one) as file:
                assert file.read(1) == b"\0"  # its own header, where the list says
    assert archive.size > sum(sizes)


@pytest.mark.parametrize(
    "sizes",
    [(), (0,), (1, 2, 3), (5 * MIB,), (20 * MIB, 1, 1, 600 * MIB, 3 * MIB, 3 * MIB), (MIB,) * 30, (10_000 * GIB,)],
)
def test_it_is_cut_into_parts_as_s3_takes_them(sizes: tuple[int, ...]) -> None:
    archive = Archive(tuple(Member(f"{number}.bin", size, 0) for number, size in enumerate(sizes)), AT)

    parts = archive.parts()

    assert [start for start, _ in parts] == [0, *(end for _, end in parts[:-1])]
    assert parts[-1][1] == archive.size
    assert all(5 * MIB <= end - start <= 5 * GIB for start, end in parts[:-1])
    assert len(parts) <= 10_000


def test_of_a_large_file_only_its_ends_are_not_copied() -> None:
    archive = Archive((Member("a", 1000, 0), Member("b", 700 * MIB, 0), Member("c", 1000, 0)), AT)

    copied = [
        pieces[0].end - pieces[0].start
        for part in archive.parts()
        if isinstance((pieces := list(archive.pieces(*part)))[0], Extract) and len(pieces) == 1
    ]

    assert copied == [256 * MIB, 256 * MIB, pytest.approx(183 * MIB, abs=MIB)]


@pytest.mark.parametrize("count", [65_534, 65_535, 65_536, 70_000])
def test_it_may_contain_more_files_than_16_bits_count(count: int) -> None:
    archive = Archive(tuple(Member(f"{number}", 1, zlib.crc32(b"\0")) for number in range(count)), AT)

    with opened(archive, zeros) as found:
        assert len(found.namelist()) == count
        assert found.read(str(count - 1)) == b"\0"
    end = bytes_of(archive, zeros, archive.size - 98, archive.size)
    assert end[-22:][:4] == b"PK\5\6"
    assert end.startswith(b"PK\6\6") == (count >= 65_535)  # that reader doesn't mind, others do


def test_times_that_the_format_cannot_store_become_the_nearest_ones() -> None:
    for at, year in ((0, 1980), (5_000_000_000_000, 2107)):
        with opened(Archive((Member("a", 0, 0),), at), zeros) as found:
            assert found.infolist()[0].date_time[0] == year


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (["a.jpg", "a.jpg", "A.JPG"], ("a.jpg", "a (2).jpg", "A (3).JPG")),
        (["v0/1.m4s", "v1/1.m4s"], ("v0/1.m4s", "v1/1.m4s")),
        (["x.y/a", "x.y/a"], ("x.y/a", "x.y/a (2)")),
        (["..\\..\\a.exe", "/etc/passwd", "a/../b", "C:\\x"], (".._.._a.exe", "etc/passwd", "a/_/b", "C__x")),
        (["a\nb?.jpg", "", ". ."], ("a_b_.jpg", "_", "_ (2)")),
        (["a (2).jpg", "a.jpg", "a.jpg"], ("a (2).jpg", "a.jpg", "a (3).jpg")),
    ],
)
def test_names_are_safe_to_unpack_and_no_two_alike(wanted: list[str], names: tuple[str, ...]) -> None:
    assert member_names(wanted) == names
