"""All moves of a task in all orders, as Hypothesis finds and shortens them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from shared.domain.ids import sortable_id
from tests.proof.interleavings import ACTS, Act, Pick, Play, Stage
from tests.support.deployment import BEGINNING
from tests.support.dynalite import dynalite
from tests.support.in_memory_table import twin


@contextmanager
def twin_stage() -> Iterator[Stage]:
    """Open a stage on the twin."""
    with twin() as lent:
        yield Stage(lent)


@contextmanager
def dynalite_stage() -> Iterator[Stage]:
    """Open a stage on dynalite; the twin takes but the messages."""
    with twin("sqs") as lent, dynalite():
        yield Stage(lent)


class Machine(RuleBasedStateMachine):
    """A play whose next act Hypothesis chooses."""

    stage: Stage
    play: Play | None = None

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """Make a task that the table hasn't had yet."""
        self.play = Play.begin(self.stage, sortable_id(BEGINNING, uuid4().bytes), picked_by(data))

    def teardown(self) -> None:
        """Whatever happened, the task comes to its end."""
        if self.play and not self.stage.checked.violation:
            self.play.close()


def picked_by(data: st.DataObject) -> Pick:
    """Return what lets Hypothesis pick."""
    return lambda options: data.draw(st.sampled_from(options))


def as_rule(act: Act) -> Callable[..., Any]:
    """Return the rule that makes an act."""

    def make(machine: Machine, data: st.DataObject) -> None:
        assert machine.play
        act.make(machine.play, picked_by(data))
        machine.play.settle()

    make.__name__ = act.make.__name__
    return precondition(lambda machine: act.open(machine.play))(rule(data=st.data())(make))


def explore(stage: Stage, interleavings: int, steps: int) -> None:
    """Let Hypothesis try so many interleavings, and shorten the first that goes wrong."""
    # A rule that is there several times is chosen the more often.
    rules = {f"{name}_{number}": as_rule(act) for name, act in ACTS.items() for number in range(act.weight)}
    machine: type[RuleBasedStateMachine] = type("Moves", (Machine,), {"stage": stage, **rules})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=interleavings,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
            database=None,
        ),
    )
