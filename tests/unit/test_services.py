"""A function imports only the stores that it always uses; each of the others is imported when it is first used."""

import subprocess
import sys

import pytest

from tests.support.deployment import TEMPLATE

LOADED = """
import sys
from importlib import import_module
import_module("functions.{}.handler")
print(*(name for name in sys.modules if name.startswith("shared.")))
"""
TASKS = {
    "task_store",
    "task_codec",
    "task_transitions",
    "plan_store",
    "dynamodb",
    "forward_compatibility",
    "subtask_queue",
}


@pytest.mark.parametrize(
    ("function", "stores"),
    [
        ("on_upload", TASKS | {"catalog_store", "decision_store", "presets"}),
        ("run_subtask", TASKS | {"object_store", "progress_store", "s3"}),
        ("sweep", TASKS | {"task_queries"}),
    ],
)
def test_a_function_starts_with_the_stores_that_it_always_uses(function: str, stores: set[str]) -> None:
    loaded = modules_of(function)

    assert {name.removeprefix("shared.stores.") for name in loaded if name.startswith("shared.stores.")} == stores


@pytest.mark.parametrize("function", ["run_subtask", "sweep"])
def test_a_function_that_plans_nothing_starts_without_orchestrations(function: str) -> None:
    assert "shared.domain.orchestration" not in modules_of(function)


@pytest.mark.parametrize("function", ["on_upload", "run_subtask", "sweep", "task_api"])
def test_a_function_imports_boto3_before_what_uses_it(function: str) -> None:
    script = f"import sys, functions.{function}.handler; print(*sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=TEMPLATE.parent, capture_output=True, text=True, check=True
    )

    names = done.stdout.split()
    ours = next(place for place, name in enumerate(names) if name.startswith(("functions.", "shared")))
    assert names.index("boto3") < ours


def modules_of(function: str) -> set[str]:
    """Return the modules of ours that a new interpreter loads with a handler."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(function)], cwd=TEMPLATE.parent, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())
