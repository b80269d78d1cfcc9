"""Every guard of every transition is needed: without it, some interleaving breaks a rule."""

from dataclasses import dataclass
from itertools import count

import pytest

from shared.errors import ReelmillError
from tests.proof.exploration import in_memory_stage
from tests.proof.guards import Guard, Guards
from tests.proof.interleavings import Stage, interleave
from tests.proof.store_guards import STORES, Drive
from tests.proof.uploads import Stage as PlainStage
from tests.support.deployment import BEGINNING
from tests.support.in_memory_table import in_memory_tables
from tests.support.profile import LONG
from tests.support.tallies import Tally

STEPS = 60
AT_LEAST = 3000 if LONG else 100  # interleavings, in which every guard shows itself
AT_MOST = 6000 if LONG else 800  # interleavings, to see what it is there for

pytestmark = pytest.mark.timeout(1800 if LONG else 300)


@dataclass
class Named:
    """The only transition of a store, by the store's name."""

    transition: str


def goes_wrong(stage: Stage, seed: int) -> bool:
    """Return whether an interleaving that kept the rules now breaks them."""
    try:
        interleave(stage, seed, STEPS)
    except (AssertionError, ReelmillError):
        return True
    return False


def test_every_guard_that_is_removed_is_missed(tally: Tally) -> None:
    with in_memory_stage() as stage:
        guards = Guards(stage.checked)
        stage.in_memory_tables.judge = guards.judge
        missed: set[Guard] = set()

        for seed in count():
            guards.seed = seed
            interleave(stage, seed, STEPS)
            for guard, seeds in guards.alone.items():
                if guard not in missed and seed in seeds:
                    tally("interleavings repeated without a guard")
                    guards.dropped = guard
                    if goes_wrong(stage, seed):
                        missed.add(guard)
            guards.dropped = None
            survivors = guards.alone.keys() - missed
            if seed >= (AT_MOST if survivors else AT_LEAST):
                break

        tally("interleavings on the in-memory table", seed + 1)
        tally("guards removed in turn", len(guards.alone))
        assert not survivors, "no test fails without " + ", ".join(
            f"{guard.text!r} of {guard.transition} (it stood alone {len(guards.alone[guard])} times)"
            for guard in sorted(survivors)
        )


@pytest.mark.parametrize("drive", STORES, ids=lambda drive: str(drive.__name__))
def test_every_guard_of_the_other_stores_is_missed(tally: Tally, drive: Drive) -> None:
    with in_memory_tables() as lent:
        stage = PlainStage(lent)
        guards = Guards(Named(drive.__name__))

        def holds() -> bool:
            lent.clear()
            stage.time = BEGINNING
            try:
                drive(stage)
            except (AssertionError, ReelmillError, pytest.fail.Exception):
                return False
            return True

        lent.judge = guards.judge
        drive(stage)
        survivors = []
        for guard in tuple(guards.alone):
            tally("guards removed in turn")
            guards.dropped = guard
            if holds():
                survivors.append(guard.text)

    assert guards.alone
    assert not survivors
