"""`reelmill operations`: the kinds of subtask, with their parameters and results."""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer
from rich.text import Text

from cli import show
from cli.connection import connect_to_api
from cli.errors import CommandFailed

operations = typer.Typer(no_args_is_help=True, help="List the kinds of subtask, and what their parameters mean.")

WRAPPED: dict[str, Any] = {"overflow": "fold", "no_wrap": False}
Schema = Mapping[str, Any]


@operations.command("list")
def operations_list(context: typer.Context, *, as_json: show.JsonOption = False) -> None:
    """List the operations."""
    with connect_to_api(context) as api:
        answer = api.get("/operations")
    if as_json:
        show.print_json(answer)
        return
    rows = ((show.plain(one["type"]), show.plain(one["summary"])) for one in answer["operations"])
    show.print_table({"OPERATION": {}, "SUMMARY": WRAPPED}, rows)


@operations.command("get")
def operations_get(
    context: typer.Context,
    operation: Annotated[str, typer.Argument(help="Name of the operation, such as TRANSCODE.")],
    *,
    as_json: show.JsonOption = False,
) -> None:
    """Show the parameters of an operation, and the fields of its result. `--json` prints their JSON schemas."""
    with connect_to_api(context) as api:
        known = {one["type"]: one for one in api.get("/operations")["operations"]}
    found = known.get(operation.upper())
    if found is None:
        raise CommandFailed(
            f"there is no operation {show.plain(operation)}", remedy="`reelmill operations list` lists the operations"
        )
    if as_json:
        show.print_json(found)
    else:
        print_operation(found)


def print_operation(operation: Mapping[str, Any]) -> None:
    """Print an operation: its summary, its parameters, and the fields of its result."""
    show.print_lines([f"{operation['type']}: {operation['summary']}", ""])
    columns: dict[str, dict[str, Any]] = {"PARAMETER": {}, "VALUES": WRAPPED, "DEFAULT": {}, "MEANING": WRAPPED}
    show.print_table(columns, fields_of(operation["params"], operation["params"]))
    if operation["result"]:
        show.stdout().print(Text("\nResult", "bold"))
        show.print_lines(
            f"  {name}  {values}" for name, values, *_ in fields_of(operation["result"], operation["result"])
        )


def fields_of(schema: Schema, root: Schema, before: str = "") -> Iterator[tuple[str, str, str, str]]:
    """Yield each field of a schema: its name, values, default and description; those of a group follow it."""
    for name, given in schema.get("properties", {}).items():
        field = resolve_reference(given, root)
        choices = choices_of(field, root)
        needed = "required" if name in schema.get("required", ()) else default_of(field)
        values = " or ".join(dict.fromkeys(values_of(one, root) for one in choices))
        yield f"{before}{name}", values, needed, show.plain(field.get("description", ""))
        for one in choices:
            items = resolve_reference(one.get("items", {}), root)
            yield from fields_of(items or one, root, f"{before}{name}{'[]' if items else ''}.")


def default_of(field: Schema) -> str:
    """Return the default of a field as it is written in a document; an empty one is left out."""
    default = field.get("default")
    if default in (None, [], {}):
        return ""
    return default if isinstance(default, str) else json.dumps(default)


def choices_of(schema: Schema, root: Schema) -> list[Schema]:
    """Return the kinds of value that a schema allows, without null."""
    schema = resolve_reference(schema, root)
    branches = schema.get("anyOf") or schema.get("oneOf")
    if not branches:
        return [schema]
    kinds = [one for branch in branches for one in choices_of(branch, root)]
    return [one for one in kinds if one.get("type") != "null"]


def values_of(schema: Schema, root: Schema) -> str:
    """Return the values that a schema allows, in words."""
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    if schema.get("type") == "array":
        inner = choices_of(resolve_reference(schema.get("items", {}), root), root)
        return f"list of {' or '.join(dict.fromkeys(values_of(one, root) for one in inner))}"
    low, high = schema.get("minimum"), schema.get("maximum")
    limits = f" {low:.10g} to {high:.10g}" if low is not None and high is not None else ""
    return f"{'group' if 'properties' in schema else schema.get('type', 'any value')}{limits}"


def resolve_reference(schema: Schema, root: Schema) -> Schema:
    """Return a schema with its reference replaced by what it refers to; its own keys win."""
    if "$ref" not in schema:
        return schema
    target: Any = root
    for step in str(schema["$ref"]).removeprefix("#/").split("/"):
        target = target[step]
    return {**resolve_reference(target, root), **{key: value for key, value in schema.items() if key != "$ref"}}
