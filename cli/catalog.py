"""`reelmill orchestrations` and `reelmill templates`: what is stored, and how it is changed."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from cli import show
from cli.api_client import Api, at
from cli.connection import connected
from cli.documents import print_document, read_named, refused_by_name
from cli.list_options import Everything, Limit, NextToken, listed

orchestrations = typer.Typer(no_args_is_help=True, help="What happens to which new files.")
templates = typer.Typer(no_args_is_help=True, help="Named sets of parameters for an operation.")

Name = Annotated[str, typer.Argument(help="Its name.")]
File = Annotated[Path, typer.Argument(help="A YAML or JSON document; - for stdin.", allow_dash=True)]
Version = Annotated[int | None, typer.Option(min=1, help="An earlier one; by default the one that stands.")]
NewName = Annotated[str | None, typer.Option("--name", help="Store it under this name, not under its own.")]


@orchestrations.command("list")
def list_orchestrations(context: typer.Context, *, as_json: show.JsonOption = False) -> None:
    """List the orchestrations: what each takes, and what it makes of it."""
    with connected(context) as api:
        answer = api.get("/orchestrations")
    if as_json:
        show.print_json(answer)
        return
    columns: dict[str, dict[str, Any]] = {
        "NAME": {},
        "ENABLED": {},
        "VERSION": {"justify": "right"},
        "KIND": {},
        "TAKES": {"overflow": "fold", "no_wrap": False},
        "SUBTASKS": {"overflow": "fold", "no_wrap": False},
    }
    show.print_table(columns, (orchestration_row(document) for document in answer["orchestrations"]))


def orchestration_row(document: dict[str, Any]) -> tuple[str, ...]:
    """Return an orchestration as a row of the list."""
    trigger = document.get("trigger") or {}
    formats = ", ".join(trigger.get("formats") or ()) or "all media"
    return (
        show.plain(document["name"]),
        "yes" if document.get("enabled") else "no",
        str(document.get("version", "")),
        show.plain(document.get("kind", "")),
        show.plain(f"{trigger.get('prefix') or '(everywhere)'} {formats}"),
        show.plain(", ".join(f"{rule['name']} {rule['type']}" for rule in document.get("subtasks", ()))),
    )


@orchestrations.command("get")
@templates.command("get")
def get_stored(
    context: typer.Context, name: Name, *, version: Version = None, as_json: show.JsonOption = False
) -> None:
    """Print what is stored under a name, as YAML that `put` takes: an earlier version is restored so."""
    with connected(context) as api:
        document = api.get(at(kind_of(context), name), version=version)
    if as_json:
        show.print_json(document)
    else:
        print_document(document)


@orchestrations.command("versions")
@templates.command("versions")
def list_versions(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    name: Name,
    *,
    limit: Limit = 20,
    everything: Everything = False,
    next_token: NextToken = None,
    as_json: show.JsonOption = False,
) -> None:
    """List the versions of what is or was stored under a name, newest first; they outlive its deletion."""
    with connected(context) as api:
        path = at(kind_of(context), name, "versions")
        print_versions(listed(api, path, "versions", {}, None if everything else limit, next_token), as_json=as_json)


@orchestrations.command("put")
def put_orchestration(
    context: typer.Context, file: File, *, name: NewName = None, as_json: show.JsonOption = False
) -> None:
    """Store an orchestration: a new one, or a new version."""
    with connected(context) as api:
        put(api, "orchestrations", file, name, as_json=as_json)


@orchestrations.command("delete")
def delete_orchestration(context: typer.Context, name: Name, *, as_json: show.JsonOption = False) -> None:
    """Delete an orchestration; tasks it has made stay."""
    with connected(context) as api:
        change(api, "DELETE", at("orchestrations", name), f"deleted {name}", as_json=as_json)


@orchestrations.command("enable")
def enable_orchestration(context: typer.Context, name: Name, *, as_json: show.JsonOption = False) -> None:
    """Let an orchestration take new files."""
    with connected(context) as api:
        change(api, "POST", at("orchestrations", name, "enable"), f"{name} takes new files", as_json=as_json)


@orchestrations.command("disable")
def disable_orchestration(context: typer.Context, name: Name, *, as_json: show.JsonOption = False) -> None:
    """Stop an orchestration from taking new files."""
    with connected(context) as api:
        said = f"{name} takes no new files; tasks it has made go on"
        change(api, "POST", at("orchestrations", name, "disable"), said, as_json=as_json)


@orchestrations.command("match")
def match(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="The key of a file, as it would be uploaded.")],
    *,
    bucket: Annotated[str | None, typer.Option(help="By default the input bucket.")] = None,
    size: Annotated[int | None, typer.Option(min=0, metavar="BYTES", help="By default any but 0.")] = None,
    as_json: show.JsonOption = False,
) -> None:
    """Say what an upload of that key would start, and why; nothing is uploaded."""
    asked = {"key": key, "bucket": bucket, "size": size}
    with connected(context) as api:
        answer = api.send(
            "POST", "/orchestrations/match", {name: value for name, value in asked.items() if value is not None}
        )
    if as_json:
        show.print_json(answer)
        return
    show.stdout().print(
        Text.assemble(show.coloured(answer["verdict"]), f": {show.plain(answer['reason'])}\n"), soft_wrap=True
    )
    rows = (
        (show.plain(found["orchestration"]), show.coloured(found["verdict"]), show.plain(found["reason"]))
        for found in answer["matches"]
    )
    columns: dict[str, dict[str, Any]] = {
        "ORCHESTRATION": {},
        "VERDICT": {},
        "WHY": {"overflow": "fold", "no_wrap": False},
    }
    show.print_table(columns, rows)


@templates.command("list")
def list_templates(context: typer.Context, *, as_json: show.JsonOption = False) -> None:
    """List the templates."""
    with connected(context) as api:
        answer = api.get("/templates")
    if as_json:
        show.print_json(answer)
        return
    columns: dict[str, dict[str, Any]] = {
        "NAME": {},
        "OPERATION": {},
        "KIND": {},
        "VERSION": {"justify": "right"},
        "SUMMARY": {"overflow": "fold", "no_wrap": False},
    }
    rows = (
        (
            show.plain(document["name"]),
            show.plain(document["operation"]),
            show.plain(document.get("kind", "")),
            str(document.get("version", "")),
            show.plain(document.get("summary", "")),
        )
        for document in answer["templates"]
    )
    show.print_table(columns, rows)


@templates.command("put")
def put_template(context: typer.Context, file: File, *, name: NewName = None, as_json: show.JsonOption = False) -> None:
    """Store a template: a new one, or a new version. Presets can't be changed."""
    with connected(context) as api:
        put(api, "templates", file, name, as_json=as_json)


@templates.command("delete")
def delete_template(context: typer.Context, name: Name, *, as_json: show.JsonOption = False) -> None:
    """Delete a template; presets can't be deleted."""
    with connected(context) as api:
        change(api, "DELETE", at("templates", name), f"deleted {name}", as_json=as_json)


def kind_of(context: typer.Context) -> str:
    """Return what a command that both have is about: `orchestrations` or `templates`."""
    parent = context.parent
    return parent.info_name or "" if parent else ""


def print_versions(found: dict[str, Any], *, as_json: bool) -> None:
    """Print a list of versions; only those of orchestrations are enabled or not."""
    if as_json:
        show.print_json(found)
        return
    switched = any("enabled" in version for version in found["versions"])
    columns: dict[str, dict[str, Any]] = {
        "VERSION": {"justify": "right"},
        "UPDATED": {},
        "KIND": {},
        **({"ENABLED": {}} if switched else {}),
        "CURRENT": {},
    }
    show.print_table(columns, (version_row(version) for version in found["versions"]))
    if found.get("nextToken"):
        show.say(f"these are the newest {len(found['versions'])}; --limit or --all shows more")


def version_row(version: dict[str, Any]) -> tuple[str, ...]:
    """Return a version as a row of the list."""
    return (
        str(version["version"]),
        show.clock(version.get("updatedAt")),
        show.plain(version.get("kind", "")),
        *(("yes" if version["enabled"] else "no",) if "enabled" in version else ()),
        "yes" if version.get("current") else "",
    )


def put(api: Api, kind: str, file: Path, name: str | None, *, as_json: bool) -> None:
    """Store the document in a file, and say which version it became."""
    stored_as, document = read_named(file, name)
    with refused_by_name(api, file):
        answer = api.send("PUT", at(kind, stored_as), document)
    show.say(f"stored {show.plain(stored_as)}, version {(answer or {}).get('version', '?')}")
    if as_json:
        show.print_json(answer)


def change(api: Api, method: str, path: str, said: str, *, as_json: bool) -> None:
    """Ask for a change without a body, and say that it is done."""
    answer = api.send(method, path)
    show.say(show.plain(said))
    if as_json:
        show.print_json(answer if answer is not None else {})
