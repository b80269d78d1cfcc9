"""Faults at a chosen call to AWS: outages, changes by others, and processes that die."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import BotoCoreError, ClientError
from botocore.handlers import BUILTIN_HANDLERS
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber


class Broken(BotoCoreError):
    """A broken connection that botocore does not retry: after a time-out it would wait for seconds."""

    fmt = "the line broke"


class Crash(BaseException):
    """The death of a process, which no `except Exception` catches."""


@dataclass(eq=False)
class Process:
    """A simulated process. Several take turns in the process of the tests; a dead one makes no more calls."""

    name: str
    dead: bool = False


@dataclass(frozen=True)
class Call:
    """A call to AWS, and the process that made it; None is the test itself."""

    service: str
    operation: str
    process: Process | None
    body: str = field(default="", compare=False)


@dataclass
class Moment:
    """What happens at calls to AWS with one name, starting at a given call, before AWS executes it or after.

    The name "*" stands for every call of a process. `about` is a text that the request contains.
    """

    operation: str
    action: Callable[[], object]
    after: int
    times: int
    done: bool
    about: str = ""
    seen: int = 0

    def meant(self, call: Call) -> bool:
        """Count a call, and say whether it is this call's turn."""
        if (call.operation == self.operation and self.about in call.body) or (self.operation == "*" and call.process):
            self.seen += 1
            return self.after < self.seen <= self.after + self.times
        return False


AWAITED: list[Moment] = []
CALLS: list[Call] = []  # the last one is being made
RUNNING: list[Process | None] = [None]  # the last one runs, the others wait for it


def line(event_name: str, request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
    """Stand between botocore and moto; what a moment answers is AWS's answer, and moto isn't asked."""
    service, operation = event_name.split(".")[1:]
    body = request.body if isinstance(request.body, bytes) else b""
    call = Call(service, operation, RUNNING[-1], body.decode(errors="replace"))
    if call.process and call.process.dead:
        raise Crash
    CALLS.append(call)
    turns = [moment for moment in tuple(AWAITED) if moment.meant(call)]
    answers = [moment.action() for moment in turns if not moment.done]
    answer = next((each for each in answers if isinstance(each, Answer)), None)
    if answer:
        return answer.to(request)
    response = botocore_stubber(event_name, request)
    for moment in turns:
        if moment.done:
            moment.action()
    return response


# Every client made from here on has it, pynamodb's own too: that is how moto itself gets in.
here = BUILTIN_HANDLERS.index(("before-send", botocore_stubber))
BUILTIN_HANDLERS[here] = ("before-send", line)


@dataclass(frozen=True)
class Answer:
    """An error response of AWS in wire format, so that botocore retries as usual."""

    code: str
    status: int = 400

    def to(self, request: AWSPreparedRequest) -> AWSResponse:
        """Return it in the form of the service that was asked."""
        kind = request.headers.get("Content-Type", b"")
        kind = kind.decode() if isinstance(kind, bytes) else kind
        if "amz-json" in kind:
            body = json.dumps({"__type": f"com.amazonaws#{self.code}", "message": self.code})
        else:
            body = "" if request.method == "HEAD" else f"<Error><Code>{self.code}</Code><Message>no</Message></Error>"
        headers: Any = {"Content-Type": kind or "application/xml"}
        return AWSResponse(request.url, self.status, headers, MockRawResponse(body))


@contextmanager
def meanwhile(  # noqa: PLR0913 - at which call
    operation: str,
    action: Callable[[], object],
    *,
    after: int = 0,
    times: int = 1,
    done: bool = False,
    about: str = "",
) -> Iterator[None]:
    """Run an action at a call to AWS of that name; with `done`, after AWS executed it and before its answer."""
    moment = Moment(operation, action, after, times, done, about)
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
    """Let calls to AWS of that name fail; with `done`, AWS executes them and only the answer is lost."""

    def fail() -> None:
        raise error or Broken

    with meanwhile(operation, fail, after=after, times=times, done=done):
        yield


@contextmanager
def process(name: str) -> Iterator[Process]:
    """Count the calls made in between as those of a process, whose death ends it and nothing else."""
    begun = Process(name)
    RUNNING.append(begun)
    try:
        with suppress(Crash):
            yield begun
    except Exception:
        if not begun.dead:  # errors of a dead process, such as the unfinished work of its threads, do not matter
            raise
    finally:
        RUNNING.pop()


@contextmanager
def aside() -> Iterator[None]:
    """Let the test itself make the calls in between, though a process waits for AWS."""
    RUNNING.append(None)
    try:
        yield
    finally:
        RUNNING.pop()


def die() -> None:
    """Kill the process that runs."""
    running = RUNNING[-1]
    assert running, "no process runs"
    running.dead = True
    raise Crash


@contextmanager
def calls() -> Iterator[list[str]]:
    """Lend the names of the calls to AWS that are made in between, once they are."""
    made: list[str] = []
    start = len(CALLS)
    try:
        yield made
    finally:
        made += [call.operation for call in CALLS[start:]]


@contextmanager
def steps() -> Iterator[list[Call]]:
    """Lend the calls to AWS that processes make in between, once they are."""
    made: list[Call] = []
    start = len(CALLS)
    try:
        yield made
    finally:
        made += [call for call in CALLS[start:] if call.process]


def refusal(code: str, status: int = 400) -> ClientError:
    """Return an error that AWS answers with."""
    answer = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Any")  # type: ignore[arg-type]
