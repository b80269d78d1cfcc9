"""The documents name all that there is, and nothing else."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from functions.task_api.catalog_views import OrchestrationBody, TemplateBody
from functions.task_api.handler import openapi_document
from shared.domain.orchestration import Output, SubtaskRule, Trigger
from shared.domain.task import MAX_SUBTASKS
from shared.operations import OPERATIONS
from shared.stores.presets import preset_templates

PROJECT = Path(__file__).parents[2]
DOCS = PROJECT / "docs"
# Codes that no answer has: every Conflict has one of its own, and whoever makes a zip begins anew without its parts.
UNANSWERED = {"Conflict", "UploadNotFound"}
# Codes that the catalog makes from the name of a document's class.
COMPUTED = {"OrchestrationNotFound", "TemplateNotFound"}


def codes() -> Iterator[str]:
    """Yield the codes in the source; those of attempts, which have a dot, aren't the API's."""
    for folder in ("shared", "functions"):
        for path in sorted((PROJECT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                given: ast.expr | None = None
                match node:
                    case (
                        ast.keyword(arg="code" | "not_found_code", value=given)
                        | ast.Assign(targets=[ast.Name("code")], value=given)
                    ):
                        pass
                    case ast.Call(func=ast.Name("problem"), args=[_, given, *_]):
                        pass
                if isinstance(given, ast.Constant) and re.fullmatch(r"[A-Z][A-Za-z]+", str(given.value)):
                    yield str(given.value)


def fields(text: str, heading: str) -> set[str]:
    """Return what the rows of the first table after the heading are about."""
    table = re.search(r"(?:^\|.*\n)+", text.partition(heading)[2], re.MULTILINE)
    rows = re.findall(r"^\| (`[^|]+) \|", table[0], re.MULTILINE) if table else []
    return {name for row in rows for name in re.findall("`([^`]+)`", row)}


def test_api_md_has_every_code_that_the_api_answers_with() -> None:
    errors = (DOCS / "reference" / "api.md").read_text().partition("\n## Errors\n")[2].partition("\n\nOn AWS")[0]

    told = set(re.findall(r"`([A-Z][A-Za-z]+)`", errors)) - {"Allow"}

    assert told == set(codes()) - UNANSWERED | COMPUTED


def test_operations_md_has_a_row_for_every_field_of_what_is_stored() -> None:
    text = (DOCS / "reference" / "operations.md").read_text()
    named = {
        model: {info.alias or name for name, info in model.model_fields.items()}
        for model in (OrchestrationBody, Trigger, Output, SubtaskRule, TemplateBody)
    }

    inner = {f"trigger.{name}" for name in named[Trigger]} | {f"output.{name}" for name in named[Output]}
    assert fields(text, "An orchestration, as") == named[OrchestrationBody] - {"trigger", "output"} | inner
    assert fields(text, "\n| field of a subtask ") == named[SubtaskRule]
    assert fields(text, "A template, as") == named[TemplateBody]
    assert f"1 to {MAX_SUBTASKS}, see below" in text


def test_api_md_has_a_row_for_every_request() -> None:
    paths = json.loads(openapi_document())["paths"]
    served = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}

    rows = set(re.findall(r"^\| `([A-Z]+ /[^`]+)` \|", (DOCS / "reference" / "api.md").read_text(), re.MULTILINE))

    assert rows == served


def test_operations_md_has_a_row_for_every_operation_and_names_every_template() -> None:
    text = (DOCS / "reference" / "operations.md").read_text()

    rows = set(re.findall(r"^\| \[`([A-Z_]+)`\]", text, re.MULTILINE))

    assert rows == {str(kind) for kind in OPERATIONS}
    assert [name for name in preset_templates() if f"`{name}`" not in text] == []
