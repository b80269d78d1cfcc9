"""The built console, as the laptop stack serves it: the same files that S3 and CloudFront serve on AWS."""

import json
import mimetypes
from dataclasses import dataclass
from pathlib import Path

# Browsers refuse a script or a font of another type, and the table of some machines lacks these.
TYPES = {".js": "text/javascript", ".woff2": "font/woff2", ".svg": "image/svg+xml"}
UNCHANGING = "public, max-age=31536000, immutable"  # the names under assets/ change with their content
ASK_FIRST = "no-cache"


@dataclass(frozen=True)
class Page:
    """What a path shows, and the headers that go with it."""

    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Site:
    """The console's folder. `media` is the origin that its pages upload to and play from."""

    folder: Path
    media: str

    @property
    def built(self) -> bool:
        """Whether `make console` has been here."""
        return (self.folder / "index.html").is_file()

    def page(self, path: str, input_bucket: str) -> Page | None:
        """Return what a path shows, None when there is no such thing."""
        if path == "/config.json":
            return self._config(input_bucket)
        if not self.built:
            return None
        file = (self.folder / path.lstrip("/")).resolve()
        if file.is_file() and file.is_relative_to(self.folder.resolve()):
            return self._file(file, cache_control(path.lstrip("/")))
        # A page of the console has an address of its own, but is made by the one document.
        inside = "." not in path.rpartition("/")[2]
        return self._file(self.folder / "index.html", ASK_FIRST) if inside else None

    def _config(self, input_bucket: str) -> Page:
        document = {"auth": {"kind": "none"}, "inputBucket": input_bucket}
        return Page("application/json", json.dumps(document).encode(), (("cache-control", ASK_FIRST),))

    def _file(self, file: Path, cache: str) -> Page:
        headers = (
            ("cache-control", cache),
            ("content-security-policy", policy(self.media)),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
        )
        return Page(content_type(file.name), file.read_bytes(), headers)


def content_type(name: str) -> str:
    """Return what a browser is told that a file is."""
    kind = TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def cache_control(path: str) -> str:
    """Return how long a browser may keep a file of the console's folder."""
    return UNCHANGING if path.startswith("assets/") else ASK_FIRST


def policy(media: str) -> str:
    """Return the Content-Security-Policy of the console's pages."""
    rules = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self' 'unsafe-inline'",  # the player's parts bring their styles inside
        "font-src": "'self'",
        "img-src": f"'self' data: blob: {media}",
        "media-src": f"'self' blob: data: {media}",  # hls.js begins each list of subtitles with an empty one
        "connect-src": f"'self' {media}",
        "worker-src": "'self' blob:",  # HLS is taken apart in a worker made of a blob
        "manifest-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())
