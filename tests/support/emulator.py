"""A stand-in for the emulated AWS behind the gateways; it records each request that reaches it."""

from dataclasses import dataclass, field

from infra.local.asgi import Message, Receive, Send, read_body, send_response


@dataclass
class Emulator:
    """Stands where ministack does, and keeps what came through."""

    scopes: list[Message] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        self.bodies.append(await read_body(receive, 10**9))
        await send_response(send, 200, b"text/plain", b"through")
