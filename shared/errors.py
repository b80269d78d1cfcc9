"""Every error that Reelmill raises on purpose.

ReelmillError
├── RequestRejected            the request is wrong: change it (400)
│   ├── NotAllowed             the caller lacks the scope or uses another tenant's object: ask for the scope (403)
│   ├── NotFound               there is no such thing: check its name (404)
│   │   └── NotReadable        there is no such object, or AWS denies access to it: check both (404)
│   ├── Conflict               the state doesn't allow this: check it, then decide (409)
│   │   └── NewerVersion       a newer Reelmill stored it, and this one can't read it: update this one
│   ├── BodyTooLarge           the body exceeds the limit: send less (413)
│   └── UnsupportedMediaType   the body is not JSON: send JSON (415)
├── AttemptFailed              an attempt at a subtask failed
│   ├── MediaRejected          the file is at fault: never retry                        SourceFileError.*
│   ├── ParametersRejected     the parameters don't fit the file: never retry           ParameterError.*
│   ├── LimitExceeded          it would exceed a limit: never retry                     LimitError.*
│   ├── OperationFailed        the operation failed on a readable file: never retry     OperationError.*
│   ├── WorkerFailed           perhaps because of the file: retry, counted              InternalError.*
│   │   └── AccessDenied       AWS denied access: retry, counted; the last one fails for good
│   └── Interrupted            not because of the file: retry, uncounted                InternalError.*
│       └── JobRunning         a service hasn't finished its job: come back later       InternalError.JobRunning
├── ServiceBusy                AWS can't do it now: retry later
├── ServiceRefused             AWS will never do it: don't retry
└── SettingsInvalid            the settings of the deployment are wrong: correct them
"""

from collections.abc import Mapping


class ReelmillError(Exception):
    """The root of the tree: a message for people and a code for programs."""

    code = "InternalError"

    def __init__(self, message: str, *, code: str | None = None, details: Mapping[str, object] | None = None) -> None:
        """Keep the message; `code` overrides that of the class; `details` are JSON facts for programs."""
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.details = details


class RequestRejected(ReelmillError):
    """The request is wrong: change it."""

    code = "InvalidRequest"


class NotAllowed(RequestRejected):
    """The caller lacks the scope, or uses an object of another tenant: ask for the scope, or use an own object."""

    code = "NotAllowed"


class NotFound(RequestRejected):
    """There is no such thing: check its name."""

    code = "NotFound"


class NotReadable(NotFound):
    """There is no such object, or AWS denies access to it. AWS says which only to callers who may list the bucket."""


class Conflict(RequestRejected):
    """The state doesn't allow this: check the state, then decide."""

    code = "Conflict"


class NewerVersion(Conflict):
    """A newer version of Reelmill stored it, and this one can't read it: update this one, or leave it alone."""

    code = "NewerVersion"


class BodyTooLarge(RequestRejected):
    """The body exceeds the limit of a request: send less."""

    code = "BodyTooLarge"


class UnsupportedMediaType(RequestRejected):
    """The body is not JSON: send JSON."""

    code = "UnsupportedMediaType"


class AttemptFailed(ReelmillError):
    """An attempt at a subtask failed; the subclass says whether another attempt can help."""

    code = "InternalError.AttemptFailed"


class MediaRejected(AttemptFailed):
    """The file is at fault: never retry."""

    code = "SourceFileError.Unreadable"


class ParametersRejected(AttemptFailed):
    """The parameters don't fit this file: never retry."""

    code = "ParameterError.Invalid"


class LimitExceeded(AttemptFailed):
    """The attempt would exceed a limit of time, memory or disk space: never retry."""

    code = "LimitError.Exceeded"


class OperationFailed(AttemptFailed):
    """The operation failed on a readable file: never retry."""

    code = "OperationError.Failed"


class WorkerFailed(AttemptFailed):
    """The worker failed, perhaps because of the file: retry, and count the attempt."""

    code = "InternalError.WorkerFailed"


class AccessDenied(WorkerFailed):
    """AWS denied access, perhaps only while a policy or a key is wrong: retry, and count the attempt.

    `final` is the failure of the subtask if access is still denied in the last attempt.
    """

    code = "InternalError.AccessDenied"

    def __init__(self, message: str, *, final: AttemptFailed) -> None:
        """Keep the message, which users see while the subtask waits for its next attempt."""
        super().__init__(message)
        self.final = final


class Interrupted(AttemptFailed):
    """Not because of the file: a stopped worker or a busy AWS, for example. Retry, and don't count the attempt."""

    code = "InternalError.Interrupted"


class JobRunning(Interrupted):
    """A job of another service for this attempt hasn't finished: come back later, and don't count the attempt.

    The message begins with "waiting for". Users see it unchanged while the subtask waits.
    """

    code = "InternalError.JobRunning"


class ServiceBusy(ReelmillError):
    """AWS can't do it now: retry later."""

    code = "ServiceBusy"


class ServiceRefused(ReelmillError):
    """AWS will never do it, for example because an item is too large: don't retry."""

    code = "ServiceRefused"


class SettingsInvalid(ReelmillError):
    """The settings of the deployment are wrong: correct them."""

    code = "SettingsInvalid"
