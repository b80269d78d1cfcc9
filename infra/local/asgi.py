"""The parts of ASGI that the local stack's gateways use."""

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
    """The request's body is longer than the gateway accepts."""


def read_headers(scope: Message) -> dict[str, str]:
    """Return the request's headers by lower-case name."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def is_loopback_host(host: str) -> bool:
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


def replay_body(body: bytes, receive: Receive) -> Receive:
    """Return a channel that first yields a body that was already read, and then continues as `receive`."""
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive_again() -> Message:
        return next(messages, None) or await receive()

    return receive_again


async def send_response(
    send: Send, status: int, content_type: bytes, body: bytes, more: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    """Send a complete response, with `more` headers."""
    headers = [(b"content-type", content_type), (b"x-content-type-options", b"nosniff"), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def send_refusal(send: Send, status: int, reason: str, code: str = "LocalStack.Refused") -> None:
    """Send a refusal in one sentence, in the format of the API's errors."""
    body = json.dumps({"code": code, "message": reason}).encode()
    await send_response(send, status, b"application/json", body)
