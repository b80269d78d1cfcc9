"""The API as a WSGI application: each request becomes the event that API Gateway would make of it."""

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from functions.task_api.handler import handler
from tests.support.functions import IAM, Context, an_event

Start = Callable[[str, list[tuple[str, str]]], object]


def app(environ: Mapping[str, Any], start: Start) -> Iterable[bytes]:
    """Answer one request."""
    answer = json.loads(json.dumps(handler(event_of(environ), Context())))
    body = answer.get("body") or ""
    headers = [(name, value) for name, value in (answer.get("headers") or {}).items()]
    start(f"{answer['statusCode']} said", headers)
    return [base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()]


def event_of(environ: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event of a request, as an HTTP API in front of the function makes it."""
    method = environ["REQUEST_METHOD"]
    path = f"/{environ['PATH_INFO'].lstrip('/')}".encode("latin-1").decode("utf-8", "replace")
    query: dict[str, str] = {}
    for name, value in parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name[:5] == "HTTP_"}
    kind = environ.get("CONTENT_TYPE")
    text = _text(body)
    event = an_event("http-api-proxy") | {
        "rawPath": path,
        "rawQueryString": environ.get("QUERY_STRING", ""),
        "queryStringParameters": query,
        "headers": headers | ({"content-type": kind} if kind else {}),
        "body": base64.b64encode(body).decode() if text is None else text or None,
        "isBase64Encoded": text is None,
    }
    event["requestContext"] |= {"authorizer": IAM}
    event["requestContext"]["http"] |= {"method": method, "path": path}
    return event


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
