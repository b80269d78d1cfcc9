"""Global options may stand anywhere: `reelmill tasks list --profile prod` works as people type it."""

from typing import Any

import typer
from typer.core import TyperGroup


class GlobalOptionsAnywhere(TyperGroup):
    """A group that accepts its own options after the names of its commands as well."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # Typer's own context
        """Parse the arguments with the group's own options moved to the front."""
        return super().parse_args(ctx, self.hoist_options(args))

    def hoist_options(self, args: list[str]) -> list[str]:
        """Return the arguments with the group's own options first, except those that the command has as well."""
        command = next((self.commands[word] for word in args if word in self.commands), None)
        theirs = {name for parameter in command.params for name in parameter.opts} if command else set()
        mine = {name for parameter in self.params if takes_value(parameter) for name in parameter.opts} - theirs
        switches = {name for parameter in self.params if is_switch(parameter) for name in parameter.opts} - theirs
        front: list[str] = []
        rest = list(args)
        behind: list[str] = []
        while rest and rest[0] != "--":
            word = rest.pop(0)
            if word in mine and rest:
                front += [word, rest.pop(0)]
            elif word in switches or word.partition("=")[0] in mine:
                front.append(word)
            else:
                behind.append(word)
        return [*front, *behind, *rest]


def takes_value(parameter: Any) -> bool:  # noqa: ANN401 - click's parameter, which Typer doesn't export
    """Whether it is an option with a value, such as `--region R`."""
    return parameter.param_type_name == "option" and not parameter.is_flag and not parameter.is_eager


def is_switch(parameter: Any) -> bool:  # noqa: ANN401 - the same
    """Whether it is an option without a value, such as `--quiet`."""
    return bool(parameter.param_type_name == "option" and parameter.is_flag and not parameter.is_eager)
