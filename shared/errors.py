"""Every error that Reelmill raises on purpose.

ReelmillError
├── RequestRejected            the caller is at fault: change the request (400)
│   ├── NotAllowed             not for this caller: ask for the scope, or stay within one's own (403)
│   ├── NotFound               no such thing: check its name (404)
│   │   └── NotReadable        no such object, or AWS denies access to it: check both (404)
│   ├── Conflict               not in this state: look at it, then decide (409)
│   │   └── NewerVersion       stored by a newer Reelmill, which this one can't read: update, or leave it alone
│   ├── BodyTooLarge           more than a request brings: send less (413)
│   └── UnsupportedMediaType   another kind of body: send JSON (415)
├── AttemptFailed              an attempt at a subtask ended badly
│   ├── MediaRejected          the file is at fault: never retry         SourceFileError.*
│   ├── ParametersRejected     the parameters don't fit the file: never retry   ParameterError.*
│   ├── LimitExceeded          it would take too much: never retry       LimitError.*
│   ├── OperationFailed        ffmpeg refused for a reason of its own: never retry   OperationError.*
│   ├── WorkerFailed           perhaps the file's fault: try again, and count it    InternalError.*
│   │   └── AccessDenied       AWS denied access: try again, and count it; the last one fails for good
│   └── Interrupted            nobody's fault: try again, and don't count it        InternalError.*
│       └── JobRunning         a service hasn't finished its part: come back later  InternalError.JobRunning
├── ServiceBusy                AWS said "not now": try again later
├── ServiceRefused             AWS said "never": no retry mends it
└── SettingsInvalid            a deployment is at fault: mend its settings
"""

from collections.abc import Mapping


class ReelmillError(Exception):
    """The root of the tree: a sentence for a person and a code for a program."""

    code = "InternalError"

    def __init__(self, message: str, *, code: str | None = None, details: Mapping[str, object] | None = None) -> None:
        """Keep the message; `code` overrides the class's own; `details` are JSON facts for a program."""
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.details = details


class RequestRejected(ReelmillError):
    """The caller is at fault: change the request."""

    code = "InvalidRequest"


class NotAllowed(RequestRejected):
    """Not for this caller: ask for the scope, or stay within one's own."""

    code = "NotAllowed"


class NotFound(RequestRejected):
    """No such thing: check its name."""

    code = "NotFound"


class NotReadable(NotFound):
    """No such object, or AWS denies access to it, which it tells apart only for callers who may list the bucket."""


class Conflict(RequestRejected):
    """The thing is not in a state that allows this: look at it, then decide."""

    code = "Conflict"


class NewerVersion(Conflict):
    """A newer version of Reelmill stored it, and this one can't read it: update this one, or leave it alone."""

    code = "NewerVersion"


class BodyTooLarge(RequestRejected):
    """More than a request brings: send less."""

    code = "BodyTooLarge"


class UnsupportedMediaType(RequestRejected):
    """Another kind of body: send JSON."""

    code = "UnsupportedMediaType"


class AttemptFailed(ReelmillError):
    """An attempt at a subtask ended badly; the leaf says whether another can help."""

    code = "InternalError.AttemptFailed"


class MediaRejected(AttemptFailed):
    """The file is at fault: never retry."""

    code = "SourceFileError.Unreadable"


class ParametersRejected(AttemptFailed):
    """The parameters don't fit this file: never retry."""

    code = "ParameterError.Invalid"


class LimitExceeded(AttemptFailed):
    """The attempt would take more time, memory or disk than it may: never retry."""

    code = "LimitError.Exceeded"


class OperationFailed(AttemptFailed):
    """The operation failed on readable media for a reason of its own: never retry."""

    code = "OperationError.Failed"


class WorkerFailed(AttemptFailed):
    """The worker failed in a way that the file may have caused: try again, but only so often."""

    code = "InternalError.WorkerFailed"


class AccessDenied(WorkerFailed):
    """AWS denied access, perhaps only for as long as a policy or a key is wrong: try again, but only so often.

    `final` is what the subtask fails with when the last attempt is denied, too.
    """

    code = "InternalError.AccessDenied"

    def __init__(self, message: str, *, final: AttemptFailed) -> None:
        """Keep the message, which is shown while the subtask waits for its next attempt."""
        super().__init__(message)
        self.final = final


class Interrupted(AttemptFailed):
    """Nobody's fault, as a stopped worker or a busy AWS: try again, and don't count it against the file."""

    code = "InternalError.Interrupted"


class JobRunning(Interrupted):
    """A service that works for this attempt hasn't finished: come back later, and don't count it against the file.

    The message begins "waiting for", and is shown as it is while the subtask waits.
    """

    code = "InternalError.JobRunning"


class ServiceBusy(ReelmillError):
    """AWS said "not now": try again later."""

    code = "ServiceBusy"


class ServiceRefused(ReelmillError):
    """AWS said "never", as to an item that is too large: no retry mends it."""

    code = "ServiceRefused"


class SettingsInvalid(ReelmillError):
    """The deployment is at fault: mend its settings."""

    code = "SettingsInvalid"
