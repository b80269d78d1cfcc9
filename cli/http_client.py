"""HTTP requests of the command: direct to this machine, and through the environment's proxies to other hosts."""

from ipaddress import ip_address
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from cli.errors import CommandFailed

PROXIES = "HTTP_PROXY, HTTPS_PROXY and ALL_PROXY"


class HttpClient:
    """Clients that keep their connections: one for this machine, one for other hosts. Each opens at its first use."""

    def __init__(self, timeout: httpx.Timeout, *, auth: httpx.Auth | None = None) -> None:
        """Open nothing yet: an unusable proxy only matters once a request needs it."""
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
        """Return the client for a URL; raise CommandFailed if the environment's proxy for it is unusable."""
        here = is_loopback(url)
        if here not in self._clients:
            self._clients[here] = self._open(url, here=here)
        return self._clients[here]

    def _open(self, url: str, *, here: bool) -> httpx.Client:
        settings: dict[str, Any] = {"auth": self._auth, "timeout": self._timeout}
        if here:
            # Without TLS there is nothing to verify, and loading the certificates takes 0.2 s.
            return httpx.Client(trust_env=False, verify=url.startswith("https:"), **settings)
        try:
            return httpx.Client(**settings)
        except ImportError as error:
            raise CommandFailed(
                f"cannot reach {urlsplit(url).hostname}: a SOCKS proxy needs the package `socksio`",
                code="ProxyUnusable",
                remedy=f"install it next to the command, or set an HTTP proxy in {PROXIES}",
            ) from error
        except (ValueError, httpx.InvalidURL) as error:
            raise CommandFailed(
                f"the environment names an unusable proxy: {error}", code="ProxyUnusable", remedy=f"check {PROXIES}"
            ) from error


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine, which needs neither authentication nor a proxy."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
