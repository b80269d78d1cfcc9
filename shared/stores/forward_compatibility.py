"""How stored data is read by a version of Reelmill that may be older than the one that wrote it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from shared.errors import NewerVersion
from shared.telemetry import logger

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def known_fields(kind: "type[DataclassInstance]", stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is stored of the fields that `kind` has: a newer version may have written more."""
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in stored.items() if name in names}


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Raise NewerVersion for whatever goes wrong while `what` is read, such as an operation with an unknown name."""
    try:
        yield
    except Exception as error:
        logger().exception("stored data not readable", what=what)
        message = (
            f"{what} was stored by a newer version of Reelmill, and this version cannot read it; "
            "deploy the newer version again"
        )
        raise NewerVersion(message) from error
