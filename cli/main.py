"""The `reelmill` command: its subcommands, its global options, and its errors."""

import os
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import (
    backfill,
    catalog,
    demo,
    operations,
    preflight,
    show,
    stack,
    subtasks,
    task_actions,
    tasks,
    upload,
    verdicts,
)
from cli.connection import API_URL, DATA_DIR, Connection, as_typed
from cli.errors import CommandFailed
from cli.global_options import GlobalOptionsAnywhere
from cli.help import name_values, reword_usage
from cli.query import QUERY, check_query
from infra.local.stack import DEFAULT_DATA_DIR
from shared.errors import ReelmillError

DEBUG = "REELMILL_DEBUG"
EPILOG = (
    "Exit codes: 0 success; 1 the command or a task failed; 2 usage error; 3 no stack or API reachable; "
    "130 interrupted."
)
LOCAL, WORK, ACCOUNT = "Local stack", "Files and tasks", "AWS account"


class Reelmill(GlobalOptionsAnywhere):
    """The command, whose advice contains commands as they are typed from here."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # Typer's own
        """Parse the global options."""
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            reword_usage(error)
            raise

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # noqa: ANN401 - Typer's own
        """Run the subcommand."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            reword_usage(error)
            raise
        except CommandFailed as error:
            error.remedy = as_typed(error.remedy, ctx) if error.remedy else None
            raise


name_values()
app = typer.Typer(
    cls=Reelmill,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EPILOG,
)
COMMANDS: Mapping[str, Mapping[str, Callable[..., None]]] = {
    LOCAL: {
        "up": stack.stack_up,
        "down": stack.stack_down,
        "status": stack.stack_status,
        "env": stack.stack_env,
        "doctor": stack.stack_doctor,
        "demo": demo.run_demo,
    },
    WORK: {
        "upload": upload.upload_files,
        "verdicts": verdicts.verdicts_list,
        "backfill": backfill.backfill_bucket,
    },
    ACCOUNT: {"preflight": preflight.check_before_deploying},
}
for panel, commands in COMMANDS.items():
    for name, command in commands.items():
        app.command(name, rich_help_panel=panel)(command)
for name, command in {
    "restart": task_actions.tasks_restart,
    "end": task_actions.tasks_end,
    "cancel": task_actions.tasks_cancel,
}.items():
    tasks.tasks.command(name)(command)
for name, group in {
    "tasks": tasks.tasks,
    "subtasks": subtasks.subtasks,
    "orchestrations": catalog.orchestrations,
    "templates": catalog.templates,
    "operations": operations.operations,
}.items():
    app.add_typer(group, name=name, rich_help_panel=WORK)


def print_version(wanted: bool) -> None:  # noqa: FBT001 - as Typer calls it
    """Print the version and exit."""
    if wanted:
        show.print_lines([f"reelmill {version('reelmill')}"])
        raise typer.Exit


@app.callback()
def connect(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    api_url: Annotated[
        str | None,
        typer.Option(envvar=API_URL, help="URL of the API (default: the API of the local stack)."),
    ] = None,
    profile: Annotated[str | None, typer.Option(help="AWS profile that signs requests to an API on AWS.")] = None,
    region: Annotated[str | None, typer.Option(help="AWS region of that API, if its URL does not contain it.")] = None,
    data_dir: Annotated[
        Path,
        typer.Option(envvar=DATA_DIR, file_okay=False, help="Folder of the local stack."),
    ] = DEFAULT_DATA_DIR,
    output: Annotated[
        show.OutputFormat,
        typer.Option("--output", "-o", case_sensitive=False, help="Format of results: text, or json as with --json."),
    ] = show.OutputFormat.TEXT,
    query: Annotated[
        str | None,
        typer.Option(
            callback=check_query,
            metavar="EXPRESSION",
            help="Print results as JSON, and only what this JMESPath expression selects, as in the AWS CLI.",
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print results and errors only: no messages, no progress.")
    ] = False,
) -> None:
    """Reelmill: upload a media file to a bucket, get a finished task."""
    context.obj = Connection(api_url or None, profile, region, data_dir, output)
    show.QUIET.set(quiet)
    QUERY.set(query)


def main() -> None:
    """Run the command, and turn every error into a message and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal cannot show must not stop the command.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # both are text streams here
    try:
        app(prog_name="reelmill")
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        failure = error if isinstance(error, ReelmillError) else describe_unexpected(error)
        show.print_error(failure)
        sys.exit(getattr(failure, "exit_code", 1))


def describe_unexpected(error: Exception) -> CommandFailed:
    """Return a message for an unexpected error."""
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return CommandFailed(f"{place}{error.strerror}")
    return CommandFailed(
        f"internal error: {type(error).__name__}: {error}",
        remedy=f"run the command again with {DEBUG}=1 to see the traceback, and report the error",
    )


if __name__ == "__main__":
    main()
