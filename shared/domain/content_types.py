"""What kind of file a key names, and as what a browser may show it. Pure."""

import mimetypes
import re

from shared.domain.orchestration import format_of

SAVED_ALONE = "application/octet-stream"
MEDIA = re.compile(r"(video|audio|image)/[a-z0-9.+-]+")
# Besides video, audio and images, what a browser shows and never runs.
HARMLESS = frozenset({"application/vnd.apple.mpegurl", "application/json", "application/zip", "text/vtt", "text/plain"})


def content_type_of(key: str) -> str:
    """Return the media type that a key's ending stands for."""
    # Of the whole key mimetypes makes a URL, and believes what one of the form data:TYPE says of itself.
    return mimetypes.guess_type(f"a.{format_of(key)}")[0] or SAVED_ALONE


def shown_type(kind: str) -> str:
    """Return the media type that a link may show: media, raster images and plain lists as what they are.

    All else, as pages, scripts and what is made of XML (SVG, manifests), is bytes: a stranger may have written it.
    """
    media = MEDIA.fullmatch(kind) and not kind.endswith(("svg", "xml"))
    return kind if media or kind in HARMLESS else SAVED_ALONE
