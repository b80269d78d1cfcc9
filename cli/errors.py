"""How a command fails: each says what happened, and what to do next.

ReelmillError
└── CommandFailed      it could not be done: do what `remedy` says           exit 1
    ├── ApiRefused     the API said no: change the request                   exit 1
    └── Unreachable    nothing answers there: start it, or name another      exit 3
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from shared.errors import ReelmillError

INTERRUPTED = 130  # by Ctrl-C, as shells count: 128 and the number of SIGINT


class CommandFailed(ReelmillError):
    """It could not be done: do what the remedy says."""

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
        """Keep the sentence, and the remedy: a command to type or a thing to do."""
        super().__init__(message, code=code, details=details)
        self.remedy = remedy


class Unreachable(CommandFailed):
    """Nothing answers there: start it, or name another."""

    code = "Unreachable"
    exit_code = 3


class ApiRefused(CommandFailed):
    """The API said no: change the request."""

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
        """Keep what the API said, and the HTTP status it said it with."""
        super().__init__(message, remedy=remedy, code=code, details=details)
        self.status = status
        self.request_id = request_id


# What to do about a refusal, by its code or else by its HTTP status. `{kind}` and `{id}` come from the path.
REMEDIES: Mapping[str | int, str] = {
    # The path may be of something else than what isn't there.
    "OrchestrationNotFound": "`reelmill orchestrations list` shows those there are",
    "TemplateNotFound": "`reelmill templates list` shows those there are",
    "UnknownTemplate": "`reelmill templates list` shows those there are",
    "VersionNotFound": "`reelmill {kind} versions {id}` shows those there are",
    "InvalidNextToken": "a token goes on with the very list that gave it: copy it whole, and keep the filters",
    "InvalidTaskStatus": "`reelmill tasks get {id}` shows where it stands",
    "NothingFailed": "`reelmill tasks restart {id}` runs all of it again",
    "BucketNotFound": "check the bucket's name, and that the API may list it",
    "NoOutputs": "`reelmill tasks get {id}` shows where it stands",
    "RunNotFound": "`reelmill tasks get {id}` shows the last run",
    "SubtaskNotFound": "`reelmill tasks get {id}` shows the subtasks it has",
    "SourceNotFound": "upload it first: `reelmill upload FILE --key KEY`",
    "LocalStack.DiskFull": "run the command again once there is room",
    "PresetIsReadOnly": "change a copy: `reelmill {kind} get {id} | reelmill {kind} put - --name MINE`",
    400: "mend the request; --help shows what the command takes",
    401: "the API takes no anonymous calls: check REELMILL_TOKEN, or --profile and --region, and --api-url",
    403: "these credentials may not do that: check REELMILL_TOKEN, or --profile and --region, and --api-url",
    404: "`reelmill {kind} list` shows those there are",
    409: "look at it first: `reelmill {kind} list`",
    413: "make it smaller",
    429: "too many calls at once: try again in a moment",
    500: "try again; if it stays, look up the request ID in the logs of the API's function",
    502: "try again in a moment; `reelmill status` shows whether the stack is well",
    503: "try again in a moment",
    504: "it took too long: try again in a moment",
}
KINDS = frozenset({"tasks", "orchestrations", "templates"})


def refusal(status: int, path: str, body: Any, request_id: str | None) -> ApiRefused:  # noqa: ANN401 - any JSON
    """Return the error for an answer that is not a success; `body` is None when it was not JSON."""
    said = body if isinstance(body, dict) else {}
    code = str(said.get("code") or f"Http{status}")
    # API Gateway speaks before our code does, in shapes of its own.
    message = said.get("message") or said.get("Message") or f"the API answered {status} without saying why"
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
