"""`reelmill orchestrations` and `reelmill templates`: one group of commands for both kinds of stored documents."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from cli import show
from cli.api_client import Api, at
from cli.confirmation import YesOption, check_terminal, confirm
from cli.connection import connect_to_api
from cli.documents import naming_file, print_document, read_named
from cli.list_options import PagingOptions, expand_option_groups, fetch_list

Columns = dict[str, dict[str, Any]]
NUMBER: dict[str, Any] = {"justify": "right"}
WRAPPED: dict[str, Any] = {"overflow": "fold", "no_wrap": False}

Name = Annotated[str, typer.Argument(help="Name of the document.")]
File = Annotated[Path, typer.Argument(help="A YAML or JSON document; - for stdin.", allow_dash=True)]
Version = Annotated[int | None, typer.Option(min=1, help="Version to show (default: the current one).")]
NewName = Annotated[str | None, typer.Option("--name", help="Name to store it under, instead of the one in the file.")]


@dataclass(frozen=True)
class DocumentTexts:
    """What differs between two kinds of stored documents. `plural` is the name of the route and of the command."""

    plural: str
    columns: Columns
    row: Callable[[Mapping[str, Any]], tuple[str, ...]]
    help: str
    list_help: str
    put_help: str
    delete_help: str


class DocumentCommands:
    """The commands list, get, versions, put and delete of one kind of documents."""

    def __init__(self, kind: DocumentTexts) -> None:
        """Take the kind."""
        self._kind = kind

    def group(self) -> typer.Typer:
        """Return the group with these commands."""
        kind, group = self._kind, typer.Typer(no_args_is_help=True, help=self._kind.help)
        group.command("list", help=kind.list_help)(self.list_documents)
        group.command("get")(self.get_document)
        group.command("versions")(expand_option_groups(self.list_document_versions))
        group.command("put", help=kind.put_help)(self.put_document)
        group.command("delete", help=kind.delete_help)(self.delete_document)
        return group

    def list_documents(self, context: typer.Context, *, as_json: show.JsonOption = False) -> None:
        """List the documents."""
        with connect_to_api(context) as api:
            answer = api.get(at(self._kind.plural))
        if as_json:
            show.print_json(answer)
        else:
            show.print_table(self._kind.columns, map(self._kind.row, answer[self._kind.plural]))
            show.say_if_newer(answer, self._kind.plural.removesuffix("s"))

    def get_document(
        self, context: typer.Context, name: Name, *, version: Version = None, as_json: show.JsonOption = False
    ) -> None:
        """Print a document as YAML that `put` accepts. To restore an earlier version, store its output again."""
        with connect_to_api(context) as api:
            document = api.get(at(self._kind.plural, name), version=version)
        if as_json:
            show.print_json(document)
        else:
            print_document(document)

    def list_document_versions(
        self, context: typer.Context, name: Name, *, paging: PagingOptions, as_json: show.JsonOption = False
    ) -> None:
        """List the versions of a document, newest first. They remain after the document is deleted."""
        with connect_to_api(context) as api:
            found = fetch_list(api, at(self._kind.plural, name, "versions"), "versions", {}, paging)
        print_versions(found, as_json=as_json)

    def put_document(
        self, context: typer.Context, file: File, *, name: NewName = None, as_json: show.JsonOption = False
    ) -> None:
        """Store a document: a new one, or a new version."""
        with connect_to_api(context) as api:
            stored_as, document = read_named(file, name)
            with naming_file(api, file):
                answer = api.send("PUT", at(self._kind.plural, stored_as), document)
            show.say(f"stored {show.plain(stored_as)}, version {(answer or {}).get('version', '?')}")
            if as_json:
                show.print_json(answer)

    def delete_document(
        self, context: typer.Context, name: Name, *, yes: YesOption = False, as_json: show.JsonOption = False
    ) -> None:
        """Delete a document."""
        check_terminal("the deletion", yes=yes)
        if not yes:
            confirm(f"delete {self._kind.plural.removesuffix('s')} {name}?")
        with connect_to_api(context) as api:
            change_document(api, "DELETE", at(self._kind.plural, name), f"deleted {name}", as_json=as_json)


def orchestration_row(document: Mapping[str, Any]) -> tuple[str, ...]:
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


def template_row(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a template as a row of the list."""
    return (
        show.plain(document["name"]),
        show.plain(document["operation"]),
        show.plain(document.get("kind", "")),
        str(document.get("version", "")),
        show.plain(document.get("summary", "")),
    )


def print_versions(found: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a list of versions; only versions of orchestrations are enabled or disabled."""
    if as_json:
        show.print_json(found)
        return
    switched = any("enabled" in version for version in found["versions"])
    columns: Columns = {
        "VERSION": NUMBER,
        "UPDATED": {},
        "KIND": {},
        **({"ENABLED": {}} if switched else {}),
        "CURRENT": {},
    }
    show.print_table(columns, map(version_row, found["versions"]))
    show.say_if_more(found, "versions")
    show.say_if_newer(found, "version")


def version_row(version: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a version as a row of the list."""
    return (
        str(version["version"]),
        show.local_time(version.get("updatedAt")),
        show.plain(version.get("kind", "")),
        *(("yes" if version["enabled"] else "no",) if "enabled" in version else ()),
        "yes" if version.get("current") else "",
    )


def change_document(api: Api, method: str, path: str, said: str, *, as_json: bool) -> None:
    """Send a change without a body, and say that it is done."""
    answer = api.send(method, path)
    show.say(show.plain(said))
    if as_json:
        show.print_json(answer if answer is not None else {})


ORCHESTRATIONS = DocumentTexts(
    "orchestrations",
    {"NAME": {}, "ENABLED": {}, "VERSION": NUMBER, "KIND": {}, "FILES": WRAPPED, "SUBTASKS": WRAPPED},
    orchestration_row,
    help="Manage orchestrations: which new files are processed, and how.",
    list_help="List the orchestrations with the files that they match and their subtasks.",
    put_help="Store an orchestration: a new one, or a new version.",
    delete_help="Delete an orchestration; its tasks are kept.",
)
TEMPLATES = DocumentTexts(
    "templates",
    {"NAME": {}, "OPERATION": {}, "KIND": {}, "VERSION": NUMBER, "SUMMARY": WRAPPED},
    template_row,
    help="Manage templates: named sets of parameters for an operation.",
    list_help="List the templates.",
    put_help="Store a template: a new one, or a new version. Presets cannot be changed.",
    delete_help="Delete a template. Presets cannot be deleted.",
)
orchestrations = DocumentCommands(ORCHESTRATIONS).group()
templates = DocumentCommands(TEMPLATES).group()


@orchestrations.command("enable")
def orchestrations_enable(context: typer.Context, name: Name, *, as_json: show.JsonOption = False) -> None:
    """Enable an orchestration: new files that match it create tasks."""
    with connect_to_api(context) as api:
        change_document(api, "POST", at("orchestrations", name, "enable"), f"enabled {name}", as_json=as_json)


@orchestrations.command("disable")
def orchestrations_disable(
    context: typer.Context, name: Name, *, yes: YesOption = False, as_json: show.JsonOption = False
) -> None:
    """Disable an orchestration: new files create no tasks with it. Its existing tasks continue."""
    check_terminal("this", yes=yes)
    if not yes:
        confirm(f"disable orchestration {name}? New files create no tasks with it")
    with connect_to_api(context) as api:
        said = f"disabled {name}; its existing tasks continue"
        change_document(api, "POST", at("orchestrations", name, "disable"), said, as_json=as_json)


@orchestrations.command("match")
def orchestrations_match(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="Key of the file, as it would be uploaded.")],
    *,
    bucket: Annotated[str | None, typer.Option(help="Bucket of the file (default: the input bucket).")] = None,
    size: Annotated[
        int | None, typer.Option(min=0, metavar="BYTES", help="Size of the file (default: any size except 0).")
    ] = None,
    as_json: show.JsonOption = False,
) -> None:
    """Show which orchestrations an upload with this key would start, and why. Nothing is uploaded."""
    asked = {"key": key, "bucket": bucket, "size": size}
    with connect_to_api(context) as api:
        answer = api.send(
            "POST", "/orchestrations/match", {name: value for name, value in asked.items() if value is not None}
        )
    if as_json:
        show.print_json(answer)
        return
    show.stdout().print(
        Text.assemble(show.color_status(answer["verdict"]), f": {show.plain(answer['reason'])}\n"), soft_wrap=True
    )
    rows = (
        (show.plain(found["orchestration"]), show.color_status(found["verdict"]), show.plain(found["reason"]))
        for found in answer["matches"]
    )
    show.print_table({"ORCHESTRATION": {}, "VERDICT": {}, "WHY": WRAPPED}, rows)
