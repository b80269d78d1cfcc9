"""AWS that fails on demand: a request that never arrives, an answer that is lost, an error that AWS gives."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from botocore.exceptions import HTTPClientError
from botocore.handlers import BUILTIN_HANDLERS
from moto.core.models import botocore_stubber


class Broken(HTTPClientError):
    """A broken line. botocore tries no further: what it would do about a timeout takes seconds of waiting."""

    fmt = "the line broke"


@dataclass
class Outage:
    """How a call to AWS fails: from which of its calls on, how often, and whether AWS had done it by then."""

    operation: str
    after: int = 0
    times: int = 1
    done: bool = False
    error: Exception = field(default_factory=Broken)
    seen: int = 0

    def strike(self, event_name: str, *, done: bool) -> None:
        """Raise the error when it is this call's turn."""
        if done is not self.done or not event_name.endswith(f".{self.operation}"):
            return
        self.seen += 1
        if self.after < self.seen <= self.after + self.times:
            raise self.error


CURRENT: list[Outage] = []
CALLS: list[str] = []


def before(event_name: str, **_: object) -> None:
    """Stand before moto in the line of handlers."""
    CALLS.append(event_name.rpartition(".")[2])
    for outage in CURRENT:
        outage.strike(event_name, done=False)


def behind(event_name: str, **_: object) -> None:
    """Stand behind moto."""
    for outage in CURRENT:
        outage.strike(event_name, done=True)


# Every client made from here on has them, pynamodb's own too: that is how moto itself gets in.
place = BUILTIN_HANDLERS.index(("before-send", botocore_stubber))
BUILTIN_HANDLERS[place : place + 1] = [("before-send", each) for each in (before, botocore_stubber, behind)]


@contextmanager
def outage(
    operation: str, *, after: int = 0, times: int = 1, done: bool = False, error: Exception | None = None
) -> Iterator[Outage]:
    """Let calls of that name fail in between; at least one must."""
    trouble = Outage(operation, after, times, done, error or Broken())
    CURRENT.append(trouble)
    try:
        yield trouble
    finally:
        CURRENT.remove(trouble)
    assert trouble.seen > after, f"{operation} was not called, so nothing failed"


@contextmanager
def calls() -> Iterator[list[str]]:
    """Lend the names of the calls to AWS that are made in between."""
    made: list[str] = []
    start = len(CALLS)
    try:
        yield made
    finally:
        made += CALLS[start:]
