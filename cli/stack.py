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
from cli.connection import Connection, as_typed, local_stack, open_api, shown_path
from cli.errors import INTERRUPTED, CommandFailed
from infra.local import doctor as examination
from infra.local import stack
from infra.local.emulator import bypass_proxies, has_proxy
from infra.local.stack import StackInfo
from shared.errors import ReelmillError

PortOption = Annotated[int, typer.Option(help="Where the console and the API are served.")]
AwsPortOption = Annotated[int, typer.Option(help="Where S3, SQS, DynamoDB and the rest of AWS are served.")]
VERDICTS = {
    "ok": Text("ok     ", "green"),
    "warning": Text("warning", "yellow"),
    "failed": Text("failed ", "bold red"),
}


def up(
    context: typer.Context,
    *,
    port: PortOption = stack.DEFAULT_PORT,
    aws_port: AwsPortOption = stack.DEFAULT_AWS_PORT,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when it is ready; it runs on.")] = False,
    as_json: show.JsonOption = False,
) -> None:
    """Start the stack on this machine, or find it running."""
    data_dir = folder(context)
    before = stack.find_running(data_dir)
    begun = perf_counter()
    info = None
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends the stack in good order, as Ctrl-C does
    try:
        info = stack.ensure_up(data_dir, port, aws_port, say=lambda doing: show.say(f"… {doing}"))
        show.print_json(info.as_json()) if as_json else print_facts(info)
        if before is not None:
            show.say("it ran already")
            return
        end = as_typed("`reelmill down` ends it", context) if detach else "Ctrl-C ends it"
        show.say(f"ready in {show.span(perf_counter() - begun)}; {end}")
        if not detach:
            stack.wait(data_dir)
            show.say("the stack has ended")
    except KeyboardInterrupt:
        if before is None:
            show.say("ending the stack; its state is kept")
            stack.down(data_dir)
        if info is None:
            raise typer.Exit(INTERRUPTED) from None


def down(context: typer.Context) -> None:
    """End the stack on this machine; its files and tasks are kept."""
    data_dir = folder(context)
    if stack.down(data_dir):
        show.say(f"ended; its files and tasks are kept in {shown_path(data_dir)}")
    else:
        show.say(f"no stack runs here ({shown_path(data_dir)})")


def status(context: typer.Context, *, as_json: show.JsonOption = False) -> None:
    """Tell whether the stack runs, where, and whether its API answers and its state is saved.

    Exit code 3 when it doesn't run, 1 when it isn't well.
    """
    info = local_stack(folder(context))
    begun = perf_counter()
    try:
        health = open_api(info.api_url).get("/health")
    except ReelmillError as error:
        raise CommandFailed(
            f"the stack runs, but its API doesn't answer: {error.message}", remedy=f"read {info.log}"
        ) from error
    took = perf_counter() - begun
    if as_json:
        show.print_json(info.as_json() | {"health": health})
    else:
        print_facts(info)
        show.say(f"its API answers in {took * 1000:.0f} ms")
    if reason := stack.unsaved(folder(context)):
        raise CommandFailed(
            f"the stack runs, but its state can't be saved in {info.data_dir}: {reason}",
            remedy="make room on that disk; the stack then saves its state by itself",
        )


def env(context: typer.Context, *, as_json: show.JsonOption = False) -> None:
    """Print what the AWS CLI and boto3 need to reach the stack: `eval "$(reelmill env)"`."""
    exports = local_stack(folder(context)).exports()
    if has_proxy(os.environ):
        exports |= bypass_proxies(os.environ)
    if as_json:
        show.print_json(exports)
    else:
        show.print_lines(["unset AWS_PROFILE AWS_SESSION_TOKEN"])  # of an account on AWS, which would be sent along
        show.print_lines(f"export {name}={shlex.quote(value)}" for name, value in exports.items())


def doctor(
    context: typer.Context,
    *,
    port: PortOption = stack.DEFAULT_PORT,
    aws_port: AwsPortOption = stack.DEFAULT_AWS_PORT,
    as_json: show.JsonOption = False,
) -> None:
    """Look whether this machine has what the stack needs. Exit code 1 when it hasn't."""
    findings = []
    for finding in examination.check_machine(folder(context), port, aws_port):
        findings.append(finding)
        if not as_json:
            remedy = Text(f"\n        try      {finding.remedy}", "dim") if finding.remedy else Text()
            show.stdout().print(
                Text.assemble(VERDICTS[finding.verdict], f" {finding.subject}: {finding.found}", remedy),
                soft_wrap=True,
            )
    if as_json:
        show.print_json([asdict(finding) for finding in findings])
    if any(finding.verdict == "failed" for finding in findings):
        raise typer.Exit(1)


def folder(context: typer.Context) -> Path:
    """Return the stack's data directory."""
    return cast("Connection", context.obj).data_dir


def print_facts(info: StackInfo) -> None:
    """Print where the stack answers."""
    facts = {
        "Console": info.console_url,
        "API": info.api_url,
        "AWS": info.aws_endpoint_url,
        "Input": f"s3://{info.input_bucket}/uploads/",
        "Output": f"s3://{info.output_bucket}/",
        "Data": shown_path(info.data_dir),
        "Log": shown_path(info.log),
    }
    for name, value in facts.items():
        show.stdout().print(Text.assemble((f"{name:<9}", "dim"), value), soft_wrap=True)
