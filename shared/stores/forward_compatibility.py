"""Data of another version of Reelmill: two versions run side by side during each deployment and each rollback.

A version ignores the fields that it doesn't know, and keeps them when it changes the rest. What an older version must
not serve gets a higher schema version when it is created. The older version leaves it unchanged.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from shared.errors import NewerVersion
from shared.telemetry import logger

SCHEMA_VERSION = 1  # of all items and messages that this version writes, and the highest one that it reads


@contextmanager
def reading(what: str, schema_version: float | None) -> Iterator[None]:
    """Raise NewerVersion if the schema version is too high, or for any error while `what` is read."""
    refuse_newer(what, schema_version)
    try:
        yield
    except Exception as error:
        logger().exception("stored data is unreadable", what=what)
        raise newer_version(what) from error


def refuse_newer(what: str, schema_version: float | None) -> None:
    """Raise NewerVersion if the schema version of `what` is too high."""
    if schema_version is not None and schema_version > SCHEMA_VERSION:
        logger().warning("stored data is of a newer version", what=what, schema_version=schema_version)
        raise newer_version(what)


def newer_version(what: str) -> NewerVersion:
    """Return the error of data that this version can't read."""
    return NewerVersion(
        f"a newer version of Reelmill stored {what}, and this version can't read it; deploy the newer version again"
    )


def keep_unknown(stored: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return a changed document in its stored form, with the fields that this version doesn't know.

    `before` and `after` are the document as this version knows it. Each part that is as before stays as it is stored.
    """
    shared = stored.keys() & before.keys()
    known = {
        name: keep_unchanged(stored[name], before[name], value) if name in shared else value
        for name, value in after.items()
    }
    return {**stored, **known}


def keep_unchanged(stored: Any, before: Any, after: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a value in its stored form: as it is stored if it is as before, and likewise each element of a list."""
    if after == before:
        return stored
    if isinstance(stored, list) and isinstance(before, list) and isinstance(after, list):
        pairs = list(zip(stored, before, strict=True))
        return [next((kept for kept, known in pairs if known == one), one) for one in after]
    return after
