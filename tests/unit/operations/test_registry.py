"""The registry imports only the operations that are used."""

import subprocess
import sys

import pytest

from tests.support.deployment import TEMPLATE

LOADED = """
import sys
from importlib import import_module
import_module("functions.{}.handler")
print(*sorted(name for name in sys.modules if name.startswith("shared.operations.")))
"""


@pytest.mark.parametrize("function", ["on_upload", "sweep", "run_subtask", "task_api"])
def test_a_function_starts_without_the_operations(function: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(function)], cwd=TEMPLATE.parent, capture_output=True, text=True, check=True
    )

    operations = [name for name in done.stdout.split() if name.endswith(("transcode", "stream", "enhance", "sprite"))]
    assert operations == []


def test_planning_a_thumbnail_imports_no_other_operation() -> None:
    script = """
import sys
from shared.domain.subtask import SubtaskType
from shared.operations import OPERATIONS
OPERATIONS[SubtaskType.SCREENSHOT].params.model_validate({"at": [0]})
print("shared.operations.transcoding.transcode" in sys.modules, "shared.operations.stills.screenshot" in sys.modules)
"""

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=TEMPLATE.parent, capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["False", "True"]
