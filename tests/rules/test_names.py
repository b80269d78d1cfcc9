"""Public names: each function and class stands in one module, so that its name says where it is."""

import ast
from collections import defaultdict
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PRODUCT = ("shared", "functions", "infra", "cli")
# Names that stand in several modules on purpose, each with its reason.
MEANT = {
    "run": "every operation runs, and the registry calls each by this name",
    "main": "Python's usual name for what a module does as a program",
    "handler": "Lambda's usual name for what a function calls",
}


def find_shared_names(folder: Path) -> dict[str, list[str]]:
    """Return the public functions and classes that stand in several modules, with those modules."""
    modules: dict[str, list[str]] = defaultdict(list)
    for path in sorted(path for package in PRODUCT for path in (folder / package).rglob("*.py")):
        module = ".".join(path.relative_to(folder).with_suffix("").parts)
        for name in sorted(
            {
                node.name
                for node in ast.parse(path.read_text()).body
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
                and not node.name.startswith("_")
            }
        ):
            modules[name].append(module)
    return {name: found for name, found in modules.items() if len(found) > 1}


def test_a_public_name_stands_in_one_module() -> None:
    shared = find_shared_names(PROJECT)

    assert {name: modules for name, modules in shared.items() if name not in MEANT} == {}


def test_each_name_that_may_stand_in_several_modules_does() -> None:
    assert set(find_shared_names(PROJECT)) >= set(MEANT)


def test_a_name_that_stands_in_two_modules_is_found(tmp_path: Path) -> None:
    for module in ("shared/a.py", "cli/sub/b.py"):
        path = tmp_path / module
        path.parent.mkdir(parents=True)
        path.write_text("class Page: ...\n\ndef _mine(): ...\n\nif True:\n    def nested(): ...\n")

    assert find_shared_names(tmp_path) == {"Page": ["cli.sub.b", "shared.a"]}
