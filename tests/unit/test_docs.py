"""The documents name all that there is, and nothing else."""

import json
import re
from pathlib import Path

from functions.task_api.handler import openapi_document
from shared.operations import OPERATIONS
from shared.presets import preset_templates

DOCS = Path(__file__).parents[2] / "docs"


def test_api_md_has_a_row_for_every_request() -> None:
    paths = json.loads(openapi_document())["paths"]
    served = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}

    rows = set(re.findall(r"^\| `([A-Z]+ /[^`]+)` \|", (DOCS / "api.md").read_text(), re.MULTILINE))

    assert rows == served


def test_operations_md_has_a_row_for_every_operation_and_names_every_template() -> None:
    text = (DOCS / "operations.md").read_text()

    rows = set(re.findall(r"^\| \[`([A-Z_]+)`\]", text, re.MULTILINE))

    assert rows == {str(kind) for kind in OPERATIONS}
    assert [name for name in preset_templates() if f"`{name}`" not in text] == []
