"""The condition of a subtask: a small closed language about the results of its predecessors. Pure.

    moderate.suggestion == 'PASS' and (inspect.score >= 80 or not inspect.hasAudio)

A condition compares fields of results with texts, numbers, `true`, `false` or `null`. `and`, `or`, `not` and
parentheses combine comparisons. A field alone asks whether it is true. A field that the result doesn't have is `null`,
which equals only `null` and is neither above nor below anything. The language has nothing else, and nothing is
evaluated as code.
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
    | (?P<symbol>==|!=|<=|>=|<|>|\(|\))
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class ResultField:
    """A field of a subtask's result."""

    subtask: str
    name: str


@dataclass(frozen=True)
class Comparison:
    """A comparison of a field with a value."""

    field: ResultField
    operator: str
    value: str | float | bool | None


@dataclass(frozen=True)
class Not:
    """The negation of a condition."""

    condition: "Condition"


@dataclass(frozen=True)
class Combination:
    """Conditions that must all be met (`and`), or one of them (`or`)."""

    word: str
    conditions: "tuple[Condition, ...]"


Condition = Comparison | Not | Combination


def check_condition(text: str) -> str:
    """Return the text of a condition unchanged; raise ValueError if it isn't valid."""
    parse_condition(text)
    return text


@lru_cache(maxsize=256)
def parse_condition(text: str) -> Condition:
    """Return the condition that a text means; raise ValueError, with the position, if it isn't valid."""
    return _Parser(text).parse()


def is_met(condition: Condition, results: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the results of the subtasks, by their names, meet a condition."""
    match condition:
        case Comparison(field, symbol, value):
            return _compare(results.get(field.subtask, {}).get(field.name), symbol, value)
        case Not(inner):
            return not is_met(inner, results)
        case Combination("and", conditions):
            return all(is_met(each, results) for each in conditions)
        case Combination(_, conditions):
            return any(is_met(each, results) for each in conditions)


def _compare(found: Any, symbol: str, value: str | float | bool | None) -> bool:  # noqa: ANN401, FBT001 - any JSON
    """Compare a result's value with another: values of different types are never equal and have no order."""
    comparable = _json_type(found) is _json_type(value)
    if symbol in ORDERS:
        return comparable and found is not None and OPERATORS[symbol](found, value)
    return comparable and found == value if symbol == "==" else not (comparable and found == value)


def _json_type(value: Any) -> type:  # noqa: ANN401 - any JSON
    """Return the type of a JSON value: all numbers have one type, and `true` is not a number."""
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)


def condition_fields(condition: Condition) -> Iterator[ResultField]:
    """Yield each field that a condition names, in the order of the text."""
    match condition:
        case Comparison(field):
            yield field
        case Not(inner):
            yield from condition_fields(inner)
        case Combination(_, conditions):
            for each in conditions:
                yield from condition_fields(each)


def condition_subtasks(condition: Condition) -> tuple[str, ...]:
    """Return the names of the subtasks that a condition names."""
    return tuple(dict.fromkeys(field.subtask for field in condition_fields(condition)))


class _Parser:
    """Reads a condition from left to right: `not` binds tightest, then `and`, then `or`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def parse(self) -> Condition:
        condition = self._combination("or")
        if self._text[self._at :].strip():
            raise self._syntax_error("and, or, or the end")
        return condition

    def _combination(self, word: str) -> Condition:
        parse_part = self._and_combination if word == "or" else self._single
        conditions = [parse_part()]
        while self._take("word", word):
            conditions.append(parse_part())
        return conditions[0] if len(conditions) == 1 else Combination(word, tuple(conditions))

    def _and_combination(self) -> Condition:
        return self._combination("and")

    def _single(self) -> Condition:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            message = f"the condition nests deeper than {MAX_DEPTH} levels"
            raise ValueError(message)
        try:
            if self._take("word", "not"):
                return Not(self._single())
            if self._take("symbol", "("):
                condition = self._combination("or")
                if not self._take("symbol", ")"):
                    raise self._syntax_error("a closing parenthesis")
                return condition
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Condition:
        found = self._take("field")
        if not found:
            raise self._syntax_error("a field of a subtask's result, such as moderate.suggestion")
        subtask, _, name = found.partition(".")
        field = ResultField(subtask, name)
        symbol = next((symbol for symbol in OPERATORS if self._take("symbol", symbol)), None)
        return Comparison(field, symbol, self._value()) if symbol else Comparison(field, "==", value=True)

    def _value(self) -> str | float | bool | None:
        if number := self._take("number"):
            return float(number)
        if text := self._take("text"):
            return text[1:-1]
        for word, constant in CONSTANTS.items():
            if self._take("word", word):
                return constant
        raise self._syntax_error("a value: a number, 'a text', true, false or null")

    def _take(self, group: str, wanted: str | None = None) -> str | None:
        """Return the next token and move past it, if it belongs to that group and is the wanted one."""
        token = TOKEN.match(self._text, self._at)
        if token is None or token[group] is None or wanted not in {None, token[group]}:
            return None
        self._at = token.end()
        return token[group]

    def _syntax_error(self, expected: str) -> ValueError:
        rest = self._text[self._at :].strip()
        where = f"at {rest[:20]!r}" if rest else "at its end"
        return ValueError(f"the condition isn't valid {where}: expected {expected}")
