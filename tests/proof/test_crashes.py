"""A process dies before or after any of its calls to AWS: the scenario ends as it does without a crash."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event

import pytest

from tests.proof.audit import check
from tests.proof.cloud import Cloud, a_cloud
from tests.proof.points import calls_of, named, points, sample, spread
from tests.proof.scenarios import OK, ONE, SCENARIOS, Scenario, a_waiting_task, told, undone
from tests.support.attempts import A_DAY
from tests.support.outages import RUNNING, Crash, die, meanwhile
from tests.support.profile import LONG
from tests.support.tallies import Tally

pytestmark = pytest.mark.timeout(3600 if LONG else 120)

SIDES = {False: "before", True: "after"}
FIRST, SECOND = (5, 3) if LONG else (1, 1)  # points of the two crashes of a pair, in each scenario
# If the scenario itself uses two of the three attempts, two more crashes are too many.
PAIRED = [scenario for scenario in SCENARIOS if scenario.counted_attempts == 1][: None if LONG else 1]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_a_scenario_ends_the_same_wherever_a_process_dies(
    scenario: Scenario, tally: Tally, monkeypatch: pytest.MonkeyPatch, blink: bytes
) -> None:
    stage = partial(a_cloud, monkeypatch, blink)
    sides = spread(list(SIDES.items()), 2 if LONG else 1, SCENARIOS.index(scenario))

    for point in sample(calls_of(scenario, stage), scenario):
        for done, side in sides:
            tally(f"crash points: {point.phase}")
            with named(f"dead {side} {point}"), stage() as cloud:
                told(cloud, scenario, point.when(die, done=done))
                check(cloud, scenario, more_attempts=1)


@pytest.mark.parametrize("scenario", PAIRED, ids=str)
def test_a_scenario_ends_the_same_when_a_process_that_heals_it_dies_too(
    scenario: Scenario, tally: Tally, monkeypatch: pytest.MonkeyPatch, blink: bytes
) -> None:
    offset, stage = SCENARIOS.index(scenario), partial(a_cloud, monkeypatch, blink)

    for first in spread(points(calls_of(scenario, stage)), FIRST, offset):
        done = bool(first.number % 2)
        with named(f"dead {SIDES[done]} {first}"), stage() as cloud:
            healed = told(cloud, scenario, first.when(die, done=done))
        later = [point for point in points(healed) if point.number > first.number]
        for number, second in enumerate(spread(later, SECOND, offset)):
            again = bool(number % 2)
            tally("crash points: pairs")
            with named(f"dead {SIDES[done]} {first}, and {SIDES[again]} {second}"), stage() as cloud:
                told(cloud, scenario, first.when(die, done=done), second.when(die, done=again))
                check(cloud, scenario, more_attempts=2)


@pytest.mark.filterwarnings("ignore:Exception in thread heartbeat")  # in which it dies
@pytest.mark.parametrize("done", [False, True])
def test_a_worker_that_dies_with_its_heart_is_replaced(
    done: bool,  # noqa: FBT001 - on which side of the beat
    tally: Tally,
    monkeypatch: pytest.MonkeyPatch,
    blink: bytes,
) -> None:
    tally("crash points: beat")
    stopped = Event()

    def stop() -> None:
        monkeypatch.setattr("shared.worker.heartbeat.FIRST_BEAT", A_DAY)  # the other processes must survive
        stopped.set()
        die()

    def wait() -> None:
        assert stopped.wait(10)
        if RUNNING[-1] and RUNNING[-1].dead:
            raise Crash

    @contextmanager
    def a_dying_heart(_: Cloud) -> Iterator[None]:
        monkeypatch.setattr("shared.worker.heartbeat.FIRST_BEAT", 0.0)
        with meanwhile("UpdateItem", stop, after=1, done=done), meanwhile("GetObject", wait):  # the first is the claim
            yield

    scenario = Scenario("a dying heart", "run", ONE, (OK,), undone, a_waiting_task, a_dying_heart, counted_attempts=2)
    with a_cloud(monkeypatch, blink) as cloud:
        told(cloud, scenario)
        check(cloud, scenario)
