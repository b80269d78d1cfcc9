"""Real files of every container, truncated, with flipped bits, and with parts missing or repeated."""

import random
from collections.abc import Iterator

from tests.support.hostile.files import CONTAINERS, STILLS, Hostile, Kit, Role

HEAD = 600  # bytes that hold most of a container's headers
LEAST, SHARES = 40, (0.1, 0.5, 0.9)


def truncations(kit: Kit) -> Iterator[Hostile]:
    """The beginning of each file."""
    for name in CONTAINERS:
        content = kit.bases[name]
        for size in (LEAST, *(int(len(content) * share) for share in SHARES)):
            yield Hostile("truncation", f"{size}.{name}", content[:size])


def flips(kit: Kit) -> Iterator[Hostile]:
    """Flipped bits: a few at the beginning, many anywhere; and long runs of zeros and repetitions."""
    for name in CONTAINERS:
        content, chance = kit.bases[name], random.Random(name)  # noqa: S311 - the same files in each run
        for turn in range(3):
            yield Hostile("bit flips", f"head-{turn}.{name}", _flipped(content, chance, 6, HEAD))
        yield Hostile("bit flips", f"tail.{name}", _reversed(_flipped(_reversed(content), chance, 6, HEAD)))
        yield Hostile("bit flips", f"all.{name}", _flipped(content, chance, len(content) // 200, len(content)))
        place = chance.randrange(HEAD, len(content) - HEAD)
        yield Hostile("bit flips", f"zeros.{name}", content[:place] + bytes(HEAD) + content[place + HEAD :])
        yield Hostile("bit flips", f"twice.{name}", content[: place + HEAD] + content[place:])
    for name in STILLS:
        content, chance = kit.bases[name], random.Random(name)  # noqa: S311 - the same
        for turn in range(4):
            flipped = _flipped(content, chance, 8, len(content))
            yield Hostile("bit flips", f"image-{turn}.{name}", flipped, Role.WATERMARK)
    for name in ("mp4", "mkv", "avi", "ts"):
        chance = random.Random(name)  # noqa: S311 - the same
        yield Hostile("bit flips", f"joined.{name}", _flipped(kit.bases[name], chance, 40, HEAD), Role.JOINED)


def _flipped(content: bytes, chance: random.Random, count: int, within: int) -> bytes:
    changed = bytearray(content)
    for _ in range(count):
        changed[chance.randrange(12, min(within, len(content)))] ^= 1 << chance.randrange(8)  # the signature stays
    return bytes(changed)


def _reversed(content: bytes) -> bytes:
    return content[::-1]
