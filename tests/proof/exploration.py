"""All transitions of a task in all orders, as Hypothesis finds and shortens them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from shared.domain.ids import sortable_id
from tests.proof.interleavings import ACTIONS, Action, Interleaving, Pick, Stage
from tests.support.deployment import BEGINNING
from tests.support.dynalite import dynalite
from tests.support.in_memory_table import in_memory_tables


@contextmanager
def in_memory_stage() -> Iterator[Stage]:
    """Open a stage on the in-memory table."""
    with in_memory_tables() as lent:
        yield Stage(lent)


@contextmanager
def dynalite_stage() -> Iterator[Stage]:
    """Open a stage on dynalite; only the messages go to memory."""
    with in_memory_tables("sqs") as lent, dynalite():
        yield Stage(lent)


class Machine(RuleBasedStateMachine):
    """An interleaving in which Hypothesis chooses each action."""

    stage: Stage
    interleaving: Interleaving | None = None

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """Make a task that the table hasn't had yet."""
        self.interleaving = Interleaving.begin(self.stage, sortable_id(BEGINNING, uuid4().bytes), picked_by(data))

    def teardown(self) -> None:
        """The task ends after every sequence of actions."""
        if self.interleaving and not self.stage.checked.violation:
            self.interleaving.close()


def picked_by(data: st.DataObject) -> Pick:
    """Return what lets Hypothesis pick."""
    return lambda options: data.draw(st.sampled_from(options))


def as_rule(action: Action) -> Callable[..., Any]:
    """Return the rule that runs an action."""

    def make(machine: Machine, data: st.DataObject) -> None:
        assert machine.interleaving
        action.make(machine.interleaving, picked_by(data))
        machine.interleaving.settle()

    make.__name__ = action.make.__name__
    return precondition(lambda machine: action.open(machine.interleaving))(rule(data=st.data())(make))


def explore(stage: Stage, interleavings: int, steps: int) -> None:
    """Let Hypothesis try a number of interleavings and shorten the first that fails."""
    # Hypothesis chooses a rule more often if it is there several times.
    rules = {f"{name}_{number}": as_rule(action) for name, action in ACTIONS.items() for number in range(action.weight)}
    machine: type[RuleBasedStateMachine] = type("Transitions", (Machine,), {"stage": stage, **rules})
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
