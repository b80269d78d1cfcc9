"""The console port: the console, and /api, where the user need not sign in."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import unquote, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

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
    send_response,
)
from infra.local.disk_space import FOR_RECORDS, DiskSpace
from infra.local.errors import DiskFull
from infra.local.info import console_token
from infra.local.site import Site, SitePage

API = "/api"
TOKEN = "x-reelmill-token"  # noqa: S105 - the header; `reelmill env` prints its value as REELMILL_TOKEN
READING = frozenset({"GET", "HEAD", "OPTIONS"})
BODY_LIMIT = 10 * 1024**2  # bytes; an HTTP API accepts 10 MB, AWS quotas page
# Headers of one connection, and those that the signature replaces.
NOT_FORWARDED = frozenset({TOKEN, "host", "authorization", "connection", "content-length", "transfer-encoding", "te"})

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Reelmill</title>
<meta name="viewport" content="width=device-width"><style>
:root{{color-scheme:light dark}}
body{{font:16px/1.5 system-ui;max-width:44rem;margin:3rem auto;padding:0 1rem}}
pre{{overflow:auto;padding:1rem;border:1px solid #8888;border-radius:6px}}</style>
<h1>Reelmill is running</h1>
<p>The console is not built yet. Run <code>make console</code>; it then replaces this page.</p>
<p>Each file that you upload to <code>uploads/</code> in the input bucket becomes a task.</p>
<pre>reelmill demo
reelmill upload movie.mp4 --wait
reelmill tasks list
eval "$(reelmill env)"
aws s3 cp movie.mp4 s3://{bucket}/uploads/</pre>
<p>The API is at <a href="/api/health">/api</a>; <a href="/api/docs">/api/docs</a> describes it.</p>
"""


@dataclass
class ConsoleGateway:
    """The gateway for the user's own pages and programs; pages of other sites must not act through it."""

    aws: App
    credentials: Credentials
    region: str
    api_id: str | None = None  # until the template is deployed
    input_bucket: str = ""
    site: Site | None = None
    space: DiskSpace | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers, path = read_headers(scope), scope["path"]
        if not is_loopback_host(headers.get("host", "")):
            await send_refusal(send, 403, "this stack only answers to loopback names")
        elif comes_from_elsewhere(headers, path) and not self._has_token(headers):
            await send_refusal(
                send, 403, f"pages of other sites may not use this stack; your own programs must send {TOKEN}"
            )
        elif path == API or path.startswith(API + "/"):
            await self._call_api(scope, receive, send, headers)
        elif scope["method"] in {"GET", "HEAD"} and (page := self._page(path)):
            more = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in page.headers]
            await send_response(send, 200, page.content_type.encode("latin-1"), page.body, more)
        else:
            await send_refusal(send, 404, "page not found; the API is at /api")

    def _page(self, path: str) -> SitePage | None:
        """Return the console's page; until the console is built, a page that describes the stack."""
        page = self.site.page(path, self.input_bucket) if self.site else None
        if page is None and path == "/":
            return SitePage("text/html; charset=utf-8", PAGE.format(bucket=escape(self.input_bucket)).encode(), ())
        return page

    def _has_token(self, headers: Mapping[str, str]) -> bool:
        """Whether the sender has the token that `reelmill env` prints: other pages don't."""
        return hmac.compare_digest(headers.get(TOKEN, "").encode(), console_token(self.credentials.secret_key).encode())

    async def _call_api(self, scope: Message, receive: Receive, send: Send, headers: dict[str, str]) -> None:
        if self.api_id is None:
            await send_refusal(send, 503, "the stack is still starting")
            return
        try:
            body = await read_body(receive, BODY_LIMIT)
        except BodyTooLong:
            await send_refusal(send, 413, "the API accepts bodies up to 10 MB")
            return
        if reason := self._disk_full(scope["method"]):
            await send_refusal(send, 507, reason, DiskFull.code)
            return
        target = f"/_aws/execute-api/{self.api_id}/$default".encode() + (scope["raw_path"][len(API) :] or b"/")
        signed = self._sign(scope, target.decode("latin-1"), headers, body)
        inner = {
            **scope,
            "scheme": "https",
            "path": unquote(target.decode("latin-1")),
            "raw_path": target,
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in signed.items()],
        }
        await self.aws(inner, replay_body(body, receive), send)

    def _disk_full(self, method: str) -> str | None:
        """Return why a request that may store something is refused, None if there is enough space."""
        return None if self.space is None or method in READING else self.space.refusal(0, FOR_RECORDS)

    def _sign(self, scope: Message, target: str, headers: dict[str, str], body: bytes) -> dict[str, str]:
        """Return the request's headers with a signature of this stack's user."""
        query = scope["query_string"].decode("latin-1")
        host = headers["host"]
        request = AWSRequest(
            method=scope["method"],
            url=f"https://{host}{target}{'?' if query else ''}{query}",
            data=body,
            headers={"Host": host, "X-Amz-Content-SHA256": hashlib.sha256(body).hexdigest()},
        )
        SigV4Auth(self.credentials, "execute-api", self.region).add_auth(request)
        kept = {name: value for name, value in headers.items() if name not in NOT_FORWARDED}
        length = {"content-length": str(len(body))} if body else {}
        return (
            kept | length | {"x-forwarded-prefix": API} | {name: str(value) for name, value in request.headers.items()}
        )


def comes_from_elsewhere(headers: Mapping[str, str], path: str) -> bool:
    """Whether a page other than the console sends a request.

    Browsers send the origin with every request that may change something. For other requests, which a page embeds,
    they say how that page's site relates to this one.
    """
    origin = headers.get("origin")
    if origin:
        return urlsplit(origin).netloc != headers["host"]
    embedded = (
        headers.get("sec-fetch-site") in {"cross-site", "same-site"} and headers.get("sec-fetch-mode") != "navigate"
    )
    return embedded and path.startswith(API)
