"""The errors of an attempt when AWS rejects a request or a job fails."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from shared.errors import (
    AccessDenied,
    AttemptFailed,
    Interrupted,
    JobRunning,
    LimitExceeded,
    MediaRejected,
    OperationFailed,
    ParametersRejected,
)
from shared.telemetry import logger

JOBS = 3  # If a job fails inside the service, a new one is started under another name, up to this number.
BUSY = frozenset(
    {"ThrottlingException", "ProvisionedThroughputExceededException", "InternalServerError", "InternalFailureException"}
)
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
INVALID = frozenset({"BadRequestException", "InvalidParameterException", "ValidationException"})
SERVER_ERROR = 500  # HTTP: from here on, the server failed.
# A failed job has only a sentence to distinguish the service's faults from the file's.
ITS_OWN_FAULT = re.compile(r"internal|server error|service error|unavailable|try again|timed? ?out", re.IGNORECASE)


@contextmanager
def translate_errors(service: str) -> Iterator[None]:
    """Turn the errors of a request to that service into leaves of AttemptFailed."""
    try:
        yield
    except ClientError as error:
        raise error_for(service, error) from error
    except BotoCoreError as error:
        message = f"{service} did not answer as it should: {error}"
        raise Interrupted(message, code="InternalError.Service") from error


def code_of(error: ClientError) -> str:
    """Return the error code of a rejected request."""
    return error.response["Error"]["Code"]


def error_for(service: str, error: ClientError) -> AttemptFailed:
    """Return the error for a rejected request."""
    code = code_of(error)
    told = error.response["Error"].get("Message") or code
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == "LimitExceededException":
        # It lasts as long as other jobs run, so the attempt waits for it as for a job.
        return JobRunning(f"waiting for {service} to have room for another job of this account ({told})")
    if code in BUSY or status >= SERVER_ERROR:
        return Interrupted(f"{service} is busy: {told}", code="InternalError.Service")
    if code in DENIED:
        logger().warning("service not allowed", service_name=service, reason=told)  # which names account and role
        action = f"{service.lower()}:{error.operation_name}"
        message = (
            f"this deployment may not use {service}: allow {action} for the role of RunSubtask, as template.yaml does, "
            "or choose another provider"
        )
        final = OperationFailed(message, code="OperationError.NotAllowed")
        return AccessDenied(f"AWS denied the use of {service}", final=final)
    return file_error_for(service, code, told)


def file_error_for(service: str, code: str, told: str) -> AttemptFailed:
    """Return the error for a rejected request if the file or something unexpected is the cause."""
    if code == "InvalidS3ObjectException":
        message = (
            f"{service} can't read the file in S3: it was deleted, is in another region, or the role of RunSubtask "
            f"may not read it ({told})"
        )
        final = MediaRejected(message, code="SourceFileError.NotReadable")
        return AccessDenied(f"{service} was denied access to the file in S3", final=final)
    if code == "VideoTooLargeException":
        return LimitExceeded(f"the file is too large or too long for {service}: {told}", code="LimitError.TooLarge")
    if code in INVALID:
        return ParametersRejected(f"{service} does not accept this file: {told}", code="ParameterError.ServiceRefused")
    return OperationFailed(f"{service} refused: {code}: {told}", code="OperationError.Service")


def check_media(service: str, reason: str, remedy: str) -> None:
    """Raise MediaRejected if a job failed because of its file; return if the service itself failed."""
    if not ITS_OWN_FAULT.search(reason):
        message = f"{service} can't process this file: {reason.rstrip('.')}. {remedy}"
        raise MediaRejected(message, code="SourceFileError.ServiceRejected")


def job_failed_error(service: str, reason: str) -> OperationFailed:
    """Return the error after all jobs failed that may be started: another attempt would find the same."""
    message = f"{service} failed {JOBS} times because of an internal error: {reason}; restart the task later"
    return OperationFailed(message, code="OperationError.ServiceFailed")


def missing_feature_error(message: str) -> ParametersRejected:
    """Return the error for a request that this provider doesn't support."""
    return ParametersRejected(message, code="ParameterError.ProviderLacks")
