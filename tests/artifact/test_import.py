"""Each package, built for this machine, is all that its handler needs."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.artifact.conftest import HANDLERS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="packages are built for Linux")

# -I and -S leave the standard library alone on the path; then comes the package, as on Lambda.
IMPORT = """
import sys
sys.path.append(sys.argv[1])
from importlib import import_module
module, _, name = sys.argv[2].rpartition(".")
assert callable(getattr(import_module(module), name))
"""


@pytest.mark.parametrize("function", HANDLERS)
def test_a_handler_is_imported_from_its_package_alone_with_an_empty_environment(
    function: str, for_this_machine: dict[str, Path], tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", IMPORT, for_this_machine[function], HANDLERS[function]],
        cwd=tmp_path,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
