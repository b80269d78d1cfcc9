"""The HTTP client of Reelmill's API: one request in, one JSON document or one clear error out."""

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

import httpx

from cli.errors import CommandFailed, Unreachable, refusal
from cli.http_client import HttpClient

# Lambda's HTTP API gives up after 30 s, so its 504 comes before our own limit.
TIMEOUT = httpx.Timeout(35, connect=5)
PAUSES = (0.2, 0.5, 1.0)  # seconds before each further try of a read
PASSING = frozenset({429, 502, 503, 504})
REQUEST_ID_HEADERS = ("apigw-requestid", "x-amzn-requestid", "x-request-id")


class Api:
    """One API. Reads are tried again when a fault may pass; writes only when whoever asks says how often."""

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
        """Return what stands at `path`; a parameter that is None is left out."""
        # Spaces go as %20: a signature is made over the query as it stands, and there + is no space.
        query = urlencode({k: v for k, v in params.items() if v is not None}, quote_via=quote, safe="~")
        return self._ask("GET", path, query=query, pauses=PAUSES)

    def send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, pauses: Sequence[float] = ()
    ) -> Any:  # noqa: ANN401 - the API's JSON
        """Change something, and return the API's answer; None when it has nothing to say.

        What may happen twice without harm can be given `pauses`: the seconds before each further try.
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
                # On this machine there is nothing to wait for: the stack runs or it doesn't.
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
                message = f"{self.url} answers, but not as Reelmill's API does"
                remedy = "check --api-url: it is the address that `/tasks` is appended to"
                raise CommandFailed(message, remedy=remedy) from None
        if response.is_success:
            return document
        request_id = next((response.headers[h] for h in REQUEST_ID_HEADERS if h in response.headers), None)
        raise refusal(response.status_code, path, document, request_id)

    def _unreachable(self, error: httpx.TransportError) -> Unreachable:
        if self.local and isinstance(error, httpx.ConnectError):
            return Unreachable(f"no stack runs here: nothing answers at {self.url}", remedy="start one: `reelmill up`")
        reason = str(error) or type(error).__name__
        remedy = "`reelmill status` shows how the stack is" if self.local else "check --api-url and the network"
        return Unreachable(f"no answer from {self.url}: {reason}", remedy=remedy)


def at(*parts: str | int) -> str:
    """Return a path of the API, each part quoted: `at("tasks", id, "subtasks", 1)`."""
    return "".join(f"/{quote(str(part), safe='')}" for part in parts)
