"""The guards of every transition: the parts of the conditions that it sends, each removed in turn."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from tests.support.expressions import (
    At,
    BeginsWith,
    Both,
    Case,
    Comparison,
    Condition,
    Contains,
    Either,
    Exists,
    Given,
    Not,
    OneOf,
    Operand,
    Path,
    Size,
    kind_of,
)


class Guard(NamedTuple):
    """One part of a transition's condition. In its text, `?` stands for any value but a state, `*` for a subtask."""

    transition: str
    text: str


@dataclass(frozen=True)
class Always(Condition):
    """The empty condition, which always holds."""

    def holds(self, case: Case) -> bool:  # noqa: ARG002 - as every condition is asked
        return True


class Transitions(Protocol):
    """Says which transition is being made."""

    transition: str


@dataclass
class Guards:
    """Evaluates the conditions of the in-memory table: it collects the guards, or leaves one out."""

    store: Transitions
    seed: int = 0
    dropped: Guard | None = None
    # By guard: the seeds in which this guard alone refused a transition. Only these can change without it.
    alone: dict[Guard, list[int]] = field(default_factory=dict)

    def judge(self, condition: Condition, case: Case) -> bool:
        """Return whether a transition is allowed."""
        transition = self.store.transition
        if self.dropped:
            left = without(condition, self.dropped.text, case) if self.dropped.transition == transition else condition
            return left.holds(case)
        allowed = condition.holds(case)
        for text in texts(condition, case):
            seeds = self.alone.setdefault(Guard(transition, text), [])
            if not allowed and self.seed not in seeds[-1:] and without(condition, text, case).holds(case):
                seeds.append(self.seed)
        return allowed


def together(condition: Condition) -> Iterator[Condition]:
    """Yield what must hold together."""
    if isinstance(condition, Both):
        yield from together(condition.left)
        yield from together(condition.right)
    else:
        yield condition


def texts(condition: Condition, case: Case) -> Iterator[str]:
    """Yield the guards in a condition: each part of what must hold together, also within an alternative."""
    for part in together(condition):
        yield text_of(part, case)
        if isinstance(part, Either):
            for side in (part.left, part.right):
                if isinstance(side, Both | Either):
                    yield from texts(side, case)


def without(condition: Condition, text: str, case: Case) -> Condition:
    """Return the condition without that guard."""
    left: Condition = Always()
    for part in together(condition):
        if text_of(part, case) != text:
            kept = part
            if isinstance(part, Either):
                sides = [
                    without(side, text, case) if isinstance(side, Both | Either) else side
                    for side in (part.left, part.right)
                ]
                kept = Either(*sides)
            left = Both(left, kept)
    return left


def text_of(condition: Condition, case: Case) -> str:  # noqa: PLR0911 - one for each kind
    """Return a condition as text that does not depend on the numbers of subtasks and attempts."""
    match condition:
        case Both(left, right):
            return f"({text_of(left, case)} and {text_of(right, case)})"
        case Either(left, right):
            return f"({text_of(left, case)} or {text_of(right, case)})"
        case Not(inner):
            return f"not {text_of(inner, case)}"
        case BeginsWith(path, prefix):
            return f"{path_text(path)} begins with {operand_text(prefix, case)}"
        case Contains(path, operand):
            return f"{path_text(path)} contains {operand_text(operand, case)}"
        case Exists(path):
            return f"{path_text(path)} exists"
        case Comparison(sign, left, right):
            return f"{operand_text(left, case)} {sign} {operand_text(right, case)}"
        case OneOf(operand, choices):
            several = ", ".join(sorted(operand_text(choice, case) for choice in choices))
            return f"{operand_text(operand, case)} in ({several})"
    raise NotImplementedError(f"no words for {condition}")


def operand_text(operand: Operand, case: Case) -> str:
    """Return an operand as one would write it down."""
    match operand:
        case At(path):
            return path_text(path)
        case Size(path):
            return f"size({path_text(path)})"
        case Given(name):
            value = case.values[name]
            return value["S"] if kind_of(value) == "S" and value["S"].isupper() else "?"
    raise NotImplementedError(f"no words for {operand}")


def path_text(path: Path) -> str:
    """Return a path as one would write it down."""
    return ".".join("*" if name.isdigit() else name for name in path)
