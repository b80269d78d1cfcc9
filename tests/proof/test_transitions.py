"""Transitions in every order: the store accepts what it must, refuses what it must, and leaves no task behind."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.stores.dynamodb import read_item
from shared.stores.task_codec import TASK
from tests.proof.checked_store import TRANSITIONS
from tests.proof.exploration import dynalite_stage, explore, in_memory_stage
from tests.proof.interleavings import Stage, interleave
from tests.support.expressions import plain
from tests.support.profile import LONG
from tests.support.tallies import Tally

STEPS = 35
PARTS, ON_IN_MEMORY_TABLE = (10, 1000) if LONG else (1, 150)  # in parts, so that pytest-xdist can share them out
ON_DYNALITE = 300 if LONG else 15
COMPARED = 300 if LONG else 10

pytestmark = pytest.mark.timeout(1800 if LONG else 120)
one_dynalite = pytest.mark.xdist_group("transitions on dynalite")


@pytest.fixture(scope="module")
def on_dynalite() -> Iterator[Stage]:
    with dynalite_stage() as stage:
        yield stage


def tried(stage: Stage) -> tuple[int, int]:
    """Return how many transitions were accepted and refused on a stage so far."""
    transitions = stage.checked.transitions
    accepted = sum(times for (_, so), times in transitions.items() if so)
    return accepted, transitions.total() - accepted


def replay(stage: Stage, seed: int) -> tuple[list[tuple[str, bool]], Any]:
    """Return which transitions were accepted, and the item that they left, in a comparable form."""
    interleaving = interleave(stage, seed, STEPS)
    item = read_item(stage.tasks.items, interleaving.task.id, TASK)
    assert item
    return stage.checked.log, plain({"M": item.serialize()})


@pytest.mark.parametrize("part", range(PARTS))
def test_transitions_in_every_order_keep_the_rules_and_end(part: int, tally: Tally) -> None:
    with in_memory_stage() as stage:
        explore(stage, ON_IN_MEMORY_TABLE, STEPS)

        accepted, refused = tried(stage)
        tally("interleavings on the in-memory table", ON_IN_MEMORY_TABLE)
        tally("transitions on the in-memory table: accepted", accepted)
        tally("transitions on the in-memory table: refused", refused)
        assert {transition for transition, so in stage.checked.transitions if so} == set(TRANSITIONS), (
            f"part {part} never made some transition"
        )
        if LONG:  # some refusals are rare
            assert {transition for transition, so in stage.checked.transitions if not so} == set(TRANSITIONS), (
                f"part {part} never refused some"
            )


@one_dynalite
def test_transitions_on_dynalite_keep_the_rules(on_dynalite: Stage, tally: Tally) -> None:
    explore(on_dynalite, ON_DYNALITE, STEPS)

    tally("interleavings on dynalite", ON_DYNALITE)


@one_dynalite
def test_the_same_transitions_leave_the_same_item_in_memory_and_on_dynalite(on_dynalite: Stage, tally: Tally) -> None:
    with in_memory_stage() as in_memory:
        here = [replay(in_memory, seed) for seed in range(COMPARED)]

    for seed in range(COMPARED):
        tally("interleavings compared between the in-memory table and dynalite")
        assert replay(on_dynalite, seed) == here[seed]
