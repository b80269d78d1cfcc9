"""Two versions of the code accept, run, sweep and are rolled back: nothing is lost, and no attempt is used up."""

from collections import deque

import pytest

from shared.domain.subtask import Lease, SubtaskRef
from shared.worker.results import Admitted
from tests.proof import versions
from tests.proof.model import Violation
from tests.proof.points import named
from tests.proof.uploads import Stage
from tests.proof.versions import play, two_versions
from tests.support.in_memory_table import in_memory_tables
from tests.support.profile import LONG
from tests.support.tallies import Tally

PLAYS = 1200 if LONG else 10

pytestmark = pytest.mark.timeout(3600 if LONG else 120)


def claim_unread(stage: Stage, ref: SubtaskRef) -> Admitted | None:
    """Claim the subtask of a message without a look at its task."""
    now = stage.now()
    task = stage.tasks.claim(ref, now, now + 120_000, 3)
    if task is None:
        return None
    return Admitted(task, Lease(ref.task_id, ref.run, ref.no, ref.tenant, attempt=task.subtasks[ref.no - 1].attempt))


def test_a_claim_without_a_look_at_the_task_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "admit", claim_unread)
    with in_memory_tables() as lent:
        stage = Stage(lent)
        with two_versions(stage) as wire, pytest.raises(Violation, match="can't be read, and was changed"):
            deque((play(stage, wire, seed) for seed in range(10)), maxlen=0)


def test_two_versions_at_once_lose_nothing_and_use_up_no_attempt(tally: Tally) -> None:
    with in_memory_tables() as lent:
        stage = Stage(lent)
        stage.settings = stage.settings.model_copy(update={"daily_tasks": 1000, "daily_compute_seconds": 10**6})
        with two_versions(stage) as wire:
            for seed in range(PLAYS):
                with named(f"play {seed}"):
                    done = play(stage, wire, seed)
                tally("plays of two versions at once")
                tally("attempts in plays of two versions at once", done.attempts.total())
