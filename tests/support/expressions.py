"""DynamoDB's expressions as trees, evaluated on items as they travel (`{"N": "1"}`)."""

import marshal
import operator
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Value = dict[str, Any]
Item = dict[str, Value]
Path = tuple[str, ...]

SETS = ("SS", "NS", "BS")
ORDERED = ("S", "N", "B")
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Invalid(Exception):
    """The request is invalid, independent of the table."""


def plain(value: Value) -> Any:  # noqa: ANN401 - what is in it decides
    """Return a value in a form that Python compares as DynamoDB does."""
    ((kind, content),) = value.items()
    plainly = PLAIN.get(kind)
    return plainly(content) if plainly else content


PLAIN: Mapping[str, Callable[[Any], Any]] = {
    "N": Decimal,
    "S": str.encode,
    "NS": lambda numbers: frozenset(map(Decimal, numbers)),
    "SS": frozenset,
    "BS": frozenset,
    "L": lambda values: [plain(each) for each in values],
    "M": lambda values: {name: plain(each) for name, each in values.items()},
}


def kind_of(value: Value) -> str:
    """Return the type of a value: `S`, `N`, `M` and so on."""
    return next(iter(value))


def found(item: Item, path: Path) -> Value | None:
    """Return the value at a path, or None."""
    value = item.get(path[0])
    for name in path[1:]:
        value = (value.get("M") or {}).get(name) if value else None
    return value


@dataclass(frozen=True)
class Case:
    """What an expression is evaluated on: an item, and the values of the request."""

    item: Item
    values: Item


class Operand:
    """What has a value."""

    @abstractmethod
    def value(self, case: Case) -> Value | None:
        """Return the value, None when there is none."""


@dataclass(frozen=True)
class At(Operand):
    """What stands at a path."""

    path: Path

    def value(self, case: Case) -> Value | None:
        return found(case.item, self.path)


@dataclass(frozen=True)
class Given(Operand):
    """What the request gives."""

    name: str

    def value(self, case: Case) -> Value | None:
        return case.values[self.name]


@dataclass(frozen=True)
class Size(Operand):
    """How long, or how many."""

    path: Path

    def value(self, case: Case) -> Value | None:
        value = found(case.item, self.path)
        if value is None or kind_of(value) in {"N", "BOOL", "NULL"}:
            return None
        return {"N": str(len(plain(value)))}


@dataclass(frozen=True)
class Default(Operand):
    """What stands at a path, or else another value."""

    path: Path
    other: Operand

    def value(self, case: Case) -> Value | None:
        value = found(case.item, self.path)
        return self.other.value(case) if value is None else value


@dataclass(frozen=True)
class Sum(Operand):
    """One number and another, or less another."""

    left: Operand
    right: Operand
    sign: int

    def value(self, case: Case) -> Value | None:
        left, right = needed(self.left, case), needed(self.right, case)
        if kind_of(left) != "N" or kind_of(right) != "N":
            raise Invalid("An operand in the update expression has an incorrect data type")
        return {"N": str(plain(left) + self.sign * plain(right))}


def needed(operand: Operand, case: Case) -> Value:
    """Return a value that must be there."""
    value = operand.value(case)
    if value is None:
        raise Invalid("The provided expression refers to an attribute that does not exist in the item")
    return value


class Condition:
    """A condition on an item."""

    @abstractmethod
    def holds(self, case: Case) -> bool:
        """Return whether it holds for the item."""


@dataclass(frozen=True)
class Comparison(Condition):
    """A comparison of two values; values of different types are neither equal nor ordered."""

    sign: str
    left: Operand
    right: Operand

    def holds(self, case: Case) -> bool:
        left, right = self.left.value(case), self.right.value(case)
        same = left is not None and right is not None and kind_of(left) == kind_of(right)
        if self.sign in {"=", "<>"}:
            equal = same and plain(left or {}) == plain(right or {})
            return equal is (self.sign == "=")
        if left is None or right is None or not same or kind_of(left) not in ORDERED:
            return False
        return COMPARISONS[self.sign](plain(left), plain(right))


@dataclass(frozen=True)
class Between(Condition):
    """A value from one to another, both included."""

    operand: Operand
    low: Operand
    high: Operand

    def holds(self, case: Case) -> bool:
        low, high = self.low.value(case), self.high.value(case)
        if low and high and (kind_of(low) != kind_of(high) or plain(low) > plain(high)):
            raise Invalid("The BETWEEN operator requires upper bound to be greater than or equal to lower bound")
        above = Comparison(">=", self.operand, self.low).holds(case)
        return above and Comparison("<=", self.operand, self.high).holds(case)


@dataclass(frozen=True)
class OneOf(Condition):
    """A value that is one of several."""

    operand: Operand
    choices: tuple[Operand, ...]

    def holds(self, case: Case) -> bool:
        return any(Comparison("=", self.operand, choice).holds(case) for choice in self.choices)


@dataclass(frozen=True)
class Exists(Condition):
    """Something stands at a path."""

    path: Path

    def holds(self, case: Case) -> bool:
        return found(case.item, self.path) is not None


@dataclass(frozen=True)
class BeginsWith(Condition):
    """A string that begins with another."""

    path: Path
    prefix: Operand

    def holds(self, case: Case) -> bool:
        value, prefix = found(case.item, self.path), self.prefix.value(case)
        if prefix is not None and kind_of(prefix) not in {"S", "B"}:
            raise Invalid("Incorrect operand type for operator or function; operator or function: begins_with")
        same = value is not None and prefix is not None and kind_of(value) == kind_of(prefix)
        return same and plain(value or {}).startswith(plain(prefix or {}))


@dataclass(frozen=True)
class Contains(Condition):
    """A string in a string, or a value in a set or list."""

    path: Path
    operand: Operand

    def holds(self, case: Case) -> bool:
        whole, part = found(case.item, self.path), self.operand.value(case)
        if whole is None or part is None:
            return False
        kind, other = kind_of(whole), kind_of(part)
        if kind == "L":
            return part in whole["L"]
        return (kind == other == "S" or kind == f"{other}S") and (
            plain(part) in plain(whole) if kind != "SS" else part["S"] in whole["SS"]
        )


@dataclass(frozen=True)
class Not(Condition):
    """The other way round."""

    inner: Condition

    def holds(self, case: Case) -> bool:
        return not self.inner.holds(case)


@dataclass(frozen=True)
class Both(Condition):
    """One and another."""

    left: Condition
    right: Condition

    def holds(self, case: Case) -> bool:
        return self.left.holds(case) and self.right.holds(case)


@dataclass(frozen=True)
class Either(Condition):
    """One or another."""

    left: Condition
    right: Condition

    def holds(self, case: Case) -> bool:
        return self.left.holds(case) or self.right.holds(case)


@dataclass(frozen=True)
class Action:
    """One change of an update; a REMOVE has no operand."""

    verb: str
    path: Path
    operand: Operand | None = None

    def apply(self, new: Item, case: Case) -> None:
        """Change the new item by what stands in the old one."""
        place = self._place(new)
        name, before = self.path[-1], found(case.item, self.path)
        given = needed(self.operand, case) if self.operand else {}
        after = given
        if self.verb == "REMOVE":
            place.pop(name, None)
            return
        if self.verb in {"ADD", "DELETE"}:
            allowed = SETS if self.verb == "DELETE" or kind_of(given) in SETS else ("N",)
            if kind_of(given) not in allowed or (before is not None and kind_of(before) != kind_of(given)):
                raise Invalid("An operand in the update expression has an incorrect data type")
            after = self._changed(before, given)
        if kind_of(after) in SETS and not after[kind_of(after)]:
            place.pop(name, None)  # an emptied set vanishes
        else:
            place[name] = after

    def _place(self, new: Item) -> Item:
        """Return the map that the path ends in; it must be there."""
        place = new
        for name in self.path[:-1]:
            place = (place.get(name) or {}).get("M")  # type: ignore[assignment]
            if place is None:
                raise Invalid("The document path provided in the update expression is invalid for update")
        return place

    def _changed(self, before: Value | None, given: Value) -> Value:
        kind = kind_of(given)
        if kind == "N":
            return {"N": str(plain(before or {"N": "0"}) + plain(given))}
        members = dict.fromkeys((before or {kind: []})[kind])
        if self.verb == "ADD":
            return {kind: [*members | dict.fromkeys(given[kind])]}
        gone = plain(given)
        return {kind: [each for each in members if not gone & plain({kind: [each]})]}


@dataclass(frozen=True)
class Update:
    """The changes that one request makes together."""

    actions: tuple[Action, ...]

    def __post_init__(self) -> None:
        """Refuse a path that lies inside another path."""
        for index, one in enumerate(self.actions):
            for other in self.actions[:index]:
                length = min(len(one.path), len(other.path))
                if one.path[:length] == other.path[:length]:
                    raise Invalid("Two document paths overlap with each other; must remove or rewrite one of these")

    def apply(self, new: Item, values: Item) -> None:
        """Change an item in place."""
        case = Case(copied(new), values)
        for action in self.actions:
            action.apply(new, case)


def packed(item: Item) -> bytes:
    """Return an item as bytes."""
    return marshal.dumps(item)


def copied(item: Item) -> Item:
    """Return an item that shares nothing with the first; some ten times as fast as copy.deepcopy."""
    copy: Item = marshal.loads(packed(item))  # noqa: S302 - of our own making
    return copy
