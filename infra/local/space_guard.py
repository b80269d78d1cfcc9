"""Refuses what stores something while the disk has little room, before the emulator sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from ministack.core.iam_actions import extract_iam_action  # type: ignore[import-untyped]  # it ships no types
from ministack.core.router import detect_service  # type: ignore[import-untyped]  # the same
from ministack.services import s3  # type: ignore[import-untyped]  # the same

from infra.local.asgi import App, Message, Receive, Send, answer, headers_of, read_body, replay
from infra.local.disk_full import refused
from infra.local.disk_space import FOR_OBJECTS, FOR_RECORDS, DiskSpace, stores_something

FORM = "application/x-www-form-urlencoded"  # protocols of AWS that name the action in the body
FORM_LIMIT = 16 * 1024**2  # bytes; the largest template that CloudFormation takes in a request has 51,200
RECORDS = frozenset({"dynamodb", "sqs"})  # in the journal before they are answered; all else waits for the next save
EMULATORS_OWN = "/_aws/"  # calls of a function's API, which store nothing by themselves


@dataclass
class SpaceGuard:
    """Stands behind the door of AWS and before the emulator."""

    aws: App
    space: DiskSpace

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it in the words of its service."""
        headers = headers_of(scope)
        body = b""
        if headers.get("content-type", "").startswith(FORM):
            body = await read_body(receive, FORM_LIMIT)
            receive = replay(body, receive)
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        service = detect_service(scope["method"], scope["path"], headers, query)
        if reason := self.refusal(service, scope["method"], scope["path"], headers, body, query):
            await drain(receive)  # a client reads no answer before it has sent all of its body
            status, more, content = refused(service, headers, reason)
            kind = more.pop("Content-Type").encode("latin-1")
            await answer(
                send, status, kind, content, [(k.encode("latin-1"), v.encode("latin-1")) for k, v in more.items()]
            )
        else:
            await self.aws(scope, receive, send)

    def refusal(  # noqa: PLR0913, PLR0917 - a request is what it is
        self,
        service: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query: Mapping[str, list[str]],
    ) -> str | None:
        """Return why a request is refused, None when it isn't."""
        if path.startswith(EMULATORS_OWN):
            return None
        action = extract_iam_action(service, method, path, headers, body, query)
        if not stores_something(action, method):
            return None
        if service == "s3" and "Bucket" not in (action or ""):
            size = int(headers.get("x-amz-decoded-content-length") or headers.get("content-length") or 0)
            return self.space.refusal(size + sent_before(query), FOR_OBJECTS)
        return self.space.refusal(0, FOR_RECORDS) if service in RECORDS else self.space.settings_refusal()


def sent_before(query: Mapping[str, list[str]]) -> int:
    """Return the bytes of the parts that an upload has so far: they are in memory until it is complete."""
    upload = s3._multipart_uploads.get(query.get("uploadId", [""])[0])  # noqa: SLF001 - it has no other way to ask
    return sum(part["size"] for part in upload["parts"].values()) if upload else 0


async def drain(receive: Receive) -> None:
    """Read the rest of a request's body and forget it."""
    while (message := await receive()).get("more_body") and message["type"] == "http.request":
        pass
