"""The AWS port: only requests that a key of this stack has signed reach the emulated AWS.

ministack checks the signatures of roles only. It accepts the account's own key without a check, and S3 requests without
any key. Without this gateway, any page in the user's browser could read and delete the files here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from ministack.core.iam_evaluator import is_root_access_key  # type: ignore[import-untyped]  # it ships no types
from ministack.core.router import extract_access_key_id  # type: ignore[import-untyped]  # the same
from ministack.core.sigv4 import (  # type: ignore[import-untyped]  # the same
    header_signature_failure,
    parse_header_signature,
    parse_query_signature,
    presigned_request_is_expired,
    request_time_failure,
)

from infra.local.asgi import (
    App,
    BodyTooLong,
    Message,
    Receive,
    Send,
    is_loopback_host,
    read_body,
    read_headers,
    replay_body,
    send_refusal,
)

EXECUTE_API = re.compile(r"/_aws/execute-api/[^/]+/")
ALGORITHM = "AWS4-HMAC-SHA256"
PAYLOAD_HASH = "x-amz-content-sha256"
SIGNATURE_PARAMETERS = frozenset(
    {"x-amz-credential", "x-amz-signature", "x-amz-algorithm", "awsaccesskeyid", "signature"}
)
BODY_LIMIT = 64 * 1024**2  # bytes; only S3 requests are longer, and they name their body's hash in a header
UNSIGNED = "this request is not signed; `reelmill env` prints the key to sign with"
MALFORMED = "this request's signature cannot be read; sign it with Signature Version 4"


@dataclass
class AwsGateway:
    """The gateway for signed requests. `requests` counts all requests; each of them may have changed something."""

    aws: App
    access_key_id: str
    secret_access_key: str
    requests: int = field(default=0, init=False)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer why it is refused."""
        self.requests += 1
        headers, path = read_headers(scope), scope["path"]
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        through_api = EXECUTE_API.match(path) is not None
        if not is_loopback_host(headers.get("host", "")):
            await send_refusal(send, 403, "this stack only answers to loopback names")
        elif path.startswith("/_") and not through_api:
            await send_refusal(send, 404, "the emulator's own controls are closed")
        elif not names_key(headers, query) and (through_api or scope.get("method") == "OPTIONS"):
            # A route decides by itself who must sign; a browser's preflight is never signed.
            await self._pass(scope, receive, send)
        else:
            await self._check(scope, receive, send, headers, query)

    async def _check(
        self,
        scope: Message,
        receive: Receive,
        send: Send,
        headers: Mapping[str, str],
        query: dict[str, list[str]],
    ) -> None:
        body = b""
        if PAYLOAD_HASH not in headers and "authorization" in headers:
            try:
                body = await read_body(receive, BODY_LIMIT)
            except BodyTooLong:
                await send_refusal(send, 413, f"only uploads to S3 may be longer than {BODY_LIMIT} bytes")
                return
            receive = replay_body(body, receive)
        if reason := self.failure(scope, headers, query, body):
            await send_refusal(send, 403, reason)
        else:
            await self._pass(scope, receive, send)

    async def _pass(self, scope: Message, receive: Receive, send: Send) -> None:
        # The bucket policies refuse plain HTTP; loopback is as private as TLS.
        await self.aws({**scope, "scheme": "https"}, receive, send)

    def failure(
        self, scope: Message, headers: Mapping[str, str], query: dict[str, list[str]], body: bytes
    ) -> str | None:
        """Return why a request is refused; None if our key signed it, or a role's key, which ministack checks."""
        if not names_key(headers, query):
            return UNSIGNED
        presigned = "authorization" not in headers
        if not presigned and not headers["authorization"].startswith(ALGORITHM):
            return MALFORMED
        signature = parse_query_signature(query) if presigned else parse_header_signature(headers)
        if isinstance(signature, tuple) or signature.access_key_id != extract_access_key_id(dict(headers), query):
            return MALFORMED
        key = signature.access_key_id
        if key != self.access_key_id:
            return f"the key {key} does not belong to this stack" if is_root_access_key(key) else None
        wrong = header_signature_failure(
            signature,
            self.secret_access_key,
            scope["method"],
            scope["raw_path"].decode("latin-1"),
            query,
            headers,
            body,
            presigned=presigned,
        )
        if wrong is None and presigned:
            return "this link has expired" if is_expired(signature.amz_date, query) else None
        wrong = wrong or request_time_failure(signature)
        return str(wrong[1]) if wrong else None


def names_key(headers: Mapping[str, str], query: Mapping[str, object]) -> bool:
    """Whether the request names a key, valid or not."""
    return "authorization" in headers or not SIGNATURE_PARAMETERS.isdisjoint(name.lower() for name in query)


def is_expired(signed_at: str, query: Mapping[str, list[str]]) -> bool:
    """Whether a presigned link has expired; a link without a valid time has."""
    try:
        return bool(presigned_request_is_expired(signed_at, query["X-Amz-Expires"][0]))
    except (KeyError, ValueError):
        return True
