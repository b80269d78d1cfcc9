"""The few words of ASGI that the local stack's doors speak."""

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


class BodyTooLong(Exception):
    """The request brings more than the door takes."""


def headers_of(scope: Message) -> dict[str, str]:
    """Return the request's headers by lower-case name."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def is_loopback(host: str) -> bool:
    """Whether a Host header names this machine: a page whose own name points here would send that name."""
    try:
        return urlsplit(f"//{host}").hostname in LOOPBACK_NAMES
    except ValueError:
        return False


async def read_body(receive: Receive, limit: int) -> bytes:
    """Return the request's whole body; raise BodyTooLong beyond `limit` bytes."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > limit:
            raise BodyTooLong
        if not message.get("more_body"):
            return bytes(body)


def replay(body: bytes, receive: Receive) -> Receive:
    """Return a channel that gives a body that was read already, and then goes on as `receive`."""
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def again() -> Message:
        return next(messages, None) or await receive()

    return again


async def answer(
    send: Send, status: int, content_type: bytes, body: bytes, more: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    """Send a whole answer, with `more` headers."""
    headers = [(b"content-type", content_type), (b"x-content-type-options", b"nosniff"), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def refuse(send: Send, status: int, reason: str, code: str = "LocalStack.Refused") -> None:
    """Send a refusal in one sentence, in the API's shape of an error."""
    body = json.dumps({"code": code, "message": reason}).encode()
    await answer(send, status, b"application/json", body)
