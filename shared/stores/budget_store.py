"""The cost of each day in DynamoDB: the tasks that were started and the time that workers spent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from zlib import crc32

from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.exceptions import PynamoDBException
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from shared.domain.timestamps import day_of
from shared.stores.dynamodb import (
    VersionedItem,
    bind_model,
    dynamodb_error,
    open_connection,
    read_item,
    update_once,
    update_versioned,
)
from shared.stores.forward_compatibility import refuse_newer

DAY = "DAY"
# The compute time of a day is the sum of several items: transactions on the same item at the same time fail.
COMPUTE_SHARDS = 16
KEPT = timedelta(days=90)  # to look up the cost of the last weeks


class DayItem(VersionedItem):
    """A part of the cost of one day. It is in the tasks table, which the workers can write.

    The item `DAY` counts the tasks, the others count the compute time.
    """

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=DAY)
    tasks = NumberAttribute(null=True)
    starting = UnicodeSetAttribute(null=True)  # the tokens of counted tasks whose start isn't confirmed yet
    compute_ms = NumberAttribute(null=True)
    expires_at = NumberAttribute(null=True)


@dataclass(frozen=True)
class DayCost:
    """The cost of a day so far: the runs of tasks that began on it, and the milliseconds that workers spent."""

    tasks: int = 0
    compute_ms: int = 0


class BudgetStore:
    """The counters of each day, by its date in UTC. A failed request raises ServiceBusy or ServiceRefused."""

    def __init__(self, table: str) -> None:
        """Bind to the tasks table of that name; this makes no request."""
        self._days = bind_model(DayItem, table)
        self._connection = open_connection()

    def read_cost(self, now: int) -> DayCost:
        """Return the cost so far of the day that contains that time; raise NewerVersion."""
        try:
            items = list(self._days.query(day_key(now), consistent_read=True))
        except PynamoDBException as error:
            raise dynamodb_error(error) from error
        for item in items:
            refuse_newer(f"the cost of {item.pk}", item.schema_version)
        return DayCost(sum(int(item.tasks or 0) for item in items), sum(int(item.compute_ms or 0) for item in items))

    def take_task(self, now: int, limit: int, token: str) -> bool:
        """Count one more task on that day; if the limit is reached, count nothing and return False. Raise NewerVersion.

        The token is unique to this call. The day keeps it until the start is confirmed or the task is returned. So a
        request that AWS's client repeats, because the response was lost, counts once.
        """
        below = self._days.tasks.does_not_exist() | (self._days.tasks < limit)
        changes = [self._days.tasks.add(1), self._days.starting.add({token})]
        if self._update(now, changes, below & ~self._days.starting.contains(token)):
            return True
        item = read_item(self._days, day_key(now), DAY)
        if item:
            refuse_newer(f"the cost of {item.pk}", item.schema_version)
        return bool(item and item.starting and token in item.starting)

    def confirm_task(self, now: int, token: str) -> None:
        """Forget the token of a task that was counted on that day and has started."""
        self._update(now, [self._days.starting.delete({token})])

    def return_task(self, now: int, token: str) -> None:
        """Subtract a task that was counted on that day and did not start."""
        changes = [self._days.tasks.add(-1), self._days.starting.delete({token})]
        self._update(now, changes, self._days.starting.contains(token))

    def add_compute(self, now: int, milliseconds: int, token: str) -> None:
        """Add time that a worker has spent; the same call again, with the same token, adds nothing."""
        shard = crc32(token.encode()) % COMPUTE_SHARDS
        item = self._days(day_key(now), f"COMPUTE#{shard:02}")
        update_once(self._connection, item, [self._days.compute_ms.add(milliseconds), self._expiry(now)], token)

    def _update(self, now: int, changes: Sequence[Action], condition: Condition | None = None) -> bool:
        return update_versioned(self._days(day_key(now)), [*changes, self._expiry(now)], condition)

    def _expiry(self, now: int) -> Action:
        return self._days.expires_at.set(int((day_of(now) + KEPT).timestamp()))


def day_key(now: int) -> str:
    """Return the key of the day's counters."""
    return f"BUDGET#{day_of(now):%Y-%m-%d}"
