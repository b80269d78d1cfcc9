"""What each day has cost so far, in DynamoDB: the tasks that were started and the time that workers spent."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from shared.stores.dynamodb import REFUSED, bound, busy, read

DAY = "DAY"
KEPT = timedelta(days=90)  # for whoever wants to know what the last weeks cost


class DayItem(Model):
    """What one day has cost; it lies among the tasks, whose workers write it."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=DAY)
    tasks = NumberAttribute(null=True)
    compute_ms = NumberAttribute(null=True)
    expires_at = NumberAttribute(null=True)


@dataclass(frozen=True)
class Spent:
    """What a day has cost so far: runs of tasks that began on it, and milliseconds that workers spent."""

    tasks: int = 0
    compute_ms: int = 0


class BudgetStore:
    """The counters of each day, by its date in UTC; trouble with AWS raises ServiceBusy."""

    def __init__(self, table: str) -> None:
        """Bind to the tasks table of that name; no request is made yet."""
        self._days = bound(DayItem, table)

    def spent(self, now: int) -> Spent:
        """Return what the day of that moment has cost so far."""
        item = read(self._days, key_of(now), DAY)
        return Spent(int(item.tasks or 0), int(item.compute_ms or 0)) if item else Spent()

    def take_task(self, now: int, limit: int) -> bool:
        """Count one more task that day; False, and nothing is counted, when there have been as many as may be."""
        below = self._days.tasks.does_not_exist() | (self._days.tasks < limit)
        return self._add(now, self._days.tasks.add(1), below)

    def return_task(self, now: int) -> None:
        """Take back a task that was counted that day and did not start."""
        self._add(now, self._days.tasks.add(-1))

    def add_compute(self, now: int, milliseconds: int) -> None:
        """Count time that a worker has spent."""
        self._add(now, self._days.compute_ms.add(milliseconds))

    def _add(self, now: int, counted: Action, condition: Condition | None = None) -> bool:
        expires_at = int((day_of(now) + KEPT).timestamp())
        try:
            self._days(key_of(now)).update(
                actions=[counted, self._days.expires_at.set(expires_at)], condition=condition
            )
        except UpdateError as error:
            if error.cause_response_code == REFUSED:
                return False
            raise busy(error) from error
        return True


def day_of(now: int) -> datetime:
    """Return the beginning of the day, in UTC, that a moment in epoch milliseconds belongs to."""
    return datetime.fromtimestamp(now / 1000, UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def day_after(now: int) -> int:
    """Return when the next day begins, in epoch milliseconds."""
    return int((day_of(now) + timedelta(days=1)).timestamp() * 1000)


def key_of(now: int) -> str:
    """Return the key of the day's counters."""
    return f"BUDGET#{day_of(now):%Y-%m-%d}"
