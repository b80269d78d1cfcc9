"""The rule of a subtask: a small closed language that asks about what its predecessors found. Pure.

    moderate.suggestion == 'PASS' and (inspect.score >= 80 or not inspect.hasAudio)

A rule compares fields of results with texts, numbers, `true`, `false` or `null`; `and`, `or`, `not` and parentheses
join comparisons; a field alone asks whether it is true. What a result doesn't say is `null`, which equals `null` only
and is neither above nor below anything. Nothing else can be said, and nothing is evaluated but this.
"""

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
ORDERS = frozenset({"<", "<=", ">", ">="})
CONSTANTS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None}
MAX_DEPTH = 20
TOKEN = re.compile(
    r"""\s*(?:
      (?P<field>[a-z0-9][a-z0-9-]*\.[A-Za-z][A-Za-z0-9]*)
    | (?P<number>-?\d+(?:\.\d+)?)
    | (?P<text>'[^'\\]*'|"[^"\\]*")
    | (?P<word>[a-z]+)
    | (?P<sign>==|!=|<=|>=|<|>|\(|\))
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Field:
    """What a subtask found, by name."""

    subtask: str
    name: str


@dataclass(frozen=True)
class Comparison:
    """A field against a value."""

    field: Field
    sign: str
    value: str | float | bool | None


@dataclass(frozen=True)
class Not:
    """The contrary of a rule."""

    rule: "Rule"


@dataclass(frozen=True)
class Joined:
    """Rules that must all be met (`and`), or one of which must be (`or`)."""

    word: str
    rules: "tuple[Rule, ...]"


Rule = Comparison | Not | Joined


def checked_rule(text: str) -> str:
    """Return a rule as it was written; raise ValueError when it says what can't be said."""
    parsed(text)
    return text


@lru_cache(maxsize=256)
def parsed(text: str) -> Rule:
    """Return the rule that a text says; raise ValueError that tells where it can't be read."""
    return _Parser(text).whole()


def met(rule: Rule, results: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a rule is met by what each subtask found."""
    match rule:
        case Comparison(field, sign, value):
            return compared(results.get(field.subtask, {}).get(field.name), sign, value)
        case Not(inner):
            return not met(inner, results)
        case Joined("and", rules):
            return all(met(each, results) for each in rules)
        case Joined(_, rules):
            return any(met(each, results) for each in rules)


def compared(found: Any, sign: str, value: str | float | bool | None) -> bool:  # noqa: ANN401, FBT001 - any JSON
    """Compare a finding with a value: those of different kinds are not equal, and in no order."""
    alike = kind(found) is kind(value)
    if sign in ORDERS:
        return alike and found is not None and OPERATORS[sign](found, value)
    return alike and found == value if sign == "==" else not (alike and found == value)


def kind(value: Any) -> type:  # noqa: ANN401 - any JSON
    """Return the kind of a JSON value: numbers are of one, and true is none of them."""
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)


def fields_in(rule: Rule) -> Iterator[Field]:
    """Yield each field that a rule asks about, in its order."""
    match rule:
        case Comparison(field):
            yield field
        case Not(inner):
            yield from fields_in(inner)
        case Joined(_, rules):
            for each in rules:
                yield from fields_in(each)


def names_in(rule: Rule) -> tuple[str, ...]:
    """Return the subtasks that a rule asks about."""
    return tuple(dict.fromkeys(field.subtask for field in fields_in(rule)))


class _Parser:
    """Reads a rule from left to right: `or` binds least, `not` most."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def whole(self) -> Rule:
        rule = self._joined("or")
        if self._text[self._at :].strip():
            raise self._wrong("and, or, or the end")
        return rule

    def _joined(self, word: str) -> Rule:
        part = self._joined_by_and if word == "or" else self._single
        rules = [part()]
        while self._take("word", word):
            rules.append(part())
        return rules[0] if len(rules) == 1 else Joined(word, tuple(rules))

    def _joined_by_and(self) -> Rule:
        return self._joined("and")

    def _single(self) -> Rule:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            message = f"the rule nests deeper than {MAX_DEPTH}"
            raise ValueError(message)
        try:
            if self._take("word", "not"):
                return Not(self._single())
            if self._take("sign", "("):
                rule = self._joined("or")
                if not self._take("sign", ")"):
                    raise self._wrong("a closing parenthesis")
                return rule
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Rule:
        found = self._take("field")
        if not found:
            raise self._wrong("a subtask's finding, as moderate.suggestion")
        subtask, _, name = found.partition(".")
        field = Field(subtask, name)
        sign = next((sign for sign in OPERATORS if self._take("sign", sign)), None)
        return Comparison(field, sign, self._value()) if sign else Comparison(field, "==", value=True)

    def _value(self) -> str | float | bool | None:
        if number := self._take("number"):
            return float(number)
        if text := self._take("text"):
            return text[1:-1]
        for word, constant in CONSTANTS.items():
            if self._take("word", word):
                return constant
        raise self._wrong("a value: a number, 'a text', true, false or null")

    def _take(self, group: str, wanted: str | None = None) -> str | None:
        """Return the next token and go past it, if it is of that group and is the one wanted."""
        token = TOKEN.match(self._text, self._at)
        if token is None or token[group] is None or wanted not in {None, token[group]}:
            return None
        self._at = token.end()
        return token[group]

    def _wrong(self, wanted: str) -> ValueError:
        rest = self._text[self._at :].strip()
        where = f"at {rest[:20]!r}" if rest else "at its end"
        return ValueError(f"the rule can't be read {where}: {wanted} is wanted there")
