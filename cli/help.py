"""The words of `--help` and of usage errors: names for values, in place of the types of Python and Pydantic."""

from typing import Any

import typer
from typer.core import TyperArgument, TyperOption

from shared.domain.validation_messages import WORDS, validation_message

NAMES = {
    "<str>": "TEXT",
    "<int>": "NUMBER",
    "<int range>": "NUMBER",
    "<float>": "NUMBER",
    "<Path>": "PATH",
    "<path>": "PATH",
    "<file>": "FILE",
    "<dir>": "DIR",
}


def name_values() -> None:
    """Let `--help` show names for values: no type for a switch or an argument, and no `<str>`."""
    typed = TyperOption.display_type

    def display_type(self: Any, ctx: Any) -> str:  # noqa: ANN401 - Typer's own
        if self.is_flag:
            return ""
        shown = typed(self, ctx)
        return NAMES.get(shown) or (self.name.upper() if "|" in shown else shown)

    TyperOption.display_type = display_type  # type: ignore[method-assign]  # Typer has no other way
    TyperArgument.display_type = lambda *_: ""  # type: ignore[method-assign]  # the same


def reword_usage(error: typer.BadParameter) -> None:
    """Replace Pydantic's words in a usage error by the words that the API has for the same."""
    from pydantic import ValidationError  # noqa: PLC0415 - needed for usage errors only

    if isinstance(error.__cause__, ValidationError):
        first = error.__cause__.errors()[0]
        said = validation_message(first)
        error.message = f"{first['input']!r} {said}" if first["type"] in WORDS else said
