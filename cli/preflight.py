"""The command that checks an AWS account before a deployment: preflight."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, cast

import typer

from cli import show
from cli.connection import Connection
from cli.errors import CommandFailed

if TYPE_CHECKING:
    from infra.account.account import Account
    from infra.account.prerequisite import Prerequisite

DEFAULT_STACK = "reelmill"  # as in samconfig.toml


def check_before_deploying(
    context: typer.Context,
    parameters: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME=VALUE…", help="Parameters that you are going to deploy with.", show_default=False),
    ] = None,
    *,
    stack_name: Annotated[str, typer.Option(help="Name of the stack that you are going to deploy.")] = DEFAULT_STACK,
    as_json: show.JsonOption = False,
) -> None:
    """Check what the deployment needs from your AWS account, and propose parameters that fit. It changes nothing.

    Exits with 1 if something is missing. What your credentials may not ask is reported as unknown.
    """
    from infra.account.deployment import plan_deployment  # noqa: PLC0415 - loads botocore, which takes 0.3 s
    from infra.account.preflight import check_account  # noqa: PLC0415 - the same

    try:
        deployment = plan_deployment(stack_name, parameters or [])
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    account = account_of(cast("Connection", context.obj))
    found: list[Prerequisite] = []
    for prerequisite in check_account(account, deployment):
        found.append(prerequisite)
        if not as_json:
            show.print_check(prerequisite.verdict, prerequisite.subject, prerequisite.found, prerequisite.remedy)
    proposed = {name: value for prerequisite in found for name, value in prerequisite.parameters.items()}
    if as_json:
        document = {"stack": stack_name, "region": account.region, "parameters": proposed}
        show.print_json({**document, "prerequisites": [asdict(prerequisite) for prerequisite in found]})
    elif proposed:
        given = {name: value for name, _, value in (text.partition("=") for text in parameters or [])}
        fitting = " ".join(f"{name}={value}" for name, value in {**given, **proposed}.items())
        show.say(f"these parameters fit the account as it is: `sam deploy --parameter-overrides {fitting}`")
    if any(prerequisite.verdict == "failed" for prerequisite in found):
        raise typer.Exit(1)


def account_of(connection: Connection) -> "Account":
    """Return the account of the global options; raise CommandFailed if there are no credentials or no region."""
    from infra.account.account import Unusable, open_account  # noqa: PLC0415 - loads botocore, which takes 0.3 s

    try:
        return open_account(connection.profile, connection.region)
    except Unusable as error:
        raise CommandFailed(
            error.message,
            remedy="run `aws configure` or `aws sso login`, or pass --profile NAME and --region REGION",
        ) from error
