"""YAML and JSON documents that a person wrote: orchestrations, templates, lists of subtasks."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import typer
import yaml

from cli import show
from cli.api_client import Api
from cli.errors import REMEDIES, ApiRefused

# What the API adds to a stored document, and takes from nobody: so what `get` printed can be `put` again.
ADDED = frozenset({"version", "kind", "updatedAt"})
# What may stand in a file in place of a document.
INSTEAD = {type(None): "nothing", str: "a text", list: "a list"}


def read_document(path: Path, hint: str) -> Any:  # noqa: ANN401 - whatever stands in the file
    """Return what a YAML or JSON file holds, `-` being stdin; a wrong file is a usage error about `hint`."""
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise typer.BadParameter(f"{path} is no YAML: {error.problem}{place}", param_hint=hint) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{path} is no YAML: {error}", param_hint=hint) from error
    except OSError as error:
        raise typer.BadParameter(f"{path} can't be read: {error.strerror}", param_hint=hint) from error


@contextmanager
def refused_by_name(api: Api, path: Path | None) -> Iterator[None]:
    """Let a refusal of what stands in a file name the file, and where to read what it may hold."""
    try:
        yield
    except ApiRefused as error:
        if path and error.status == HTTPStatus.BAD_REQUEST and error.code not in REMEDIES:
            error.remedy = f"fix {path}; see docs/reference/operations.md and {api.url}/docs"
        raise


def read_named(path: Path, name: str | None) -> tuple[str, dict[str, Any]]:
    """Return a document and the name to store it under: `name`, or else its own."""
    document = read_document(path, "FILE")
    if not isinstance(document, dict):
        found = INSTEAD.get(type(document), "a single value")
        raise typer.BadParameter(f"{path} holds {found}, and no document with fields", param_hint="FILE")
    stored_as = name or document.get("name")
    if not isinstance(stored_as, str) or not stored_as:
        raise typer.BadParameter(f"{path} bears no name; give it one: --name NAME", param_hint="FILE")
    return stored_as, {**{k: v for k, v in document.items() if k not in ADDED}, "name": stored_as}


def print_document(document: object) -> None:
    """Print a document on stdout as YAML, ready to be edited and stored again."""
    show.print_lines(
        yaml.safe_dump(without_nothing(document), sort_keys=False, allow_unicode=True, width=110).splitlines()
    )


def without_nothing(value: object) -> object:
    """Return the value without the fields that are null: leaving them out means the same."""
    if isinstance(value, Mapping):
        return {name: without_nothing(part) for name, part in value.items() if part is not None}
    return [without_nothing(part) for part in value] if isinstance(value, list) else value
