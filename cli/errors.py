"""Errors of the command. Each says what happened, and what to do next.

ReelmillError
└── CommandFailed      the command failed: do what `remedy` says              exit 1
    ├── ApiRefused     the API refused the request: change the request        exit 1
    └── Unreachable    no stack or API responds: start it, or name another    exit 3
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from shared.errors import ReelmillError

INTERRUPTED = 130  # by Ctrl-C, as shells count: 128 plus the number of SIGINT


class CommandFailed(ReelmillError):
    """The command failed: do what the remedy says."""

    code = "CommandFailed"
    exit_code = 1

    def __init__(
        self,
        message: str,
        *,
        remedy: str | None = None,
        code: str | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        """Keep the message and the remedy, which is a command to type or a thing to do."""
        super().__init__(message, code=code, details=details)
        self.remedy = remedy


class Unreachable(CommandFailed):
    """No stack or API responds: start it, or name another."""

    code = "Unreachable"
    exit_code = 3


class ApiRefused(CommandFailed):
    """The API refused the request: change the request."""

    code = "ApiRefused"

    def __init__(  # noqa: PLR0913 - the fields of an API error
        self,
        message: str,
        *,
        status: int,
        code: str,
        request_id: str | None,
        details: Mapping[str, object] | None = None,
        remedy: str | None = None,
    ) -> None:
        """Keep the API's error with its HTTP status."""
        super().__init__(message, remedy=remedy, code=code, details=details)
        self.status = status
        self.request_id = request_id


# What to do about a refusal, by its code or else by its HTTP status. `{kind}` and `{id}` come from the path.
REMEDIES: Mapping[str | int, str] = {
    # The path may name a different thing than the one that does not exist.
    "OrchestrationNotFound": "`reelmill orchestrations list` lists the orchestrations",
    "TemplateNotFound": "`reelmill templates list` lists the templates",
    "UnknownTemplate": "`reelmill templates list` lists the templates",
    "VersionNotFound": "`reelmill {kind} versions {id}` lists the versions",
    "InvalidNextToken": "a token continues only the list that returned it: copy all of it, and keep the filters",
    "InvalidTaskStatus": "`reelmill tasks get {id}` shows its state",
    "RunIsOver": "`reelmill tasks get {id}` shows the newest run",
    "TokenReused": "choose a new --client-token for each task",
    "NewerVersion": "until then, this version leaves it unchanged; see docs/guides/upgrading.md",
    "NothingFailed": "`reelmill tasks restart {id}` runs all of it again",
    "BucketNotFound": "check the bucket's name, and that the API may list it",
    "NoOutputs": "`reelmill tasks get {id}` shows its state",
    "RunNotFound": "`reelmill tasks get {id}` shows the last run",
    "SubtaskNotFound": "`reelmill tasks get {id}` lists its subtasks",
    "SourceNotFound": "upload it first: `reelmill upload FILE --key KEY`",
    "LocalStack.DiskFull": "free space, then run the command again",
    "PresetIsReadOnly": "change a copy: `reelmill {kind} get {id} | reelmill {kind} put - --name MINE`",
    400: "fix the request; --help shows what the command accepts",
    401: "the API requires authentication: check REELMILL_TOKEN, or --profile and --region, and --api-url",
    403: "these credentials are not allowed to do that: check REELMILL_TOKEN, or --profile and --region, and --api-url",
    404: "`reelmill {kind} list` lists the {kind}",
    409: "check its state first: `reelmill {kind} list`",
    413: "make it smaller",
    429: "too many requests at once: try again in a moment",
    500: "try again; if the error persists, look up the request ID in the logs of the API's function",
    502: "try again in a moment; `reelmill status` shows the state of the stack",
    503: "try again in a moment",
    504: "the request took too long: try again in a moment",
}
KINDS = frozenset({"tasks", "orchestrations", "templates"})


def api_refusal(status: int, path: str, body: Any, request_id: str | None) -> ApiRefused:  # noqa: ANN401 - any JSON
    """Return the error for an answer that is not a success; `body` is None if it was not JSON."""
    said = body if isinstance(body, dict) else {}
    code = str(said.get("code") or f"Http{status}")
    # API Gateway may answer before our code runs, in its own formats.
    message = said.get("message") or said.get("Message") or f"the API answered {status} without a reason"
    kind, _, rest = path.strip("/").partition("/")
    names = {"kind": kind if kind in KINDS else "tasks", "id": unquote(rest.partition("/")[0])}
    remedy = REMEDIES.get(code) or REMEDIES.get(status)
    details = said.get("details")
    return ApiRefused(
        str(message),
        status=status,
        code=code,
        request_id=said.get("requestId") or request_id,
        details=details if isinstance(details, dict) else {"details": details} if details else None,
        remedy=remedy.format_map(names) if remedy else None,
    )
