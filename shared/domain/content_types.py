"""Media types: that of a key, and that under which a browser may show a file. Pure."""

import mimetypes
import re

from shared.domain.output_names import format_of

DOWNLOAD_ONLY = "application/octet-stream"
MEDIA = re.compile(r"(video|audio|image)/[a-z0-9.+-]+")
# Types other than media that a browser shows but never executes.
HARMLESS = frozenset({"application/vnd.apple.mpegurl", "application/json", "application/zip", "text/vtt", "text/plain"})


def content_type_of(key: str) -> str:
    """Return the media type of a key, by its file extension."""
    # mimetypes would treat the whole key as a URL, and trust the type in one of the form data:TYPE.
    return mimetypes.guess_type(f"a.{format_of(key)}")[0] or DOWNLOAD_ONLY


def browser_safe_type(kind: str) -> str:
    """Return the media type under which a link may deliver a file: media, raster images and harmless lists unchanged.

    Everything else, such as pages, scripts and XML (SVG, manifests), becomes plain bytes: a stranger may have written
    it.
    """
    media = MEDIA.fullmatch(kind) and not kind.endswith(("svg", "xml"))
    return kind if media or kind in HARMLESS else DOWNLOAD_ONLY
