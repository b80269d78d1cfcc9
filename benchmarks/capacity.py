"""What DynamoDB charges for: requests, and the capacity units that its answers tell."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.handlers import BUILTIN_HANDLERS
from botocore.model import OperationModel

from tests.support.deployment import resources

LEAST_READ = 0.5  # AWS charges a query that finds nothing as one that finds a little; dynalite doesn't


@dataclass(frozen=True)
class Spent:
    """What something took."""

    requests: int = 0
    units: float = 0.0


class Meter:
    """Adds up what the calls of the clients take that have its handlers."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._spent = Spent()

    def ask(self, params: dict[str, Any], model: OperationModel, **_: object) -> dict[str, Any]:
        """Have an answer tell its capacity."""
        takes = model.input_shape.members if model.input_shape else {}
        return {**params, "ReturnConsumedCapacity": "INDEXES"} if "ReturnConsumedCapacity" in takes else params

    def note(self, parsed: Mapping[str, Any], model: OperationModel, **_: object) -> None:
        """Take an answer to the account."""
        told = parsed.get("ConsumedCapacity") or []
        units = sum(one["CapacityUnits"] for one in (told if isinstance(told, list) else [told]))
        if model.name == "Query":
            units = max(units, LEAST_READ)
        self._spent = Spent(self._spent.requests + 1, self._spent.units + units)

    def taken(self) -> Spent:
        """Return what was added up since the last time, and begin anew."""
        spent, self._spent = self._spent, Spent()
        return spent


@contextmanager
def metered() -> Iterator[Meter]:
    """Lend a meter of every DynamoDB client that is made meanwhile, PynamoDB's own too."""
    meter = Meter()
    handlers: Any = [("provide-client-params.dynamodb", meter.ask), ("after-call.dynamodb", meter.note)]
    BUILTIN_HANDLERS.extend(handlers)
    try:
        yield meter
    finally:
        for handler in handlers:
            BUILTIN_HANDLERS.remove(handler)


def index_units(table: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> int:
    """Return what the indexes of a table take when an item of it changes; an empty one isn't there.

    By the rule of AWS's guide on global secondary indexes, which dynalite leaves out: a unit for a row that comes or
    goes, two for one that moves, none for one that stays. Rows with keys alone are always under 1 KB.
    """
    units = 0
    for index in resources()[table]["Properties"]["GlobalSecondaryIndexes"]:
        names = [key["AttributeName"] for key in index["KeySchema"]]
        old, new = ([item[name] for name in names if name in item] for item in (before, after))
        if old != new:
            units += (len(old) == len(names)) + (len(new) == len(names))
    return units
