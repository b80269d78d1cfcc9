"""The HTTP client of Reelmill's API: each request returns a JSON document or raises a clear error."""

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

import httpx

from cli.errors import CommandFailed, Unreachable, api_refusal
from cli.http_client import HttpClient

# Lambda's HTTP API times out after 30 s, so its 504 arrives before our own limit.
TIMEOUT = httpx.Timeout(35, connect=5)
PAUSES = (0.2, 0.5, 1.0)  # seconds before each retry of a read
PASSING = frozenset({429, 502, 503, 504})
REQUEST_ID_HEADERS = ("apigw-requestid", "x-amzn-requestid", "x-request-id")


class Api:
    """One API. Reads are retried after transient errors; writes are retried only if the caller passes `pauses`."""

    def __init__(self, url: str, *, local: bool, auth: httpx.Auth | None = None) -> None:
        """Open no connection yet."""
        self.url = url.rstrip("/")
        self.local = local
        self._http = HttpClient(TIMEOUT, auth=auth)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._http.__exit__(kind, error, trace)

    def get(self, path: str, **params: str | int | None) -> Any:  # noqa: ANN401 - the API's JSON
        """Return the document at `path`; parameters that are None are omitted."""
        # Spaces are encoded as %20: the signature covers the query as it is, and does not treat + as a space.
        query = urlencode({k: v for k, v in params.items() if v is not None}, quote_via=quote, safe="~")
        return self._ask("GET", path, query=query, pauses=PAUSES)

    def send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, pauses: Sequence[float] = ()
    ) -> Any:  # noqa: ANN401 - the API's JSON
        """Send a change, and return the API's answer, None if it is empty.

        A change that may happen twice without harm can have `pauses`: the seconds before each retry.
        """
        return self._ask(method, path, body=body, pauses=pauses)

    def _ask(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        body: Mapping[str, Any] | None = None,
        pauses: Sequence[float],
    ) -> Any:  # noqa: ANN401 - the API's JSON
        url = f"{self.url}{path}{'?' if query else ''}{query}"
        for pause in (*pauses, None):
            try:
                response = self._http.to(url).request(method, url, json=body)
            except httpx.TransportError as error:
                # On this machine waiting does not help: the stack is running or it isn't.
                if pause is None or (self.local and isinstance(error, httpx.ConnectError)):
                    raise self._unreachable(error) from error
            else:
                if response.status_code not in PASSING or pause is None:
                    return self._document(response, path)
            time.sleep(pause)
        raise AssertionError(path)

    def _document(self, response: httpx.Response, path: str) -> Any:  # noqa: ANN401 - the API's JSON
        try:
            document = response.json() if response.content else None
        except ValueError:
            document = None
            if response.is_success:
                raise CommandFailed(
                    f"{self.url} responds, but not like Reelmill's API",
                    remedy="check --api-url: it must be the address to which `/tasks` is appended",
                ) from None
        if response.is_success:
            return document
        request_id = next((response.headers[h] for h in REQUEST_ID_HEADERS if h in response.headers), None)
        raise api_refusal(response.status_code, path, document, request_id)

    def _unreachable(self, error: httpx.TransportError) -> Unreachable:
        if self.local and isinstance(error, httpx.ConnectError):
            return Unreachable(f"no stack is running: {self.url} does not respond", remedy="start one: `reelmill up`")
        reason = str(error) or type(error).__name__
        remedy = "`reelmill status` shows the state of the stack" if self.local else "check --api-url and the network"
        return Unreachable(f"no response from {self.url}: {reason}", remedy=remedy)


def at(*parts: str | int) -> str:
    """Return a path of the API, each part quoted: `at("tasks", id, "subtasks", 1)`."""
    return "".join(f"/{quote(str(part), safe='')}" for part in parts)
