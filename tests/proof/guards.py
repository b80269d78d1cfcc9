"""The guards of every move, found in the conditions that it sends: what must hold together, each taken out in turn."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.proof.checked_store import CheckedStore
from tests.support.expressions import (
    At,
    BeginsWith,
    Both,
    Case,
    Comparison,
    Condition,
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
    """One of the things that must hold for a move. In its text, `?` stands for a number, `*` for a subtask's."""

    move: str
    text: str


@dataclass(frozen=True)
class Always(Condition):
    """What is left when nothing is asked any more."""

    def holds(self, case: Case) -> bool:  # noqa: ARG002 - as every condition is asked
        return True


@dataclass
class Guards:
    """The judge of the twin's conditions: it learns which guards there are, or leaves one out."""

    store: CheckedStore
    seed: int = 0
    dropped: Guard | None = None
    # By guard: the seeds in which it alone stood in a move's way. Without it, only those can go otherwise.
    alone: dict[Guard, list[int]] = field(default_factory=dict)

    def judge(self, condition: Condition, case: Case) -> bool:
        """Whether a move is allowed."""
        move = self.store.move
        if self.dropped:
            left = without(condition, self.dropped.text, case) if self.dropped.move == move else condition
            return left.holds(case)
        allowed = condition.holds(case)
        for text in texts(condition, case):
            seeds = self.alone.setdefault(Guard(move, text), [])
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
    """Return a condition as one would write it down, whatever the numbers are."""
    match condition:
        case Both(left, right):
            return f"({text_of(left, case)} and {text_of(right, case)})"
        case Either(left, right):
            return f"({text_of(left, case)} or {text_of(right, case)})"
        case Not(inner):
            return f"not {text_of(inner, case)}"
        case BeginsWith(path, prefix):
            return f"{path_text(path)} begins with {operand_text(prefix, case)}"
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
            return value["S"] if kind_of(value) == "S" else "?"
    raise NotImplementedError(f"no words for {operand}")


def path_text(path: Path) -> str:
    """Return a path as one would write it down."""
    return ".".join("*" if name.isdigit() else name for name in path)
