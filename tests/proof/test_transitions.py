"""Every move in every order: what must be accepted is, what must be refused is, and no task is left behind."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.stores.dynamodb import read
from shared.stores.task_codec import TASK
from tests.proof.checked_store import MOVES
from tests.proof.exploration import dynalite_stage, explore, twin_stage
from tests.proof.interleavings import Stage, interleave
from tests.support.expressions import plain
from tests.support.profile import LONG
from tests.support.tallies import Tally

STEPS = 35
PARTS, ON_TWIN = (10, 1000) if LONG else (1, 150)  # in parts, so that pytest-xdist can share them out
ON_DYNALITE = 300 if LONG else 15
COMPARED = 300 if LONG else 10

pytestmark = pytest.mark.timeout(1800 if LONG else 120)
one_dynalite = pytest.mark.xdist_group("moves on dynalite")


@pytest.fixture(scope="module")
def on_dynalite() -> Iterator[Stage]:
    with dynalite_stage() as stage:
        yield stage


def tried(stage: Stage) -> tuple[int, int]:
    """Return how many moves were accepted and refused on a stage so far."""
    moves = stage.checked.moves
    accepted = sum(times for (_, so), times in moves.items() if so)
    return accepted, moves.total() - accepted


def played(stage: Stage, seed: int) -> tuple[list[tuple[str, bool]], Any]:
    """Return which moves were accepted, and the item that they left, its numbers and sets comparable."""
    play = interleave(stage, seed, STEPS)
    item = read(stage.tasks.items, play.task.id, TASK)
    assert item
    return stage.checked.log, plain({"M": item.serialize()})


@pytest.mark.parametrize("part", range(PARTS))
def test_every_move_in_every_order_keeps_the_rules_and_ends(part: int, tally: Tally) -> None:
    with twin_stage() as stage:
        explore(stage, ON_TWIN, STEPS)

        accepted, refused = tried(stage)
        tally("interleavings on the twin", ON_TWIN)
        tally("moves on the twin: accepted", accepted)
        tally("moves on the twin: refused", refused)
        assert {move for move, so in stage.checked.moves if so} == set(MOVES), f"part {part} never made some move"
        if LONG:  # some refusals are rare
            assert {move for move, so in stage.checked.moves if not so} == set(MOVES), f"part {part} never refused some"


@one_dynalite
def test_dynalite_agrees_that_every_move_keeps_the_rules(on_dynalite: Stage, tally: Tally) -> None:
    explore(on_dynalite, ON_DYNALITE, STEPS)

    tally("interleavings on dynalite", ON_DYNALITE)


@one_dynalite
def test_the_same_moves_leave_the_same_item_on_the_twin_and_on_dynalite(on_dynalite: Stage, tally: Tally) -> None:
    with twin_stage() as on_twin:
        here = [played(on_twin, seed) for seed in range(COMPARED)]

    for seed in range(COMPARED):
        tally("interleavings compared between the twin and dynalite")
        assert played(on_dynalite, seed) == here[seed]
