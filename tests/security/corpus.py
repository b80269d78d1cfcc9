"""All hostile files: each family by its maker."""

from collections.abc import Iterator

from tests.security import damage, references, sizes, tables, tags, words
from tests.security.hostile import Family, Hostile, Kit

FAMILIES: tuple[Family, ...] = (
    references.lists,
    references.links,
    references.subtitles,
    references.images,
    sizes.bombs,
    sizes.dimensions,
    sizes.times,
    sizes.streams,
    sizes.nesting,
    damage.truncations,
    damage.flips,
    words.names,
    words.metadata,
    tags.facts,
    tables.claims,
)


def corpus(kit: Kit) -> Iterator[Hostile]:
    """Make them, the same in each run."""
    for family in FAMILIES:
        yield from family(kit)
