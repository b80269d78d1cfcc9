"""Reads the weights of a TensorFlow checkpoint, without TensorFlow.

Its index is a sorted table in LevelDB's format (github.com/google/leveldb, doc/table_format.md): a footer names the
block of blocks, and each block has keys, without the beginning that a key shares with the one before. A value is a
BundleEntryProto (tensorflow/core/protobuf/tensor_bundle.proto): type, shape, and the position of its numbers in the
data file.
"""

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOOTER = 48
TYPE, SHAPE, OFFSET, SIZE = 1, 2, 4, 5  # fields of a BundleEntryProto
FLOAT = 1  # a type; the number of training steps is an integer instead
DIMENSION, LENGTH = 2, 1  # fields of the shape, and of a dimension


def read_weights(path: Path) -> Mapping[str, NDArray[np.float32]]:
    """Return the numbers of a checkpoint in one part, by name; `path` is without the extensions of its two files."""
    numbers = path.with_name(f"{path.name}.data-00000-of-00001").read_bytes()
    found = {}
    for name, entry in _entries(path.with_name(f"{path.name}.index").read_bytes()):
        fields = _fields(entry)
        if _number(fields, TYPE) != FLOAT:
            continue
        shape = [_number(_fields(part), LENGTH) for part in _parts(_fields(_part(fields, SHAPE)), DIMENSION)]
        offset, size = _number(fields, OFFSET), _number(fields, SIZE)
        found[name] = np.frombuffer(numbers[offset : offset + size], np.float32).reshape(shape)
    return found


def _entries(index: bytes) -> Iterator[tuple[str, bytes]]:
    footer, at = index[-FOOTER:], 0
    place = []
    for _ in range(4):  # offset and size of a block about the table, then of the block of blocks
        number, at = _varint(footer, at)
        place.append(number)
    for _, handle in _block(index, place[2], place[3]):
        offset, at = _varint(handle, 0)
        size, _ = _varint(handle, at)
        for key, value in _block(index, offset, size):
            if key:  # the entry without a name describes the whole checkpoint
                yield key.decode(), value


def _block(index: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    block = index[offset : offset + size]
    restarts = struct.unpack("<I", block[-4:])[0]
    at, end, key = 0, size - 4 * (restarts + 1), b""
    while at < end:
        shared, at = _varint(block, at)
        own, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + own]
        at += own
        yield key, block[at : at + length]
        at += length


def _fields(message: bytes) -> Mapping[int, list[int | bytes]]:
    """Return the fields of a protocol buffer message: integers, and the content of other fields."""
    found: dict[int, list[int | bytes]] = {}
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        value: int | bytes
        match tag & 7:
            case 0:
                value, at = _varint(message, at)
            case 2:
                length, at = _varint(message, at)
                value, at = message[at : at + length], at + length
            case _:  # 5, four bytes: a checksum
                value, at = message[at : at + 4], at + 4
        found.setdefault(tag >> 3, []).append(value)
    return found


def _parts(fields: Mapping[int, list[int | bytes]], number: int) -> list[bytes]:
    return [value for value in fields.get(number, []) if isinstance(value, bytes)]


def _part(fields: Mapping[int, list[int | bytes]], number: int) -> bytes:
    return next(iter(_parts(fields, number)), b"")


def _number(fields: Mapping[int, list[int | bytes]], number: int) -> int:
    return next((value for value in fields.get(number, []) if isinstance(value, int)), 0)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of 7 bits per byte, the lowest first, and the position after it."""
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:  # noqa: PLR2004 - the highest bit says that more follow
            return number, at
