"""Every HTTP request of the command: straight to this machine, and elsewhere by the proxies of the environment."""

from ipaddress import ip_address
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from cli.errors import CommandFailed

PROXIES = "HTTP_PROXY, HTTPS_PROXY and ALL_PROXY"


class HttpClient:
    """Clients that keep their connections: one for this machine, one for all others. Each opens at its first use."""

    def __init__(self, timeout: httpx.Timeout, *, auth: httpx.Auth | None = None) -> None:
        """Open nothing yet: a proxy that can't be used is no fault before something is asked through it."""
        self._timeout, self._auth = timeout, auth
        self._clients: dict[bool, httpx.Client] = {}

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        for client in self._clients.values():
            client.close()

    def to(self, url: str) -> httpx.Client:
        """Return the client for a URL; raise CommandFailed when the environment's proxy for it can't be used."""
        here = is_loopback(url)
        if here not in self._clients:
            self._clients[here] = self._opened(url, here=here)
        return self._clients[here]

    def _opened(self, url: str, *, here: bool) -> httpx.Client:
        settings: dict[str, Any] = {"auth": self._auth, "timeout": self._timeout}
        if here:
            # Without TLS there is nothing to verify, and reading the certificates takes a fifth of a second.
            return httpx.Client(trust_env=False, verify=url.startswith("https:"), **settings)
        try:
            return httpx.Client(**settings)
        except ImportError as error:
            message = f"{urlsplit(url).hostname} can't be reached: a SOCKS proxy needs the package `socksio`"
            remedy = f"install it beside the command, or name an HTTP proxy in {PROXIES}"
            raise CommandFailed(message, code="ProxyUnusable", remedy=remedy) from error
        except (ValueError, httpx.InvalidURL) as error:
            message = f"the environment names a proxy that can't be used: {error}"
            raise CommandFailed(message, code="ProxyUnusable", remedy=f"check {PROXIES}") from error


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine: nobody signs in there, and no proxy leads there."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
