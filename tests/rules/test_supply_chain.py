"""What comes from others: pinned by its hash, from the registries alone, and under licenses that we may use."""

import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Iterable
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

from infra.scans.licenses import PROJECT, Package, console_packages, is_permitted, python_packages


def test_every_python_package_is_pinned_by_hash_and_comes_from_one_registry() -> None:
    packages: list[dict[str, Any]] = tomllib.loads((PROJECT / "uv.lock").read_text())["package"]
    others = [package for package in packages if package["name"] != "reelmill"]

    [registry] = {package["source"].get("registry") for package in others}
    assert registry
    for package in others:
        files = [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else [])]
        assert files
        assert all(file["hash"].startswith("sha256:") for file in files), package["name"]


@pytest.mark.parametrize("folder", ["console", "tests/npm"])
def test_every_npm_package_is_pinned_by_hash_and_comes_from_the_registry(folder: str) -> None:
    lock = json.loads((PROJECT / folder / "package-lock.json").read_text())

    for place, package in lock["packages"].items():
        if place and not package.get("inBundle"):  # which its bundle's hash covers
            assert package["integrity"].startswith("sha512-"), place
            assert "resolved" not in package, place  # a place of its own, which npm would fetch it from


def test_every_tool_that_make_fetches_has_a_version() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    named = re.findall(r"(?:tool run --quiet --from|pip install --quiet --disable-pip-version-check) (\S+)", makefile)
    pinned = [re.fullmatch(r"[\w-]+==\$\((\w+)\)", name) for name in named]

    assert all(pinned)
    assert len(named) == makefile.count("tool run") + makefile.count("-m pip install")
    for variable in [found[1] for found in pinned if found]:
        assert re.search(rf"^{variable} := \d+\.\d+\.\d+$", makefile, re.MULTILINE)


def test_weights_and_fonts_are_those_that_the_security_page_describes() -> None:
    rows = re.findall(
        r"^\* `(\S+)`: .*\n  SHA-256 `([0-9a-f]{64})`", (PROJECT / "SECURITY.md").read_text(), re.MULTILINE
    )
    packages = Path(str(distribution("rapidocr").locate_file("")))

    assert len(rows) == 8
    for path, expected in rows:
        with (packages / path).open("rb") as content:
            assert hashlib.file_digest(content, "sha256").hexdigest() == expected, path


@pytest.mark.parametrize("packages", [python_packages, console_packages])
def test_every_license_is_one_that_we_may_use(packages: Callable[[], Iterable[Package]]) -> None:
    found = list(packages())

    assert found
    assert not [str(package) for package in found if not package.is_allowed]


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("(MIT OR GPL-3.0-only) AND ISC", True),
        ("unknown", False),
        ("", False),
    ],
)
def test_a_license_is_allowed_when_all_that_it_asks_is(expression: str, allowed: bool) -> None:  # noqa: FBT001
    assert is_permitted(expression) == allowed
