"""The commands for the stack on this machine: up, down, status, env, doctor."""

import os
import shlex
import signal
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Annotated, cast

import typer
from rich.text import Text

from cli import show
from cli.connection import Connection, as_typed, display_path, local_stack, open_api
from cli.errors import INTERRUPTED, CommandFailed
from infra.local import doctor, stack
from infra.local.emulator import bypass_proxies, has_proxy
from infra.local.ports import DEFAULT_AWS_PORT, DEFAULT_PORT
from infra.local.stack import StackInfo
from shared.errors import ReelmillError

PORT_VARIABLE, AWS_PORT_VARIABLE = "REELMILL_PORT", "REELMILL_AWS_PORT"
PortOption = Annotated[
    int | None,
    typer.Option(
        envvar=PORT_VARIABLE,
        help=f"Port of the console and the API (default: that of the last start, or {DEFAULT_PORT}).",
    ),
]
AwsPortOption = Annotated[
    int | None,
    typer.Option(
        envvar=AWS_PORT_VARIABLE,
        help=f"Port of S3, SQS and the other AWS services (default: that of the last start, or {DEFAULT_AWS_PORT}).",
    ),
]


def stack_up(
    context: typer.Context,
    *,
    port: PortOption = None,
    aws_port: AwsPortOption = None,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Run in the background; return once the stack is ready.")
    ] = False,
    as_json: show.JsonOption = False,
) -> None:
    """Start the local stack, or report the one that is already running."""
    folder = data_dir_of(context)
    before = stack.find_running(folder)
    begun = perf_counter()
    info = None
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stops the stack in order, as Ctrl-C does
    try:
        info = stack.ensure_up(folder, port, aws_port, say=lambda doing: show.say(f"… {doing}"))
        show.print_json(info.as_json()) if as_json else print_addresses(info)
        if before is not None:
            show.say("already running")
            return
        stop = as_typed("`reelmill down` stops it", context) if detach else "Ctrl-C stops it"
        show.say(f"ready in {show.duration(perf_counter() - begun)}; {stop}")
        if not detach:
            stack.wait(folder)
            show.say("the stack has stopped")
    except KeyboardInterrupt:
        if before is None:
            show.say("stopping the stack; its state is kept")
            stack.down(folder)
        if info is None:
            raise typer.Exit(INTERRUPTED) from None


def stack_down(context: typer.Context) -> None:
    """Stop the local stack. Files and tasks are kept."""
    folder = data_dir_of(context)
    if stack.down(folder):
        show.say(f"stopped; files and tasks are kept in {display_path(folder)}")
    else:
        show.say(f"no stack is running in {display_path(folder)}")


def stack_status(context: typer.Context, *, as_json: show.JsonOption = False) -> None:
    """Show whether the local stack is running and where, whether its API responds, and whether its state is saved.

    Exits with 3 if the stack is not running, and with 1 if its API does not respond or its state cannot be saved.
    """
    folder = data_dir_of(context)
    info = local_stack(folder)
    begun = perf_counter()
    try:
        health = open_api(info.api_url).get("/health")
    except ReelmillError as error:
        raise CommandFailed(
            f"the stack is running, but its API does not respond: {error.message}", remedy=f"read {info.log}"
        ) from error
    took = perf_counter() - begun
    if as_json:
        show.print_json(info.as_json() | {"health": health})
    else:
        print_addresses(info)
        show.say(f"running; the API responds in {took * 1000:.0f} ms")
    if reason := stack.unsaved(folder):
        raise CommandFailed(
            f"the stack is running, but its state cannot be saved in {info.data_dir}: {reason}",
            remedy="free space on that disk; the stack then saves its state by itself",
        )


def stack_env(context: typer.Context, *, as_json: show.JsonOption = False) -> None:
    """Print the environment that the AWS CLI and boto3 need for the local stack: `eval "$(reelmill env)"`."""
    exports = local_stack(data_dir_of(context)).exports()
    if has_proxy(os.environ):
        exports |= bypass_proxies(os.environ)
    if as_json:
        show.print_json(exports)
    else:
        show.print_lines(["unset AWS_PROFILE AWS_SESSION_TOKEN"])  # of an account on AWS; they would be sent as well
        show.print_lines(f"export {name}={shlex.quote(value)}" for name, value in exports.items())


def stack_doctor(
    context: typer.Context,
    *,
    port: PortOption = None,
    aws_port: AwsPortOption = None,
    as_json: show.JsonOption = False,
) -> None:
    """Check that this machine meets the stack's requirements. Exits with 1 if it doesn't."""
    requirements = []
    for requirement in doctor.check_machine(data_dir_of(context), port, aws_port):
        requirements.append(requirement)
        if not as_json:
            show.print_check(requirement.verdict, requirement.subject, requirement.found, requirement.remedy)
    if as_json:
        show.print_json([asdict(requirement) for requirement in requirements])
    if any(requirement.verdict == "failed" for requirement in requirements):
        raise typer.Exit(1)


def data_dir_of(context: typer.Context) -> Path:
    """Return the stack's data directory."""
    return cast("Connection", context.obj).data_dir


def print_addresses(info: StackInfo) -> None:
    """Print the addresses and folders of the stack."""
    facts = {
        "Console": info.console_url,
        "API": info.api_url,
        "AWS": info.aws_endpoint_url,
        "Input": f"s3://{info.input_bucket}/uploads/",
        "Output": f"s3://{info.output_bucket}/",
        "Data": display_path(info.data_dir),
        "Log": display_path(info.log),
    }
    for name, value in facts.items():
        show.stdout().print(Text.assemble((f"{name:<9}", "dim"), value), soft_wrap=True)
