"""The answer of the emulated AWS when its disk is full, in the protocol of the service."""

from collections.abc import Mapping
from uuid import uuid4

from ministack.core.iam_actions import access_denied_response  # type: ignore[import-untyped]  # it ships no types

CODE = "InsufficientStorage"
STATUS = 507  # Insufficient Storage, RFC 4918. AWS SDKs don't retry it: only a person can free space


def disk_full_response(service: str, headers: Mapping[str, str], message: str) -> tuple[int, dict[str, str], bytes]:
    """Return the status, headers and body of a service's refusal."""
    _, answered, body = access_denied_response(
        service, "", "", str(uuid4()), error_code=CODE, message=message, headers=dict(headers)
    )
    return STATUS, answered, body
