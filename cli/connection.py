"""The API that a command uses, and how it authenticates there."""

import os
import re
import shlex
import shutil
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import httpx
import typer

from cli.api_client import Api
from cli.errors import CommandFailed, Unreachable
from cli.http_client import is_loopback
from cli.show import OutputFormat
from infra.local import stack
from infra.local.info import StackInfo
from infra.local.stack import DEFAULT_DATA_DIR

if TYPE_CHECKING:
    from botocore.credentials import Credentials

COMMAND = re.compile(r"(`|\| )reelmill ")  # alone or after a pipe
SIGNED_SERVICE = "execute-api"
API_URL, DATA_DIR = "REELMILL_API_URL", "REELMILL_DATA_DIR"
TOKEN = "REELMILL_TOKEN"  # noqa: S105 - the name of a variable. It is not an option, because other users of the machine see those


@dataclass(frozen=True)
class Connection:
    """The global options: where the API is, which identity to use, and the format of results."""

    api_url: str | None
    profile: str | None
    region: str | None
    data_dir: Path
    output: OutputFormat = OutputFormat.TEXT


class SignedForAws(httpx.Auth):
    """Signs each request with Signature Version 4, as an API with IAM authorization requires."""

    def __init__(self, credentials: "Credentials", region: str) -> None:
        """Keep the credentials and the region."""
        self._credentials = credentials
        self._region = region

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the signature's headers."""
        from botocore.auth import SigV4Auth  # noqa: PLC0415 - takes 0.3 s, which only calls to AWS need
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415 - the same

        signed = AWSRequest(
            method=request.method,
            url=str(request.url),
            data=request.content,
            headers={"Host": request.url.netloc.decode()},
        )
        SigV4Auth(self._credentials, SIGNED_SERVICE, self._region).add_auth(signed)
        request.headers.update(dict(signed.headers.items()))
        yield request


class Bearer(httpx.Auth):
    """Sends a token with each request, as an API with a JWT authorizer requires."""

    def __init__(self, token: str) -> None:
        """Keep the token."""
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


def connect_to_api(context: typer.Context) -> Api:
    """Return a client of the API that the global options name (default: the stack on this machine)."""
    connection = cast("Connection", context.obj)
    if connection.api_url is None:
        return open_api(local_stack(connection.data_dir).api_url)
    return open_api(connection.api_url, connection.profile, connection.region)


def open_api(url: str, profile: str | None = None, region: str | None = None) -> Api:
    """Return a client of the API at `url`.

    To other hosts it sends the token of `REELMILL_TOKEN`, or signed requests if no token is set.
    """
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise typer.BadParameter(f"{url!r} is not a valid URL", param_hint="--api-url")
    if is_loopback(url):
        return Api(url, local=True)
    if token := os.environ.get(TOKEN):
        if urlsplit(url).scheme != "https":
            raise typer.BadParameter(f"{TOKEN} is only sent over https, not to {url!r}", param_hint="--api-url")
        return Api(url, local=False, auth=Bearer(token))
    return Api(url, local=False, auth=aws_signature(url, profile, region))


def aws_signature(url: str, profile: str | None, region: str | None) -> SignedForAws:
    """Return the signer of requests to `url`, with the AWS credentials of this machine."""
    import botocore.exceptions  # noqa: PLC0415 - takes 0.3 s, which only calls to AWS need
    import botocore.session  # noqa: PLC0415 - the same

    session = botocore.session.Session(profile=profile)
    try:
        credentials = session.get_credentials()
        where = region or region_in(url) or session.get_config_variable("region")
    except botocore.exceptions.BotoCoreError as error:
        raise CommandFailed(str(error), remedy="`aws configure list-profiles` lists the profiles") from error
    if credentials is None:
        raise CommandFailed(
            f"this machine has no AWS credentials to sign requests to {url}",
            remedy="run `aws configure` or `aws sso login`, or pass --profile NAME",
        )
    if where is None:
        raise CommandFailed(f"the region of {url} is unknown", remedy="pass it: --region eu-central-1")
    return SignedForAws(credentials, where)


def region_in(url: str) -> str | None:
    """Return the region in an API Gateway address: `ID.execute-api.REGION.amazonaws.com`."""
    parts = (urlsplit(url).hostname or "").split(".")
    return parts[2] if len(parts) > 3 and parts[1] == SIGNED_SERVICE else None  # noqa: PLR2004 - see above


def local_stack(data_dir: Path) -> StackInfo:
    """Return the stack that is running in `data_dir`; raise Unreachable if there is none."""
    info = stack.find_running(data_dir)
    if info is None:
        raise Unreachable(f"no stack is running in {display_path(data_dir)}", remedy="start one: `reelmill up`")
    return info


def display_path(path: Path) -> str:
    """Return the path as a person would type it: relative if it is below the current folder."""
    here = Path.cwd()
    whole = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links and show another path
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else str(whole)


def command_line(context: typer.Context) -> str:
    """Return how this command is typed from here, with the global options that it was given.

    Settings of the environment are omitted: they apply to the next command as well.
    """
    connection = cast("Connection", context.obj)
    typed = Path(sys.argv[0])
    found = shutil.which(typed.name)
    # Below this folder the path is safer: `uv run` puts the command on a PATH that the user's shell does not have.
    below = typed.absolute().is_relative_to(Path.cwd())
    given = {
        "--api-url": connection.api_url,
        "--profile": connection.profile,
        "--region": connection.region,
        "--data-dir": None if connection.data_dir == DEFAULT_DATA_DIR else str(connection.data_dir),
    }
    known = {os.environ.get(API_URL), os.environ.get(DATA_DIR)}
    options = [
        word for name, value in given.items() if value is not None and value not in known for word in (name, value)
    ]
    return shlex.join([typed.name if found and not below else display_path(typed), *options])


def as_typed(sentence: str, context: typer.Context) -> str:
    """Return a sentence with the commands in its backticks as they are typed from here."""
    me = command_line(context)
    return COMMAND.sub(lambda found: f"{found[1]}{me} ", sentence)


def input_bucket(context: typer.Context) -> str:
    """Return the input bucket of the environment, or of the stack on this machine."""
    connection = cast("Connection", context.obj)
    if bucket := os.environ.get("REELMILL_INPUT_BUCKET"):
        return bucket
    if connection.api_url is None:
        return local_stack(connection.data_dir).input_bucket
    raise typer.BadParameter("pass the bucket: the input bucket of a remote API is unknown", param_hint="--bucket")
