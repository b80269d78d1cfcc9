"""A proxy between the functions and AWS that counts requests."""

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

PLACEHOLDER = re.compile(r"#\w+")
TIMEOUT = 30.0
# A transition of a task, by an attribute that only it changes; the first match counts.
TRANSITIONS = {"attempt": "claim", "pending": "finish", "lease_until": "renew", "unsent": "mark_sent"}
PUTS = {"TASK": "create", "PLAN": "plan", "": "decision"}  # by the beginning of the sort key
PROGRESS = "subtask_"  # the beginning of the attributes that a report of progress changes
HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "keep-alive"})


class CountingProxy(ThreadingHTTPServer):
    """Forwards requests unchanged, with their signatures, to an endpoint on this machine."""

    daemon_threads = True

    def __init__(self, endpoint: str) -> None:
        """Listen on a free port."""
        self.endpoint = urlsplit(endpoint)
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), ProxyHandler)

    @property
    def url(self) -> str:
        """The URL of the proxy."""
        return f"http://127.0.0.1:{self.server_port}"

    def count(self, kind: str) -> None:
        """Count a request of a kind."""
        with self._lock:
            self._counts[kind] += 1

    def take(self) -> Counter[str]:
        """Return the counts since the last call, and start again at zero."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        return counts


class ProxyHandler(BaseHTTPRequestHandler):
    """One connection; each request is forwarded over a new connection, which can't be stale."""

    protocol_version = "HTTP/1.1"
    server: CountingProxy

    def do_POST(self) -> None:
        """Forward one request and its response, and count it."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        endpoint = self.server.endpoint
        with closing(HTTPConnection(endpoint.hostname or "", endpoint.port, timeout=TIMEOUT)) as upstream:
            upstream.putrequest("POST", self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                upstream.putheader(name, value)
            upstream.endheaders(body)
            answer = upstream.getresponse()
            content = answer.read()
        self.server.count(kind_of(self.headers.get("X-Amz-Target", ""), body, answer.status))
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def run_counting_proxy(endpoint: str) -> Iterator[CountingProxy]:
    """Yield a running proxy of that endpoint."""
    with CountingProxy(endpoint) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()


def kind_of(target: str, body: bytes, status: int) -> str:
    """Return the kind of a request in one word, with a note if it was refused."""
    operation = target.rpartition(".")[2]
    request = json.loads(body)
    match operation:
        case "PutItem":
            kind = PUTS.get(request["Item"].get("sk", {}).get("S", "").partition("#")[0], "record")
        case "UpdateItem":
            kind = transition_of(request)
        case _:
            kind = operation
    return kind if status < 400 else f"{kind}, refused"  # noqa: PLR2004 - HTTP


def transition_of(request: Mapping[str, Any]) -> str:
    """Return the transition that an update of a task makes."""
    names = request["ExpressionAttributeNames"]
    changed = {names[place] for place in PLACEHOLDER.findall(request["UpdateExpression"])}
    if any(name.startswith(PROGRESS) for name in changed):
        return "progress"
    return next((transition for attribute, transition in TRANSITIONS.items() if attribute in changed), "UpdateItem")
