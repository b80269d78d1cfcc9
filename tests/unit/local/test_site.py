"""The built console, as the laptop stack serves it."""

import json
from pathlib import Path

import pytest

from infra.local.site import Site

MEDIA = "http://127.0.0.1:4566"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("not the console's")
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>")
    (folder / "assets" / "index-1a2b.js").write_text("1")
    return folder


@pytest.fixture
def site(folder: Path) -> Site:
    return Site(folder, MEDIA)


@pytest.mark.parametrize("path", ["/", "/tasks", "/tasks/01M87HD8DCJQ8SW8YDZE97CANA", "/templates/h264-720p/edit"])
def test_each_page_is_the_one_document(site: Site, path: str) -> None:
    page = site.page(path, "in")

    assert page is not None
    assert page.body == b"<!doctype html>"
    assert page.content_type == "text/html; charset=utf-8"
    assert dict(page.headers)["cache-control"] == "no-cache"


def test_a_file_named_by_its_content_may_be_cached(site: Site) -> None:
    page = site.page("/assets/index-1a2b.js", "in")

    assert page is not None
    assert page.content_type == "text/javascript; charset=utf-8"
    assert "immutable" in dict(page.headers)["cache-control"]


@pytest.mark.parametrize("path", ["/assets/gone-1a2b.js", "/../secret.txt", "/assets/../../secret.txt", "//etc/x.conf"])
def test_a_missing_file_is_not_the_document(site: Site, path: str) -> None:
    assert site.page(path, "in") is None


def test_no_file_outside_the_folder_is_served(site: Site) -> None:
    page = site.page("/../secret", "in")

    assert page is not None
    assert page.body == b"<!doctype html>"


def test_a_page_may_only_load_from_itself_and_from_the_buckets(site: Site) -> None:
    page = site.page("/", "in")

    assert page is not None
    policy = dict(page.headers)["content-security-policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self'"
    assert rules["connect-src"] == f"'self' {MEDIA}"
    assert rules["media-src"] == f"'self' blob: data: {MEDIA}"


def test_the_configuration_contains_what_the_bundle_cannot_know(site: Site) -> None:
    page = site.page("/config.json", "reelmill-in")

    assert page is not None
    assert json.loads(page.body) == {"auth": {"kind": "none"}, "inputBucket": "reelmill-in"}


def test_there_is_no_page_before_the_console_is_built(tmp_path: Path) -> None:
    site = Site(tmp_path / "dist", MEDIA)

    assert site.page("/tasks", "in") is None
    assert site.page("/config.json", "in") is not None
