"""What DynamoDB charges for: requests, and the capacity units in its responses."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.handlers import BUILTIN_HANDLERS
from botocore.model import OperationModel

from tests.support.deployment import resources

MIN_READ_UNITS = 0.5  # AWS charges a query without results like one with few results; dynalite doesn't


@dataclass(frozen=True)
class Consumption:
    """The consumption of some requests."""

    requests: int = 0
    units: float = 0.0


class Meter:
    """Adds up the consumption of the clients that have its handlers."""

    def __init__(self) -> None:
        """Start at zero."""
        self._total = Consumption()

    def request_capacity(self, params: dict[str, Any], model: OperationModel, **_: object) -> dict[str, Any]:
        """Ask DynamoDB to return the consumed capacity."""
        members = model.input_shape.members if model.input_shape else {}
        return {**params, "ReturnConsumedCapacity": "INDEXES"} if "ReturnConsumedCapacity" in members else params

    def add_response(self, parsed: Mapping[str, Any], model: OperationModel, **_: object) -> None:
        """Add the consumption of a response."""
        consumed = parsed.get("ConsumedCapacity") or []
        units = sum(one["CapacityUnits"] for one in (consumed if isinstance(consumed, list) else [consumed]))
        if model.name == "Query":
            units = max(units, MIN_READ_UNITS)
        self._total = Consumption(self._total.requests + 1, self._total.units + units)

    def take(self) -> Consumption:
        """Return the total since the last call, and start again at zero."""
        total, self._total = self._total, Consumption()
        return total


@contextmanager
def meter_clients() -> Iterator[Meter]:
    """Yield a meter of every DynamoDB client that is created in this context, including PynamoDB's."""
    meter = Meter()
    handlers: Any = [
        ("provide-client-params.dynamodb", meter.request_capacity),
        ("after-call.dynamodb", meter.add_response),
    ]
    BUILTIN_HANDLERS.extend(handlers)
    try:
        yield meter
    finally:
        for handler in handlers:
            BUILTIN_HANDLERS.remove(handler)


def index_units(table: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> int:
    """Return the units that the indexes of a table consume when an item changes; an empty item doesn't exist.

    The rule is from AWS's guide on global secondary indexes, and dynalite leaves it out: one unit for a row that is
    added or removed, two for a row whose key changes, none for an unchanged row. Rows of only keys are under 1 KB.
    """
    units = 0
    for index in resources()[table]["Properties"]["GlobalSecondaryIndexes"]:
        names = [key["AttributeName"] for key in index["KeySchema"]]
        old, new = ([item[name] for name in names if name in item] for item in (before, after))
        if old != new:
            units += (len(old) == len(names)) + (len(new) == len(names))
    return units
