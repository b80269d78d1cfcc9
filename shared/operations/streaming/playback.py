"""Streams as players get them: each file that a playlist, a manifest or WebVTT names becomes a link. Pure."""

import re
from collections.abc import Callable, Mapping
from html import escape, unescape

HLS_TYPE, DASH_TYPE, VTT_TYPE = "application/vnd.apple.mpegurl", "application/dash+xml", "text/vtt"
KEY_TYPE = "application/octet-stream"
KEY_EXTENSION = ".key"  # of the file that decrypts a stream

URI_ATTRIBUTE = re.compile(r'(?<=URI=")[^"]*(?=")')
BASE_URL = re.compile(r"(?<=<BaseURL>)[^<]*(?=</BaseURL>)")
SPRITE_CUE = re.compile(r"^(?P<file>[^#\r\n]+)(?P<area>#xywh=[\d,]+)(?=\r?$)", re.MULTILINE)

LinkUri = Callable[[str], str]


def link_hls(text: str, link: LinkUri) -> str:
    """Return a playlist with its URIs replaced: those in tags, and those on lines by themselves."""

    def replace_line(line: str) -> str:
        if line.startswith("#"):
            return URI_ATTRIBUTE.sub(lambda uri: link(uri[0]), line)
        return link(line) if line else line

    return "\n".join(map(replace_line, text.splitlines())) + "\n"


def link_dash(text: str, link: LinkUri) -> str:
    """Return a manifest with its addresses replaced."""
    return BASE_URL.sub(lambda uri: escape(link(unescape(uri[0]))), text)


def link_vtt(text: str, link: LinkUri) -> str:
    """Return WebVTT with links in place of the image names in cues that show an area of an image."""
    return SPRITE_CUE.sub(lambda cue: link(cue["file"]) + cue["area"], text)


# By content type. A player finds nothing in a playlist or a manifest whose files are not links.
LINKERS: Mapping[str, Callable[[str, LinkUri], str]] = {
    HLS_TYPE: link_hls,
    DASH_TYPE: link_dash,
    VTT_TYPE: link_vtt,
}
