"""The plans of tasks in DynamoDB, each in a separate item.

DynamoDB bills a write by the size of the whole item. A plan may take 160 KB and never changes. So the item of a task,
which changes often, contains only its state and the key of its plan.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from threading import Lock

from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import PynamoDBException

from shared.domain.subtask import Subtask
from shared.errors import NewerVersion
from shared.stores.dynamodb import VersionedItem, bind_model, dynamodb_error, read_item, save_item
from shared.stores.forward_compatibility import refuse_newer
from shared.stores.task_codec import CompressedJSONAttribute, Plan, plan_json

PLANS_KEPT = 32  # in the memory of a process

PlanKey = tuple[str, str]  # the ID of a task and the sort key of its plan


class PlanItem(VersionedItem):
    """The plan of a task. Its sort key contains a hash of the plan, so different plans have different keys."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    subtasks = CompressedJSONAttribute()


class PlanStore:
    """The plans in the tasks table. A failed request raises ServiceBusy or ServiceRefused.

    A stored plan never changes. So a process keeps the plans that it used last, and reads them only once.
    """

    def __init__(self, table: str) -> None:
        """Bind to the table of that name; this makes no request."""
        self._items = bind_model(PlanItem, table)
        self._kept: OrderedDict[PlanKey, Plan] = OrderedDict()
        self._lock = Lock()

    def put(self, task_id: str, subtasks: Iterable[Subtask]) -> str:
        """Store the plan of a task, before the task that refers to it; return its sort key."""
        plan = [plan_json(subtask) for subtask in subtasks]
        digest = hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()
        key = f"PLAN#{digest[:32]}"
        # If it is there, it stays: a newer version may have stored more with it.
        save_item(self._items(task_id, key, subtasks=plan), self._items.pk.does_not_exist())
        self._keep((task_id, key), plan)
        return key

    def get(self, key: PlanKey) -> Plan | None:
        """Return a plan; None if there is none. Raise NewerVersion."""
        with self._lock:
            plan = self._kept.get(key)
        if plan is None and (item := read_item(self._items, *key)):
            plan = plan_from(item)
            self._keep(key, plan)
        return plan

    def get_many(self, keys: Sequence[PlanKey]) -> dict[PlanKey, Plan]:
        """Return several plans by their keys, without those that are absent or that this version can't read."""
        with self._lock:
            plans = {key: self._kept[key] for key in keys if key in self._kept}
        missing = [key for key in keys if key not in plans]
        try:
            for item in self._items.batch_get(missing) if missing else ():
                with suppress(NewerVersion):
                    plans[item.pk, item.sk] = plan_from(item)
        except PynamoDBException as error:
            raise dynamodb_error(error) from error
        return plans

    def _keep(self, key: PlanKey, plan: Plan) -> None:
        with self._lock:
            self._kept[key] = plan
            if len(self._kept) > PLANS_KEPT:
                self._kept.popitem(last=False)


def plan_from(item: PlanItem) -> Plan:
    """Return the plan in an item; raise NewerVersion if its schema version is too high."""
    refuse_newer(f"the plan of task {item.pk}", item.schema_version)
    plan: Plan = item.subtasks
    return plan
