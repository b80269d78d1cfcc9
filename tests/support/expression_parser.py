"""DynamoDB's expressions, from their text to trees."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

from tests.support.expressions import (
    Action,
    At,
    BeginsWith,
    Between,
    Both,
    Comparison,
    Condition,
    Contains,
    Default,
    Either,
    Exists,
    Given,
    Invalid,
    Not,
    OneOf,
    Operand,
    Path,
    Size,
    Sum,
    Update,
)

MAX_BYTES = 4096  # of one expression: DynamoDB quotas
TOKEN = re.compile(r"\s*(:\w+|#?\w+(?:\.#?\w+)*|<>|<=|>=|[=<>(),+-])")
VERBS = ("SET", "REMOVE", "ADD", "DELETE")
SIGNS = ("=", "<>", "<", "<=", ">", ">=")
Names = tuple[tuple[str, str], ...]

T = TypeVar("T")


@dataclass(frozen=True)
class Parsed:
    """A tree, and the placeholders that it was made of."""

    tree: Condition | Update
    placeholders: frozenset[str]


@lru_cache(maxsize=20_000)
def parse_condition(text: str, names: Names) -> Parsed:
    """Return the tree of a condition, `names` being the placeholders' meanings; raise Invalid."""
    parser = Parser.of(text, names)
    tree = parser.condition()
    parser.end()
    return Parsed(tree, frozenset(parser.placeholders))


@lru_cache(maxsize=20_000)
def parse_update(text: str, names: Names) -> Parsed:
    """Return the tree of an update; raise Invalid."""
    parser = Parser.of(text, names)
    tree = parser.update()
    parser.end()
    return Parsed(tree, frozenset(parser.placeholders))


@dataclass
class Parser:
    """What is still to be read, the next token last."""

    tokens: list[str]
    names: dict[str, str]
    placeholders: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, text: str, names: Names) -> "Parser":
        """Cut a text into tokens."""
        if len(text.encode()) > MAX_BYTES:
            raise Invalid(f"Expression size has exceeded the maximum allowed size; expression size: {len(text)}")
        tokens, place = [], 0
        while match := TOKEN.match(text, place):
            tokens.append(match[1])
            place = match.end()
        if text[place:].strip():
            raise NotImplementedError(f"the in-memory table can't read {text[place:]!r}")
        return cls(tokens[::-1], dict(names))

    def peek(self) -> str:
        """Return the next token; an empty one at the end."""
        return self.tokens[-1] if self.tokens else ""

    def take(self, *wanted: str) -> str:
        """Return the next token and pass on; it must be one of those wanted, if any are named."""
        token = self.peek()
        if not token or (wanted and token not in wanted):
            raise Invalid(f'Syntax error; token: "{token or "<EOF>"}"')
        return self.tokens.pop()

    def end(self) -> None:
        """Refuse what is left."""
        if self.tokens:
            self.take("<EOF>")

    def series(self, read: Callable[[], T]) -> list[T]:
        """Read one or more, with commas between."""
        found = [read()]
        while self.peek() == ",":
            self.take(",")
            found.append(read())
        return found

    def condition(self) -> Condition:
        """Read alternatives: AND binds closer than OR, NOT closer than AND."""
        tree = self.conjunction()
        while self.peek() == "OR":
            self.take("OR")
            tree = Either(tree, self.conjunction())
        return tree

    def conjunction(self) -> Condition:
        """Read what must hold together."""
        tree = self.term()
        while self.peek() == "AND":
            self.take("AND")
            tree = Both(tree, self.term())
        return tree

    def term(self) -> Condition:
        """Read one thing that holds or not."""
        if self.peek() == "NOT":
            self.take("NOT")
            return Not(self.term())
        if self.peek() == "(":
            self.take("(")
            tree = self.condition()
            self.take(")")
            return tree
        if self.peek() in {"attribute_exists", "attribute_not_exists", "begins_with", "contains"}:
            return self.function()
        left = self.operand()
        sign = self.take("IN", "BETWEEN", *SIGNS)
        if sign == "IN":
            self.take("(")
            choices = self.series(self.operand)
            self.take(")")
            return OneOf(left, tuple(choices))
        if sign == "BETWEEN":
            low = self.operand()
            self.take("AND")
            return Between(left, low, self.operand())
        return Comparison(sign, left, self.operand())

    def function(self) -> Condition:
        """Read a function that holds or not."""
        name = self.take()
        self.take("(")
        path = self.path()
        if name in {"begins_with", "contains"}:
            self.take(",")
            operand = self.operand()
            self.take(")")
            return (BeginsWith if name == "begins_with" else Contains)(path, operand)
        self.take(")")
        return Exists(path) if name == "attribute_exists" else Not(Exists(path))

    def operand(self) -> Operand:
        """Read what has a value."""
        token = self.peek()
        if token.startswith(":"):
            self.placeholders.add(token)
            return Given(self.take())
        if token not in {"size", "if_not_exists"}:
            return At(self.path())
        self.take()
        self.take("(")
        path = self.path()
        operand: Operand = Size(path)
        if token == "if_not_exists":  # noqa: S105 - no secret
            self.take(",")
            operand = Default(path, self.operand())
        self.take(")")
        return operand

    def path(self) -> Path:
        """Read a path, its placeholders replaced."""
        token = self.take()
        if not token[0].isalpha() and token[0] not in "#_":
            raise Invalid(f'Syntax error; token: "{token}"')
        return tuple(self.name(part) for part in token.split("."))

    def name(self, part: str) -> str:
        """Return what one part of a path means."""
        if not part.startswith("#"):
            return part
        self.placeholders.add(part)
        if part not in self.names:
            raise Invalid(f"An expression attribute name used in the document path is not defined; name: {part}")
        return self.names[part]

    def update(self) -> Update:
        """Read the clauses of an update, each verb at most once."""
        actions: list[Action] = []
        verbs: list[str] = []
        while self.tokens:
            verb = self.take(*(each for each in VERBS if each not in verbs))
            verbs.append(verb)
            actions += self.series(lambda verb=verb: self.action(verb))  # type: ignore[misc]
        self.refuse_nothing(actions)
        return Update(tuple(actions))

    def refuse_nothing(self, actions: Sequence[Action]) -> None:
        """Refuse an update that changes nothing."""
        if not actions:
            self.take()

    def action(self, verb: str) -> Action:
        """Read one change."""
        path = self.path()
        if verb == "REMOVE":
            return Action(verb, path)
        if verb != "SET":
            return Action(verb, path, self.operand())
        self.take("=")
        operand = self.operand()
        if self.peek() in {"+", "-"}:
            sign = 1 if self.take() == "+" else -1
            operand = Sum(operand, self.operand(), sign)
        return Action(verb, path, operand)
