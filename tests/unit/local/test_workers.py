"""The queues whose subtasks may run on this machine while others wait."""

from itertools import product

import pytest

from infra.local.workers import SUBTASKS_AT_ONCE, room_for

URGENT, STANDARD, BACKGROUND = RANKS = range(3)
NO_QUEUE = (False, False, False)
ALL_QUEUES = (True, True, True)


@pytest.mark.parametrize(
    ("rank", "running", "waits", "may_run"),
    [
        (STANDARD, (0, 0, 0), NO_QUEUE, 2),  # one place is reserved for urgent subtasks
        (URGENT, (0, 2, 0), NO_QUEUE, 1),
        (URGENT, (0, 0, 0), NO_QUEUE, 3),
        (STANDARD, (1, 0, 0), NO_QUEUE, 2),
        (STANDARD, (2, 0, 0), NO_QUEUE, 1),
        (BACKGROUND, (0, 0, 0), NO_QUEUE, 1),
        (BACKGROUND, (0, 2, 0), NO_QUEUE, 0),
        (STANDARD, (0, 1, 0), ALL_QUEUES, 1),  # one for each queue that has work
        (STANDARD, (0, 1, 1), NO_QUEUE, 1),
        (URGENT, (1, 0, 0), ALL_QUEUES, 1),
        (URGENT, (0, 2, 0), ALL_QUEUES, 1),  # but the more urgent queue comes first
        (BACKGROUND, (2, 0, 0), ALL_QUEUES, 0),
    ],
)
def test_places_are_reserved_for_more_urgent_queues_and_for_each_that_waits(
    rank: int, running: tuple[int, int, int], waits: tuple[bool, bool, bool], may_run: int
) -> None:
    assert room_for(rank, running, waits) == may_run


def test_any_order_of_work_respects_the_limit_and_leaves_a_place_for_an_urgent_subtask() -> None:
    """Visit every reachable state, one start or end at a time."""
    seen: set[tuple[int, ...]] = set()
    unseen: list[tuple[int, ...]] = [(0, 0, 0)]
    while unseen:
        running = unseen.pop()
        if running in seen:
            continue
        seen.add(running)
        assert sum(running) <= SUBTASKS_AT_ONCE
        assert running[URGENT] or room_for(URGENT, running, ALL_QUEUES) >= 1
        for rank, waits in product(RANKS, product((False, True), repeat=3)):
            if running[rank] < room_for(rank, running, waits):
                unseen.append(moved(running, rank, 1))
            if running[rank]:
                unseen.append(moved(running, rank, -1))

    assert (1, 1, 1) in seen
    assert max(background for _, _, background in seen) == 1


def test_each_rank_gets_its_turn_though_all_have_a_backlog() -> None:
    for rank in RANKS:
        others_full = [1, 1, 1]
        others_full[rank] = 0
        assert room_for(rank, others_full, ALL_QUEUES) == 1


def moved(running: tuple[int, ...], rank: int, by: int) -> tuple[int, ...]:
    return tuple(number + by * (other == rank) for other, number in enumerate(running))
