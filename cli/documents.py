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

# Fields that the API adds to a stored document and refuses in a request. Without them, the output of `get` fits `put`.
ADDED = frozenset({"version", "kind", "updatedAt"})
# What a file may contain in place of a document.
INSTEAD = {type(None): "nothing", str: "a text", list: "a list"}


def read_document(path: Path, hint: str) -> Any:  # noqa: ANN401 - any YAML or JSON
    """Return the content of a YAML or JSON file, `-` being stdin; an invalid file is a usage error about `hint`."""
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise typer.BadParameter(f"{path} is not valid YAML: {error.problem}{place}", param_hint=hint) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{path} is not valid YAML: {error}", param_hint=hint) from error
    except OSError as error:
        raise typer.BadParameter(f"cannot read {path}: {error.strerror}", param_hint=hint) from error


@contextmanager
def naming_file(api: Api, path: Path | None) -> Iterator[None]:
    """Make a refusal of a file's content name the file, and the place that describes what it may contain."""
    try:
        yield
    except ApiRefused as error:
        if path and error.status == HTTPStatus.BAD_REQUEST and error.code not in REMEDIES:
            error.remedy = f"fix {path}; see docs/reference/operations.md and {api.url}/docs"
        raise


def read_named(path: Path, name: str | None) -> tuple[str, dict[str, Any]]:
    """Return a document and the name to store it under: `name`, or else the document's."""
    document = read_document(path, "FILE")
    if not isinstance(document, dict):
        found = INSTEAD.get(type(document), "a single value")
        raise typer.BadParameter(f"{path} contains {found} instead of a document with fields", param_hint="FILE")
    stored_as = name or document.get("name")
    if not isinstance(stored_as, str) or not stored_as:
        raise typer.BadParameter(f"{path} has no `name`; add one or pass --name NAME", param_hint="FILE")
    return stored_as, {**{k: v for k, v in document.items() if k not in ADDED}, "name": stored_as}


def print_document(document: object) -> None:
    """Print a document on stdout as YAML, ready to be edited and stored again."""
    show.print_lines(
        yaml.safe_dump(remove_nulls(document), sort_keys=False, allow_unicode=True, width=110).splitlines()
    )


def remove_nulls(value: object) -> object:
    """Return the value without the fields that are null: omitting them means the same."""
    if isinstance(value, Mapping):
        return {name: remove_nulls(part) for name, part in value.items() if part is not None}
    return [remove_nulls(part) for part in value] if isinstance(value, list) else value
