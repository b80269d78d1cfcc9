"""Reading of stored data by a version of Reelmill that may be older than the one that wrote it."""

from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import NewerVersion
from shared.telemetry import logger


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Raise NewerVersion for any error while `what` is read, for example because of an unknown operation."""
    try:
        yield
    except Exception as error:
        logger().exception("stored data is unreadable", what=what)
        message = (
            f"a newer version of Reelmill stored {what}, and this version can't read it; deploy the newer version again"
        )
        raise NewerVersion(message) from error
