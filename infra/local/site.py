"""The built console, as the laptop stack serves it: the same files that S3 and CloudFront serve on AWS."""

import json
import mimetypes
from dataclasses import dataclass
from pathlib import Path

# Browsers refuse a script or a font of another type, and the tables of some machines lack these.
TYPES = {".js": "text/javascript", ".woff2": "font/woff2", ".svg": "image/svg+xml"}
UNCHANGING = "public, max-age=31536000, immutable"  # the names under assets/ change with their content
ASK_FIRST = "no-cache"


@dataclass(frozen=True)
class SitePage:
    """The content of a path, and the headers that are sent with it."""

    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Site:
    """The console's folder. `media` is the origin to which its pages upload and from which they play."""

    folder: Path
    media: str

    @property
    def is_built(self) -> bool:
        """Whether `make console` has built it."""
        return (self.folder / "index.html").is_file()

    def page(self, path: str, input_bucket: str) -> SitePage | None:
        """Return the page at a path, None if there is none."""
        if path == "/config.json":
            return self._config(input_bucket)
        if not self.is_built:
            return None
        file = (self.folder / path.lstrip("/")).resolve()
        if file.is_file() and file.is_relative_to(self.folder.resolve()):
            return self._file(file, cache_control(path.lstrip("/")))
        # Each page of the console has its own address, but all of them are served as the one document.
        inside = "." not in path.rpartition("/")[2]
        return self._file(self.folder / "index.html", ASK_FIRST) if inside else None

    def _config(self, input_bucket: str) -> SitePage:
        document = {"auth": {"kind": "none"}, "inputBucket": input_bucket}
        return SitePage("application/json", json.dumps(document).encode(), (("cache-control", ASK_FIRST),))

    def _file(self, file: Path, cache: str) -> SitePage:
        headers = (
            ("cache-control", cache),
            ("content-security-policy", security_policy(self.media)),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
        )
        return SitePage(content_type(file.name), file.read_bytes(), headers)


def content_type(name: str) -> str:
    """Return the content type with which a file is served."""
    kind = TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def cache_control(path: str) -> str:
    """Return how long a browser may keep a file of the console's folder."""
    return UNCHANGING if path.startswith("assets/") else ASK_FIRST


def security_policy(media: str) -> str:
    """Return the Content-Security-Policy of the console's pages."""
    rules = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self' 'unsafe-inline'",  # the player's parts contain their own styles
        "font-src": "'self'",
        "img-src": f"'self' data: blob: {media}",
        "media-src": f"'self' blob: data: {media}",  # hls.js starts each list of subtitles with an empty one
        "connect-src": f"'self' {media}",
        "worker-src": "'self' blob:",  # hls.js parses HLS in a worker that is created from a blob
        "manifest-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())
