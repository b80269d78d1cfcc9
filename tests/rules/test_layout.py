"""The layout of the repository: what stands beside the layers, and what a suite of tests takes from another."""

import ast
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[2]
TESTS = PROJECT / "tests"


def test_only_the_modules_that_every_layer_may_import_stand_beside_the_layers() -> None:
    beside = {path.name for path in (PROJECT / "shared").glob("*.py")}

    assert beside <= {"__init__.py", "errors.py", "settings.py", "telemetry.py", "services.py"}


def suite_of(module: str) -> str:
    """Return the folder of tests that a module stands in: `unit` of `tests.unit.domain.test_task`."""
    return module.split(".")[1] if "." in module else ""


def imported_from_tests(path: Path) -> Iterator[str]:
    """Yield the modules of tests that a module imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tests":
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.split(".")[0] == "tests")


def test_a_suite_takes_what_it_shares_with_others_from_support_alone() -> None:
    foreign = [
        f"{path.relative_to(PROJECT)} imports {module}"
        for path in TESTS.rglob("*.py")
        if "node_modules" not in path.parts
        for module in imported_from_tests(path)
        if suite_of(module) not in {"support", path.relative_to(TESTS).parts[0]}
    ]

    assert foreign == []
