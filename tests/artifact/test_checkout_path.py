"""A checkout works at any path, also one with spaces and special characters of the shell."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from shared import __version__
from tests.artifact.conftest import CHECKOUT

# Files that `make` downloads or creates and that a new checkout does not have.
MADE = (".venv", ".tools", ".aws-sam", ".reelmill", ".git", "node_modules", "dist", "*cache*", "__pycache__")
NAME = "my videos & $HOME; 'more'"
FUNCTION = "OnUploadFunction"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lend a new checkout, set up as far as the command and the builds need it."""
    folder = tmp_path_factory.mktemp("home") / NAME / "reelmill"
    shutil.copytree(CHECKOUT, folder, ignore=shutil.ignore_patterns(*MADE))
    made(folder, "make", "--silent", ".venv/.synced")
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


def test_a_stack_runs_there(checkout: Path) -> None:
    reelmill = [str(checkout / ".venv" / "bin" / "reelmill")]
    try:
        made(checkout, *reelmill, "up", "--detach", "--port", "0", "--aws-port", "0")
        lists = made(checkout, *reelmill, "orchestrations", "list")
    finally:
        made(checkout, *reelmill, "down")

    assert "web-video" in lists
    assert (checkout / ".reelmill" / "aws").is_dir()
