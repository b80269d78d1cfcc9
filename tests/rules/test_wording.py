"""The wording of what users read: messages, the OpenAPI document, parameters, `--help` and the console."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from cli.main import app
from functions.task_api.handler import openapi_document
from shared.operations import OPERATIONS

PROJECT = Path(__file__).parents[2]
PRODUCT = ("shared", "functions", "infra", "cli")
# What a sentence must not say, and what it says instead.
DEVICES = {
    r"(?<!there )\b(is|are|was|were) no (?!(longer|more|such|need|one|limit|other|way)\b)[a-z]+": "is not a",
    r"\b(whoever|whomever|whatever|whichever)\b": "name the subject",
    r"\bof (which(?! kind)|whom)\b": "begin a sentence of its own",
    r"\b(is|are|was|were|be) told\b|\btells? (of|how|what|whether|that)\b": "says, shows, reports",
    r"(?<!dead )(?<!lowercase )(?<!lowercase ASCII )\bletters\b": "characters",
    r"\bpictures?\b": "video, frame, image",
    r"\bsounds?\b(?! like)": "audio",
    r"\bfootage\b": "video",
    r"\bshall\b": "must, will",
    r"\bbears?\b": "has",
    r"\b(has|have) not (?!been\b|yet\b|got\b)[a-z]*[,.;]|\b(has|have)n't an?\b": "does not have",
    r"\b(is|are) to (be|have|do)\b": "must",
    r"\b(goes|go|gone|going) on with\b": "continues",
    r"(?<![\w'])(nobody|none of)\b": "no user, not one",
}
BRITISH = {
    r"colour": "color",
    r"behaviour": "behavior",
    r"favour": "favor",
    r"neighbour": "neighbor",
    r"\blicence": "license",
    r"\bcentre": "center",
    r"cancell(ed|ing)": "canceled, canceling",
    r"labell(ed|ing)": "labeled, labeling",
    r"\b(recogn|organ|optim|normal|minim|maxim|summar|synchron)is(e|ed|es|ing|ation)\b": "-ize",
    r"\banalys(e|ed|es|ing)\b": "analyze",
    r"\bcatalogue": "catalog",
    r"\bgrey\b": "gray",
    r"\bartefact": "artifact",
}
SENTENCE = re.compile(r"\w+ \w+ \w+")


def find_faults(text: str) -> list[str]:
    """Return what a text says that it must not, with what to say instead."""
    return [
        f"{found[0]!r} (say: {instead})"
        for pattern, instead in {**DEVICES, **BRITISH}.items()
        if (found := re.search(pattern, text, re.IGNORECASE))
    ]


def docstrings_in(tree: ast.Module) -> set[int]:
    """Return the identities of the nodes that are docstrings."""
    return {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }


def messages() -> Iterator[tuple[str, str]]:
    """Yield every string of the code that reads as a sentence: errors, remedies, warnings, descriptions."""
    for path in sorted(path for package in PRODUCT for path in (PROJECT / package).rglob("*.py")):
        tree = ast.parse(path.read_text())
        skipped = docstrings_in(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
                yield f"{path.relative_to(PROJECT)}:{node.lineno}", node.value


def texts_in(value: object, where: str) -> Iterator[tuple[str, str]]:
    """Yield the summaries and descriptions of a JSON document, with their places."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name in {"summary", "description", "title"} and isinstance(inner, str):
                yield where, inner
            else:
                yield from texts_in(inner, f"{where}/{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from texts_in(inner, f"{where}/{number}")


def api_texts() -> Iterator[tuple[str, str]]:
    """Yield what the OpenAPI document says."""
    yield from texts_in(json.loads(openapi_document()), "OpenAPI")


def parameter_texts() -> Iterator[tuple[str, str]]:
    """Yield what the schemas of all operations' parameters say."""
    for kind, operation in OPERATIONS.items():
        yield kind, operation.summary
        yield from texts_in(operation.params.model_json_schema(), kind)


def helps(command: Any = None, path: str = "reelmill") -> Iterator[tuple[str, str]]:  # noqa: ANN401 - as Typer types it
    """Yield the `--help` of every command, with that of each of its options."""
    command = command or get_command(app)
    yield path, command.help or ""
    for parameter in command.params:
        yield f"{path} {parameter.name}", getattr(parameter, "help", None) or ""
    for name, inner in getattr(command, "commands", {}).items():
        yield from helps(inner, f"{path} {name}")


def console_texts() -> Iterator[tuple[str, str]]:
    """Yield the strings of the console, which all stand in one folder."""
    for path in sorted((PROJECT / "console" / "src" / "strings").rglob("*.ts")):
        text = re.sub(r"^\s*(//|\*|/\*).*$", "", path.read_text(), flags=re.MULTILINE)
        for found in re.finditer(r'"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`', text):
            line = text.count("\n", 0, found.start()) + 1
            yield f"{path.relative_to(PROJECT)}:{line}", found[1] or found[2] or ""


SOURCES = {
    "messages": messages,
    "OpenAPI": api_texts,
    "parameters": parameter_texts,
    "help": helps,
    "console": console_texts,
}


@pytest.mark.parametrize("source", SOURCES)
def test_what_users_read_is_plain_english(source: str) -> None:
    texts = [(where, text) for where, text in SOURCES[source]() if SENTENCE.search(text)]

    assert len(texts) > 30, "hardly anything was found to look at"
    assert [f"{where}: {fault} in {text!r}" for where, text in texts for fault in find_faults(text)] == []


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("the file is no YAML", "is not a"),
        ("Whoever takes the folder makes the task", "name the subject"),
        ("the frames, of which each is a still", "begin a sentence"),
        ("the caller is told why", "says"),
        ("at most 63 letters", "characters"),
        ("the picture of a stream", "video, frame, image"),
        ("What shall become of it?", "must, will"),
        ("the path bears a name", "has"),
        ("a lost connection is gone on with", "continues"),
        ("The upload was cancelled.", "canceled"),
        ("the colour of the bars", "color"),
    ],
)
def test_a_sentence_with_a_refused_device_is_found(text: str, instead: str) -> None:
    [fault] = find_faults(text)

    assert instead in fault


@pytest.mark.parametrize(
    "text",
    [
        "there is no template of that name",
        "the stack is no longer there",
        "the dead letters of a queue",
        "up to 63 lowercase letters and digits",
        "what voices sound like",
    ],
)
def test_usual_english_passes(text: str) -> None:
    assert find_faults(text) == []
