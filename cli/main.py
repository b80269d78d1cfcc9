"""The `reelmill` command: its parts, its global options, and how it fails."""

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import backfill, catalog, demo, show, stack, task_actions, tasks, upload, verdicts
from cli.connection import API_URL, DATA_DIR, Connection, as_typed
from cli.errors import CommandFailed
from cli.global_options import GlobalOptionsAnywhere
from infra.local.stack import DEFAULT_DATA_DIR
from shared.errors import ReelmillError

DEBUG = "REELMILL_DEBUG"
EPILOG = "Exit codes: 0 done; 1 it failed, or a task did; 2 wrong usage; 3 nothing answers."
HERE, THERE = "On this machine", "Files and tasks"


class Reelmill(GlobalOptionsAnywhere):
    """The command, which advises what can be typed as it was itself."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # noqa: ANN401 - Typer's own
        """Run what was asked for."""
        try:
            return super().invoke(ctx)
        except CommandFailed as error:
            error.remedy = as_typed(error.remedy, ctx) if error.remedy else None
            raise


app = typer.Typer(
    cls=Reelmill,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EPILOG,
)
for command in (stack.up, stack.down, stack.status, stack.env, stack.doctor):
    app.command(rich_help_panel=HERE)(command)
app.command(rich_help_panel=HERE)(demo.demo)
app.command(rich_help_panel=THERE)(upload.upload)
app.command(rich_help_panel=THERE)(verdicts.verdicts)
app.command(rich_help_panel=THERE)(backfill.backfill)
for move in (task_actions.restart, task_actions.end, task_actions.cancel):
    tasks.tasks.command()(move)
app.add_typer(tasks.tasks, name="tasks", rich_help_panel=THERE)
app.add_typer(catalog.orchestrations, name="orchestrations", rich_help_panel=THERE)
app.add_typer(catalog.templates, name="templates", rich_help_panel=THERE)


def print_version(wanted: bool) -> None:  # noqa: FBT001 - as Typer calls it
    """Print the version and end."""
    if wanted:
        show.print_lines([f"reelmill {version('reelmill')}"])
        raise typer.Exit


@app.callback()
def connect(
    context: typer.Context,
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    api_url: Annotated[
        str | None,
        typer.Option(envvar=API_URL, help="The API; by default that of the stack on this machine."),
    ] = None,
    profile: Annotated[str | None, typer.Option(help="The AWS profile that signs calls to an API on AWS.")] = None,
    region: Annotated[str | None, typer.Option(help="The AWS region of that API, if its address doesn't tell.")] = None,
    data_dir: Annotated[
        Path,
        typer.Option(envvar=DATA_DIR, file_okay=False, help="Where the stack on this machine lives."),
    ] = DEFAULT_DATA_DIR,
) -> None:
    """Reelmill: drop a file into a bucket, get a finished task."""
    context.obj = Connection(api_url or None, profile, region, data_dir)


def main() -> None:
    """Run the command, and turn every failure into a sentence and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal can't show must not stop the command.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # both are text streams here
    try:
        app(prog_name="reelmill")
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        failure = error if isinstance(error, ReelmillError) else unexpected(error)
        show.print_error(failure)
        sys.exit(getattr(failure, "exit_code", 1))


def unexpected(error: Exception) -> CommandFailed:
    """Return a sentence for an error that nobody raised on purpose."""
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return CommandFailed(f"{place}{error.strerror}")
    message = f"something went wrong that should not: {type(error).__name__}: {error}"
    return CommandFailed(message, remedy=f"run it again with {DEBUG}=1 to see where, and report it")


if __name__ == "__main__":
    main()
