"""A partition of DynamoDB takes 1,000 write units a second, and each costs money: one task needs few of them."""

import pytest

from benchmarks import beat_cost
from shared.stores.task_codec import MAX_PLAN_BYTES

pytestmark = pytest.mark.xdist_group("races")  # they share a server


def test_fifty_running_subtasks_with_the_largest_plan_write_at_most_sixty_units_a_second() -> None:
    found = beat_cost.measure()

    assert MAX_PLAN_BYTES * 0.95 < found.plan_bytes <= MAX_PLAN_BYTES
    assert 0 < found.a_second < found.a_second_with_budget <= 60
