"""The S3 client that the object stores share, and what its errors mean."""

import math
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import ClientError

from shared.domain.attempt_record import OutputFile
from shared.errors import AccessDenied, AttemptFailed, Interrupted, MediaRejected, NotFound, ServiceBusy
from shared.telemetry import logger

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# A version that is a delete marker is a 405. A caller who may not list the bucket gets a 403 in place of a 404.
GONE = frozenset({"404", "405", "NoSuchKey", "NoSuchVersion", "NoSuchBucket", "MethodNotAllowed"})
HIDDEN = frozenset({"403", "AccessDenied"})
ARCHIVED = frozenset({"InvalidObjectState"})  # in a storage class from which it must be restored first
CHANGED = frozenset({"412", "PreconditionFailed"})
# Seconds. Lambda gives a function the keys of a session, but not its end. It replaces environments hours before that.
SHORTEST_SESSION = 3600
NO_ANSWER = "S3 did not answer as it should"


class S3Connection:
    """One S3 client, built when it is first used."""

    @cached_property
    def client(self) -> "S3Client":
        """The client."""
        # "virtual" puts the region into links: S3's global name redirects the callers of a new bucket to another host,
        # for which the signature is not valid. An endpoint that is an IP address gets the bucket in its path.
        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": "virtual"},
            connect_timeout=3,
            read_timeout=20,
        )
        return boto3.client("s3", config=config)

    def session_seconds(self) -> float:
        """Return how long the credentials that sign links certainly last; infinity if they do not expire.

        S3 refuses a link when its credentials have expired, even if the link itself would last longer.
        """
        self.client  # noqa: B018 - makes boto3's session
        session = boto3.DEFAULT_SESSION
        credentials = session.get_credentials() if session else None
        if credentials is None or not credentials.token:
            return math.inf
        expiry: datetime | None = getattr(credentials, "_expiry_time", None)  # botocore has no public way to ask
        return SHORTEST_SESSION if expiry is None else max((expiry - datetime.now(UTC)).total_seconds(), 0)


def version_argument(version_id: str | None) -> dict[str, Any]:
    """Return the argument that names a version, if there is one."""
    return {"VersionId": version_id} if version_id else {}


def byte_range(start: int, end: int) -> str:
    """Return the bytes from `start` up to `end`, exclusive, as an HTTP Range."""
    return f"bytes={start}-{end - 1}"


def error_code(error: Exception) -> str | None:
    """Return S3's code of an error; None if S3 did not answer at all."""
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else None


def source_not_found(bucket: str, key: str) -> NotFound:
    """Return the error of a source that does not exist, or that the caller must not learn of."""
    return NotFound(not_found_message(bucket, key), code="SourceNotFound")


def not_found_message(bucket: str, key: str) -> str:
    """Return the message about a source that S3 does not show."""
    return f"s3://{bucket}/{key} does not exist, or Reelmill may not read it"


def source_error(error: ClientError) -> AttemptFailed | None:
    """Return why a source can't be read: it is gone, or access is denied. None if S3 only fails at the moment."""
    code = error_code(error)
    if code in GONE:
        message = "the source file was deleted before it could be read; upload it again"
        return MediaRejected(message, code="SourceFileError.Deleted")
    if code in HIDDEN:
        # A policy, a role or a key that is wrong for a minute must not fail every running task and blame its file.
        message = (
            "S3 denies access to the source file, or the file was deleted: check the bucket's policy, its KMS key and "
            "the role of RunSubtask, then restart the task"
        )
        final = MediaRejected(message, code="SourceFileError.NotReadable")
        return AccessDenied("S3 denied access to the source file", final=final)
    if code in ARCHIVED:
        message = "the source file is archived (S3 Glacier): restore it, then restart the task"
        return MediaRejected(message, code="SourceFileError.Archived")
    if code in CHANGED:
        message = "the source file was overwritten after this task was created; the newer upload has its own task"
        return MediaRejected(message, code="SourceFileError.Changed")
    return None


def output_error(output: OutputFile, error: Exception) -> NotFound | ServiceBusy:
    """Return the error of an output that a request failed to read."""
    if error_code(error) in GONE | HIDDEN:
        message = (
            f"{output.file_name} was deleted from the output bucket, or Reelmill may not read it; if it was deleted, "
            "restart the task to make it again"
        )
        return NotFound(message, code="OutputNotFound")
    return s3_busy(error)


def s3_busy(error: Exception) -> ServiceBusy:
    """Return the error of an API request whose call to S3 failed: try again later."""
    return ServiceBusy(log_failure(error))


def s3_interrupted(error: Exception) -> Interrupted:
    """Return the error of an attempt whose call to S3 failed: another attempt may succeed."""
    return Interrupted(log_failure(error), code="InternalError.Storage")


def log_failure(error: Exception) -> str:
    """Log a failed call to S3; return a message with its code only, since AWS's own text names hosts and roles."""
    logger().warning(NO_ANSWER, reason=str(error))
    cause = error.__context__ if isinstance(error, Boto3Error) else error  # an upload wraps the call that failed
    code = cause.response["Error"]["Code"] if isinstance(cause, ClientError) else type(error).__name__
    return f"{NO_ANSWER}: {code}"
