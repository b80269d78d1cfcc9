"""How the emulated AWS says that its disk is full: in the protocol of the service that was asked."""

from collections.abc import Mapping
from uuid import uuid4

from ministack.core.iam_actions import access_denied_response  # type: ignore[import-untyped]  # it ships no types

CODE = "InsufficientStorage"
STATUS = 507  # Insufficient Storage, RFC 4918. No AWS SDK tries such a request again: room comes from people


def refused(service: str, headers: Mapping[str, str], message: str) -> tuple[int, dict[str, str], bytes]:
    """Return the status, headers and body of a refusal of this service."""
    _, answered, body = access_denied_response(
        service, "", "", str(uuid4()), error_code=CODE, message=message, headers=dict(headers)
    )
    return STATUS, answered, body
