"""AES-128 encryption for HLS: each segment separately, with its number as initialization vector."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from shared.operations.streaming.cmaf import CmafTrack

KEY_BYTES = BLOCK_BYTES = 16


def encrypt_segments(path: Path, track: CmafTrack, key: bytes, check: Callable[[], None]) -> CmafTrack:
    """Encrypt a file's segments in place; return their new positions. The header stays in clear, the index is dropped.

    `check` is called between segments and may raise.
    """
    target = path.with_suffix(".locked")
    segments = []
    with path.open("rb") as clear, target.open("wb") as file:
        file.write(clear.read(track.header))
        for number, segment in enumerate(track.segments):
            check()
            clear.seek(segment.start)
            start = file.tell()
            size = _encrypt(clear.read(segment.size), number, key, file)
            segments.append(replace(segment, start=start, size=size))
    target.replace(path)
    return replace(track, segments=tuple(segments))


def _encrypt(segment: bytes, number: int, key: bytes, file: BinaryIO) -> int:
    """Write one segment; return its size, which padding (PKCS #7) makes a multiple of the block size."""
    from Cryptodome.Cipher import AES  # noqa: PLC0415 - only a worker should pay for it
    from Cryptodome.Util.Padding import pad  # noqa: PLC0415 - the same

    cipher = AES.new(key, AES.MODE_CBC, iv=number.to_bytes(BLOCK_BYTES))
    return file.write(cipher.encrypt(pad(segment, BLOCK_BYTES)))
