"""Questions before changes that cannot be undone, or that stop the processing of new files."""

import sys
from typing import Annotated

import typer
from rich.prompt import Confirm

from cli import show

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation.")]


def check_terminal(what: str, *, yes: bool) -> None:
    """Raise BadParameter if a confirmation is needed, and there is no terminal to ask for it."""
    if not yes and not sys.stdin.isatty():
        raise typer.BadParameter(f"no terminal to confirm {what} on: add --yes", param_hint="--yes")


def confirm(question: str) -> None:
    """Ask a question; end the command if the answer is not yes."""
    # Click's own prompt would write a blank to stdout, among the data.
    if not Confirm.ask(show.plain(question), console=show.console(stderr=True), default=False):
        raise typer.Abort
