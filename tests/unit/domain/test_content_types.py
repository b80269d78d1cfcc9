"""The content type that a file name implies, and the one that a browser may show."""

import pytest

from shared.domain.content_types import browser_safe_type, content_type_of


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("a.mp4", "video/mp4"),
        ("a.JPG", "image/jpeg"),
        ("a.webm", "video/webm"),
        ("a", "application/octet-stream"),
        ("a.mp4.gz", "application/octet-stream"),
        ("data:image/svg+xml (,x.mp4", "video/mp4"),
        ("data:image/png,x", "application/octet-stream"),
        ("//[x.mp4", "video/mp4"),
        ("a.b:c", "application/octet-stream"),
    ],
)
def test_the_content_type_follows_from_the_file_extension(key: str, kind: str) -> None:
    assert content_type_of(key) == kind


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        *((same, same) for same in ("video/mp4", "audio/mpeg", "image/jpeg", "text/vtt", "application/json")),
        *((same, same) for same in ("application/vnd.apple.mpegurl", "application/zip", "text/plain")),
        *(
            (active, None)
            for active in ("text/html", "image/svg+xml", "IMAGE/SVG+XML ; a=b", "text/xml", "application/xml")
        ),
        *(
            (active, None)
            for active in ("application/xhtml+xml", "application/dash+xml", "text/javascript", "text/css")
        ),
        *(
            (odd, None)
            for odd in ("application/pdf", "application/x-shockwave-flash", "", "x", "video", "multipart/mixed")
        ),
        *(
            (unclean, None)
            for unclean in ("image/svg+xml (", "image/svg+xml;a=b", "image/svg", "video/mp4; a", "video/", "image/a/b")
        ),
    ],
)
def test_only_what_never_runs_is_shown_as_what_it_is(kind: str, shown: str | None) -> None:
    assert browser_safe_type(kind) == (shown or "application/octet-stream")
