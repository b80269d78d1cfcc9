"""The functions as `make build` packages them, built once for AWS and once for the machine that tests."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.deployment import TEMPLATE, resources

CHECKOUT = TEMPLATE.parent
HANDLERS: dict[str, str] = {
    logical_id: resource["Properties"]["Handler"]
    for logical_id, resource in resources().items()
    if resource["Type"] == "AWS::Serverless::Function"
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the first of them time to download what is packaged: some 150 MB on a new machine."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(600))


def make(*words: str) -> str:
    """Run make in the checkout and return what it prints."""
    # A make that started these tests would hand its own flags on.
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
    done = subprocess.run(
        ["make", "--silent", *words],  # noqa: S607 - whichever make the developer uses
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def for_lambda() -> dict[str, Path]:
    """Build for AWS; return the folder of each function's package by the function's logical ID."""
    make("build")
    return {logical_id: CHECKOUT / ".aws-sam" / "build" / logical_id for logical_id in HANDLERS}


@pytest.fixture(scope="session")
def for_this_machine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Build by the same rule for this machine's Python and processor, which can import the result."""
    folders = {logical_id: tmp_path_factory.mktemp(logical_id) for logical_id in HANDLERS}
    for logical_id, folder in folders.items():
        make(
            f"build-{logical_id}",
            f"ARTIFACTS_DIR={folder}",
            f"LAMBDA_PYTHON={sys.version_info.major}.{sys.version_info.minor}",
            f"LAMBDA_PLATFORM={platform.machine()}-manylinux_2_28",
        )
    return folders


@pytest.fixture(scope="session")
def emulator() -> Path:
    """Return the Lambda Runtime Interface Emulator for this machine, which sam ships."""
    kind = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
    return Path(make("emulators").strip()) / f"aws-lambda-rie-{kind}"
