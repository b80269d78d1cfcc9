"""AWS that fails on demand, and what others do at the worst moment: all at a chosen call, without threads."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError
from botocore.handlers import BUILTIN_HANDLERS
from moto.core.models import botocore_stubber


class Broken(BotoCoreError):
    """A broken line that botocore does not try again: after a time-out it would wait for seconds."""

    fmt = "the line broke"


@dataclass
class Moment:
    """Calls to AWS of one name, from one on: what happens then, before AWS has done it or after."""

    operation: str
    act: Callable[[], object]
    after: int
    times: int
    done: bool
    seen: int = 0

    def come(self, event_name: str, *, done: bool) -> None:
        """Act when it is this call's turn."""
        if done is self.done and event_name.endswith(f".{self.operation}"):
            self.seen += 1
            if self.after < self.seen <= self.after + self.times:
                self.act()


AWAITED: list[Moment] = []
CALLS: list[str] = []


def before(event_name: str, **_: object) -> None:
    """Stand before moto in the line of handlers."""
    CALLS.append(event_name.rpartition(".")[2])
    for moment in tuple(AWAITED):
        moment.come(event_name, done=False)


def behind(event_name: str, **_: object) -> None:
    """Stand behind moto."""
    for moment in tuple(AWAITED):
        moment.come(event_name, done=True)


# Every client made from here on has them, pynamodb's own too: that is how moto itself gets in.
here = BUILTIN_HANDLERS.index(("before-send", botocore_stubber))
BUILTIN_HANDLERS[here : here + 1] = [("before-send", each) for each in (before, botocore_stubber, behind)]


@contextmanager
def meanwhile(
    operation: str, act: Callable[[], object], *, after: int = 0, times: int = 1, done: bool = False
) -> Iterator[None]:
    """Let something happen at a call to AWS of that name; with `done`, between AWS's doing and its answer."""
    moment = Moment(operation, act, after, times, done)
    AWAITED.append(moment)
    try:
        yield
    finally:
        AWAITED.remove(moment)
    assert moment.seen > after, f"{operation} was not called often enough"


@contextmanager
def outage(
    operation: str, *, after: int = 0, times: int = 1, done: bool = False, error: Exception | None = None
) -> Iterator[None]:
    """Let calls to AWS of that name fail; with `done`, AWS has done it and only the answer is lost."""

    def fail() -> None:
        raise error or Broken

    with meanwhile(operation, fail, after=after, times=times, done=done):
        yield


@contextmanager
def calls() -> Iterator[list[str]]:
    """Lend the names of the calls to AWS that are made in between, once they are."""
    made: list[str] = []
    start = len(CALLS)
    try:
        yield made
    finally:
        made += CALLS[start:]


def refusal(code: str, status: int = 400) -> ClientError:
    """Return the error of an AWS that answers, but no."""
    answer = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Any")  # type: ignore[arg-type]
