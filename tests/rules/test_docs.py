"""The documents name all that there is, and nothing else."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.task_api.catalog_views import OrchestrationBody, TemplateBody
from functions.task_api.handler import openapi_document
from shared.domain.orchestration import Output, SubtaskDocument, Trigger
from shared.domain.task import MAX_SUBTASKS
from shared.operations import OPERATIONS
from shared.stores.presets import preset_templates
from tests.rules.reference import PAGES

PROJECT = Path(__file__).parents[2]
DOCS = PROJECT / "docs"
# Codes that no answer has: every Conflict has its own code, and a zip without its parts is begun anew.
UNANSWERED = {"Conflict", "UploadNotFound"}
# Codes that the catalog makes from the name of a document's class.
COMPUTED = {"OrchestrationNotFound", "TemplateNotFound"}
LONGEST_LINE = 160
LONGEST_README = 120
HISTORY = {"CHANGELOG.md", "decisions.md"}  # name what stood when they were written


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
                    case ast.Call(func=ast.Name("problem_response"), args=[_, given, *_]):
                        pass
                if isinstance(given, ast.Constant) and re.fullmatch(r"[A-Z][A-Za-z]+", str(given.value)):
                    yield str(given.value)


def fields(text: str, heading: str) -> set[str]:
    """Return what the rows of the first table after the heading are about."""
    table = re.search(r"(?:^\|.*\n)+", text.partition(heading)[2], re.MULTILINE)
    rows = re.findall(r"^\| (`[^|]+) \|", table[0], re.MULTILINE) if table else []
    return {name for row in rows for name in re.findall("`([^`]+)`", row)}


def failures() -> set[str]:
    """Return the codes of failed subtasks in the source: a kind, a dot, a reason."""
    kinds = "SourceFileError|ParameterError|LimitError|OperationError|InternalError|Skipped|Canceled"
    return {
        str(node.value)
        for path in sorted((PROJECT / "shared").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and re.fullmatch(rf"(?:{kinds})\.[A-Za-z]+", str(node.value))
    }


def pages() -> list[Path]:
    """Return every document that people read."""
    return [*sorted(PROJECT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_what_the_code_says(name: str) -> None:
    assert (DOCS / "reference" / name).read_text() == PAGES[name](), "run `make reference`, and commit the pages"


def test_errors_md_has_every_code_that_the_api_answers_with() -> None:
    errors = (DOCS / "reference" / "errors.md").read_text().partition("\n## Failures of subtasks\n")[0]

    told = set(re.findall(r"`([A-Z][a-z][A-Za-z]*)`", errors)) - {"Allow"}

    assert told == set(codes()) - UNANSWERED | COMPUTED


def test_errors_md_has_every_code_that_a_subtask_fails_with() -> None:
    section = (DOCS / "reference" / "errors.md").read_text().partition("\n## Failures of subtasks\n")[2]

    assert set(re.findall(r"`([A-Z][A-Za-z]+\.[A-Z][A-Za-z]+)`", section)) == failures()


def test_orchestrations_md_has_a_row_for_every_field_of_what_is_stored() -> None:
    text = (DOCS / "reference" / "orchestrations.md").read_text()
    named = {
        model: {info.alias or name for name, info in model.model_fields.items()}
        for model in (OrchestrationBody, Trigger, Output, SubtaskDocument, TemplateBody)
    }

    inner = {f"trigger.{name}" for name in named[Trigger]} | {f"output.{name}" for name in named[Output]}
    assert fields(text, "An orchestration, as") == named[OrchestrationBody] - {"trigger", "output"} | inner
    assert fields(text, "\n| field of a subtask ") == named[SubtaskDocument]
    assert fields(text, "A template, as") == named[TemplateBody]
    assert f"1 to {MAX_SUBTASKS}, see below" in text


def test_api_md_says_what_every_request_returns() -> None:
    paths = json.loads(openapi_document())["paths"]
    served = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}

    responses = (DOCS / "reference" / "api.md").read_text().partition("\n## Responses\n")[2].partition("\n## ")[0]

    assert set(re.findall(r"`((?:GET|POST|PUT|DELETE) /[^`]+)`", responses)) == served


def test_operations_md_has_a_row_for_every_operation_and_names_every_template() -> None:
    text = (DOCS / "reference" / "operations.md").read_text()

    rows = set(re.findall(r"^\| \[`([A-Z_]+)`\]", text, re.MULTILINE))

    assert rows == {str(kind) for kind in OPERATIONS}
    assert [name for name in preset_templates() if f"`{name}`" not in text] == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(PROJECT)))
def test_a_page_links_to_files_that_exist_and_has_lines_that_fit(page: Path) -> None:
    """The site's build checks the links between its pages; here are those from and to the top of the repository."""
    prose = re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", prose) if "://" not in link]

    assert [link for link in links if not (page.parent / (link.split("#")[0] or page.name)).exists()] == []
    assert [line for line in prose.splitlines() if len(line) > LONGEST_LINE] == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(PROJECT)))
def test_a_page_names_paths_that_exist(page: Path) -> None:
    folders = "functions|shared|infra|cli|console|tests|benchmarks|docs"
    named = set(re.findall(rf"`((?:{folders})/[\w./-]*)`", page.read_text())) if page.name not in HISTORY else set()

    assert [path for path in sorted(named) if not (PROJECT / path).exists()] == []


def test_the_site_has_every_page_in_its_navigation() -> None:
    listed = set(re.findall(r'"([\w/-]+\.md)"', (PROJECT / "zensical.toml").read_text()))

    assert listed == {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")}


def test_the_readme_is_short() -> None:
    assert len((PROJECT / "README.md").read_text().splitlines()) < LONGEST_README
