"""The points at which a scenario may fail: the calls to AWS that its processes make."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TypeVar

from tests.proof.audit import check
from tests.proof.cloud import Cloud
from tests.proof.scenarios import SCENARIOS, Scenario, told
from tests.support.outages import Call, meanwhile
from tests.support.profile import LONG

T = TypeVar("T")

UNDISTURBED: dict[str, list[Call]] = {}


@dataclass(frozen=True)
class Point:
    """One call of a scenario, by its number, with the phase of its process."""

    number: int
    phase: str
    operation: str

    def when(self, action: Callable[[], object], *, done: bool = False, times: int = 1) -> AbstractContextManager[None]:
        """Let something happen there, before AWS has done it or after, and at so many calls in a row."""
        return meanwhile("*", action, after=self.number, done=done, times=times)

    def __str__(self) -> str:
        """Return what a person needs to find it."""
        return f"{self.operation}, call {self.number}, to {self.phase}"


def calls_of(scenario: Scenario, stage: Callable[[], AbstractContextManager[Cloud]]) -> list[Call]:
    """Return the calls of a scenario that runs once, without any fault."""
    if scenario.name not in UNDISTURBED:
        with stage() as cloud:
            UNDISTURBED[scenario.name] = told(cloud, scenario)
            check(cloud, scenario)
    return UNDISTURBED[scenario.name]


def points(made: Sequence[Call]) -> list[Point]:
    """Return all points of a scenario except those in a sweep that finds nothing due."""
    idle = {call.process for call in made} - {call.process for call in made if call.operation != "Query"}
    return [
        Point(number, phase(made, number), call.operation)
        for number, call in enumerate(made)
        if call.process not in idle
    ]


def phase(made: Sequence[Call], number: int) -> str:
    """Return what the process of a call was about: an attempt's record begins the finish."""
    process = made[number].process
    assert process
    recorded = any(call.process is process and call.operation == "PutItem" for call in made[: number + 1])
    return "finish" if process.name == "run" and recorded else process.name


def sample(made: Sequence[Call], scenario: Scenario) -> list[Point]:
    """Return the points that this profile tries: all, or one of what the scenario is about."""
    found = points(made)
    if LONG:
        return found
    return spread([point for point in found if point.phase == scenario.about], 1, SCENARIOS.index(scenario))


def spread(among: Sequence[T], number: int, offset: int) -> list[T]:
    """Return so many of them, evenly spread; which ones, the offset decides."""
    step = max(1, len(among) // number)
    return list(among[offset % step :: step])[:number]


@contextmanager
def named(where: object) -> Iterator[None]:
    """Say in every failure what had gone wrong, and where."""
    try:
        yield
    except BaseException as error:
        error.add_note(str(where))
        raise
