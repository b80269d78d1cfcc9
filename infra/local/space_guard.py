"""Refuses requests that store something when the disk has little space, before the emulator sees them."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from ministack.core.iam_actions import extract_iam_action  # type: ignore[import-untyped]  # it ships no types
from ministack.core.router import detect_service  # type: ignore[import-untyped]  # the same
from ministack.services import s3  # type: ignore[import-untyped]  # the same

from infra.local.asgi import App, Message, Receive, Send, read_body, read_headers, replay_body, send_response
from infra.local.disk_full import disk_full_response
from infra.local.disk_space import FOR_OBJECTS, FOR_RECORDS, DiskSpace, stores_something

FORM = "application/x-www-form-urlencoded"  # AWS protocols that name the action in the body
FORM_LIMIT = 16 * 1024**2  # bytes; the largest template that CloudFormation accepts in a request has 51,200
RECORDS = frozenset({"dynamodb", "sqs"})  # journaled before they are answered; all else waits for the next save
EMULATORS_OWN = "/_aws/"  # calls of a function's API, which store nothing by themselves


@dataclass
class SpaceGuard:
    """The check between the gateway of AWS and the emulator."""

    aws: App
    space: DiskSpace

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it in the format of its service."""
        headers = read_headers(scope)
        body = b""
        if headers.get("content-type", "").startswith(FORM):
            body = await read_body(receive, FORM_LIMIT)
            receive = replay_body(body, receive)
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        service = detect_service(scope["method"], scope["path"], headers, query)
        if reason := self.refusal(service, scope["method"], scope["path"], headers, body, query):
            await drain(receive)  # a client reads the answer only after it has sent its whole body
            status, more, content = disk_full_response(service, headers, reason)
            kind = more.pop("Content-Type").encode("latin-1")
            await send_response(
                send, status, kind, content, [(k.encode("latin-1"), v.encode("latin-1")) for k, v in more.items()]
            )
        else:
            await self.aws(scope, receive, send)

    def refusal(  # noqa: PLR0913, PLR0917 - the parts of a request
        self,
        service: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query: Mapping[str, list[str]],
    ) -> str | None:
        """Return why a request is refused, None if it isn't."""
        if path.startswith(EMULATORS_OWN):
            return None
        action = extract_iam_action(service, method, path, headers, body, query)
        if not stores_something(action, method):
            return None
        if service == "s3" and "Bucket" not in (action or ""):
            size = int(headers.get("x-amz-decoded-content-length") or headers.get("content-length") or 0)
            return self.space.refusal(size + size_of_parts(query), FOR_OBJECTS)
        return self.space.refusal(0, FOR_RECORDS) if service in RECORDS else self.space.settings_refusal()


def size_of_parts(query: Mapping[str, list[str]]) -> int:
    """Return the bytes of a multipart upload's parts so far: they are in memory until it is complete."""
    upload = s3._multipart_uploads.get(query.get("uploadId", [""])[0])  # noqa: SLF001 - emulator_patches checks it
    return sum(part["size"] for part in upload["parts"].values()) if upload else 0


async def drain(receive: Receive) -> None:
    """Read the rest of a request's body and discard it."""
    while (message := await receive()).get("more_body") and message["type"] == "http.request":
        pass
