"""All hostile files, by family."""

from collections.abc import Iterator

from tests.support.hostile import codecs, damage, references, sizes, tables, tags, texts
from tests.support.hostile.files import Family, Hostile, Kit

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
    texts.names,
    texts.metadata,
    tags.facts,
    tables.claims,
    tables.film_tables,
    tables.other_tables,
    codecs.old_codecs,
)


def corpus(kit: Kit) -> Iterator[Hostile]:
    """Yield all hostile files, the same in each run."""
    for family in FAMILIES:
        yield from family(kit)
