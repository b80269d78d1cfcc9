"""What it means to an attempt when AWS refuses a request, or its job has failed."""

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

JOBS = 3  # A job that failed inside the service is started anew under another name, but only so often.
BUSY = frozenset(
    {"ThrottlingException", "ProvisionedThroughputExceededException", "InternalServerError", "InternalFailureException"}
)
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
INVALID = frozenset({"BadRequestException", "InvalidParameterException", "ValidationException"})
SERVER_ERROR = 500  # HTTP: from here on it is the server's own.
# A failed job has nothing but a sentence to tell the service's faults from the file's.
ITS_OWN_FAULT = re.compile(r"internal|server error|service error|unavailable|try again|timed? ?out", re.IGNORECASE)


@contextmanager
def translate_errors(service: str) -> Iterator[None]:
    """Turn what a request to that service raises into a leaf of AttemptFailed."""
    try:
        yield
    except ClientError as error:
        raise error_for(service, error) from error
    except BotoCoreError as error:
        message = f"{service} did not answer as it should: {error}"
        raise Interrupted(message, code="InternalError.Service") from error


def code_of(error: ClientError) -> str:
    """Return the type of a refusal."""
    return error.response["Error"]["Code"]


def error_for(service: str, error: ClientError) -> AttemptFailed:
    """Return what a refusal means."""
    code = code_of(error)
    told = error.response["Error"].get("Message") or code
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == "LimitExceededException":
        # It lasts for as long as the jobs of others do, so what waits for a job waits for this.
        return JobRunning(f"waiting for {service} to have room for another job of this account ({told})")
    if code in BUSY or status >= SERVER_ERROR:
        return Interrupted(f"{service} is busy: {told}", code="InternalError.Service")
    if code in DENIED:
        logger().warning("service not allowed", service_name=service, reason=told)  # which names account and role
        action = f"{service.lower()}:{error.operation_name}"
        message = (
            f"this deployment may not use {service}: allow {action} to the role of RunSubtask, as template.yaml does, "
            "or choose another provider"
        )
        final = OperationFailed(message, code="OperationError.NotAllowed")
        return AccessDenied(f"AWS denied the use of {service}", final=final)
    return file_error_for(service, code, told)


def file_error_for(service: str, code: str, told: str) -> AttemptFailed:
    """Return what a refusal means that has to do with the file, or with something nobody foresaw."""
    if code == "InvalidS3ObjectException":
        message = (
            f"{service} can't read the file in S3: it was deleted, lies in another region, or the role of RunSubtask "
            f"may not read it ({told})"
        )
        final = MediaRejected(message, code="SourceFileError.NotReadable")
        return AccessDenied(f"{service} was denied access to the file in S3", final=final)
    if code == "VideoTooLargeException":
        return LimitExceeded(f"the file is too large or too long for {service}: {told}", code="LimitError.TooLarge")
    if code in INVALID:
        return ParametersRejected(f"{service} does not take this file: {told}", code="ParameterError.ServiceRefused")
    return OperationFailed(f"{service} refused: {code}: {told}", code="OperationError.Service")


def check_media(service: str, reason: str, remedy: str) -> None:
    """Raise MediaRejected for a job that failed by its file; return when the service itself was at fault."""
    if not ITS_OWN_FAULT.search(reason):
        message = f"{service} can't work on this file: {reason.rstrip('.')}. {remedy}"
        raise MediaRejected(message, code="SourceFileError.ServiceRejected")


def job_failed_error(service: str, reason: str) -> OperationFailed:
    """Return what it means when all the jobs that may be started have failed: another attempt would find the same."""
    message = f"{service} failed {JOBS} times at this file, for reasons of its own: {reason}; restart the task later"
    return OperationFailed(message, code="OperationError.ServiceFailed")


def missing_feature_error(message: str) -> ParametersRejected:
    """Return what it means when this provider can't do what is asked."""
    return ParametersRejected(message, code="ParameterError.ProviderLacks")
