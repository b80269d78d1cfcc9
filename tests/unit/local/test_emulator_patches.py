"""The emulator's inner names: all of them are declared in one module, and a version that lacks one is refused."""

import argparse
import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from infra.local import boot, emulator_patches
from infra.local.emulator import PROJECT
from infra.local.emulator_patches import (
    EMULATOR_VERSION,
    MODULES,
    PATCHES,
    USED,
    Patch,
    check,
    describe_parameters,
    install,
)
from infra.local.errors import UnsupportedEmulator

# What the server does before it serves.
SERVER = """
from pathlib import Path
from infra.local import emulator_patches
emulator_patches.check()
from infra.local import emulator_state, protection, versioned_reads
from infra.local.disk_space import DiskSpace
from infra.local.journal import Journal
from infra.local.object_files import ObjectFiles
from infra.local.pending_uploads import PendingUploads
from infra.local.queue_urls import queue_url_wrappers
from infra.local.workers import Workers
from infra.local.write_ahead import WriteAhead
space = DiskSpace(Path())
sets = (
    WriteAhead(Journal(), space).wrappers(),
    emulator_state.state_wrappers(Journal(), Path()),
    {"app.save_all": lambda _: print},
    Workers().wrappers(),
    versioned_reads.read_wrappers(),
    PendingUploads(None).wrappers(),
    ObjectFiles(space).wrappers(),
    protection.protection_wrappers(),
    queue_url_wrappers("http://127.0.0.1:1"),
)
emulator_patches.install(*sets)
print(*(name for wrappers in sets for name in wrappers))
"""
LOCAL = PROJECT / "infra" / "local"
TWO = Patch("two.double", "number, by=2", replaces="It doubles.", promise="It counts.", registry="two.TABLE[double]")


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Lend a module that stands for one of the emulator's, with one function that is kept in two places."""

    def double(number: int, by: int = 2) -> int:
        return number * by

    module = ModuleType("two")
    module.double = double  # type: ignore[attr-defined]  # made here
    module.TABLE = {"double": double}  # type: ignore[attr-defined]  # the same
    monkeypatch.setitem(sys.modules, "two", module)
    monkeypatch.setattr(emulator_patches, "MODULES", {**MODULES, "two": "two"})
    monkeypatch.setattr(emulator_patches, "PATCHES", (TWO,))
    return module


def test_the_version_that_is_named_is_the_one_that_is_installed_with_the_project() -> None:
    assert f'"ministack=={EMULATOR_VERSION}"' in (PROJECT / "pyproject.toml").read_text()


@pytest.mark.parametrize(
    ("name", "parameters", "difference"),
    [
        ("two.triple", "number", "two.triple is missing"),
        ("two.TABLE[triple]", "number", r"two.TABLE\[triple\] is missing"),
        ("two.TABLE", "number", "two.TABLE is not a function"),
        ("two.double", "number", r"two.double takes \(number, by=2\) instead of \(number\)"),
        ("gone.double", "number", "gone.double is missing"),
    ],
)
@pytest.mark.usefixtures("two")
def test_another_emulator_is_refused_with_the_version_that_is_needed(
    monkeypatch: pytest.MonkeyPatch, name: str, parameters: str, difference: str
) -> None:
    monkeypatch.setitem(emulator_patches.MODULES, "gone", "no.such.module")

    with pytest.raises(UnsupportedEmulator, match=difference) as refused:
        check([Patch(name, parameters, "", "")], {})
    with pytest.raises(UnsupportedEmulator, match=difference):
        check([], {name: parameters})

    assert f"needs ministack {EMULATOR_VERSION}" in refused.value.message
    assert "make setup" in refused.value.message


@pytest.mark.usefixtures("two")
def test_a_name_that_is_as_expected_is_accepted() -> None:
    check([TWO], {"two.TABLE": None})


def test_a_later_wrapper_wraps_the_earlier_one_in_every_place(two: ModuleType) -> None:
    install(
        {"two.double": lambda double: lambda number: double(number) + 1},
        {"two.double": lambda wrapped: lambda number: wrapped(number) * 10},
    )

    assert two.double(1) == two.TABLE["double"](1) == 30


def test_the_command_that_starts_a_stack_learns_that_the_emulator_does_not_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> None:
        raise UnsupportedEmulator("it needs another one")

    monkeypatch.setattr(emulator_patches, "check", refuse)
    reading_end, writing_end = os.pipe()

    exit_code = boot.main(argparse.Namespace(report_fd=writing_end))

    with os.fdopen(reading_end) as report:
        assert json.load(report) == {"error": "it needs another one", "code": "LocalStack.UnsupportedEmulator"}
    assert exit_code == 1


def test_the_installed_emulator_fits_and_every_patch_is_installed() -> None:
    """Run it in a separate process, because the emulator changes the logging of the process that imports it."""
    listing = subprocess.run(
        [sys.executable, "-c", SERVER], capture_output=True, text=True, check=False, timeout=60, cwd=PROJECT
    )

    assert listing.returncode == 0, listing.stderr
    assert set(listing.stdout.split()) == {patch.name for patch in PATCHES}
    assert all(patch.replaces.endswith(".") and patch.promise.endswith(".") for patch in PATCHES)


def emulator_modules(tree: ast.Module) -> dict[str, str]:
    """Return the local names under which a module imports the emulator's, and the names that are declared for them."""
    declared = {path: name for name, path in MODULES.items()}
    return {
        alias.asname or alias.name: declared[f"{node.module}.{alias.name}"]
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if f"{node.module}.{alias.name}" in declared
    }


def names_in(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """Yield each name of the emulator that a module uses, and whether it is assigned."""
    modules = emulator_modules(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            yield f"{modules[node.value.id]}.{node.attr}", isinstance(node.ctx, ast.Store)


@pytest.mark.parametrize("path", sorted(LOCAL.glob("*.py")), ids=lambda path: path.name)
def test_no_other_module_replaces_a_name_or_uses_one_that_is_not_checked(path: Path) -> None:
    tree = ast.parse(path.read_text())
    names = list(names_in(tree))

    assert [name for name, assigned in names if assigned] == []
    assert {name for name, _ in names} - {"app.app"} <= set(USED) | {patch.name for patch in PATCHES}
    if path.name != "emulator_patches.py":
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "setattr"]


def test_every_name_that_is_checked_is_used() -> None:
    used = {name for path in LOCAL.glob("*.py") for name, _ in names_in(ast.parse(path.read_text()))}

    assert set(USED) - {"lambda_svc.CODE_BLOB_DIR"} <= used


def test_parameters_are_described_with_their_defaults() -> None:
    def function(a: int, b: str = "c", *, d: None = None) -> None: ...

    assert describe_parameters(function) == "a, b='c', d=None"
