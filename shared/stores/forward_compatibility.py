"""How stored data is read by a version of Reelmill that may be older than the one that wrote it."""

from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import NewerVersion
from shared.telemetry import logger


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
