"""`--query`: the part of a JSON document that a JMESPath expression selects, as in the AWS CLI."""

from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any

import typer

QUERY: ContextVar[str | None] = ContextVar("query", default=None)  # the expression of this command


def check_query(expression: str | None) -> str | None:
    """Return the expression; raise BadParameter if it is not JMESPath, before the command does anything."""
    if expression is None:
        return None
    import jmespath  # noqa: PLC0415 - only queries need it
    from jmespath import exceptions, functions  # noqa: PLC0415 - the same

    try:
        parsed = jmespath.compile(expression).parsed
    except exceptions.JMESPathError as error:
        raise typer.BadParameter(f"{expression!r} is not a JMESPath expression: {syntax_error(error)}") from error
    known = functions.Functions.FUNCTION_TABLE
    if unknown := [name for name in functions_in(parsed) if name not in known]:
        message = f"{expression!r} calls {unknown[0]}, which is not a function of JMESPath: {', '.join(sorted(known))}"
        raise typer.BadParameter(message)
    return expression


def select(document: object) -> object:
    """Return the part of the document that the command's query selects, without a query all of it."""
    expression = QUERY.get()
    if expression is None:
        return document
    import jmespath  # noqa: PLC0415 - only queries need it
    from jmespath.exceptions import ArityError, JMESPathTypeError  # noqa: PLC0415 - the same

    try:
        return jmespath.search(expression, document)
    except (ArityError, JMESPathTypeError) as error:
        message = f"{expression!r} does not fit the result: {call_error(error)}"
        raise typer.BadParameter(message, param_hint="'--query'") from error


def functions_in(node: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the functions that a parsed expression calls."""
    if node["type"] == "function_expression":
        yield node["value"]
    for child in node["children"]:
        if isinstance(child, Mapping):
            yield from functions_in(child)


def syntax_error(error: Any) -> str:  # noqa: ANN401 - jmespath has no types
    """Return why an expression cannot be parsed. The library's message repeats the expression on several lines."""
    position = getattr(error, "lex_position", getattr(error, "lexer_position", None))
    if position is None:
        return "it is empty"
    if type(error).__name__ == "IncompleteExpressionError":
        return "it is incomplete"
    return f"error at character {position + 1}"


def call_error(error: Any) -> str:  # noqa: ANN401 - the same
    """Return why a function refuses its arguments. The library's message may contain the whole document."""
    if not hasattr(error, "expected_types"):
        count, expected = error.actual_arity, error.expected_arity
        return f"the number of arguments of {error.function_name}() must be {expected}, not {count}"
    return f"{error.function_name}() takes {' or '.join(error.expected_types)}, not {error.actual_type}"
