"""Orchestrations and templates: the documents, what they match, and the names they give to outputs. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, ValidationError

from shared.domain.camel_case import CamelCaseModel
from shared.domain.condition import checked_rule, names_in, parsed
from shared.domain.subtask import SubtaskType
from shared.domain.task import MAX_SUBTASKS
from shared.errors import NewerVersion, ParametersRejected

# What people put into a media bucket; a trigger without formats takes them all.
MEDIA_FORMATS = frozenset(
    "3g2 3gp aac ac3 aif aiff amr asf avi caf dv f4v flac flv m2ts m2v m4a m4v mka mkv mov mp3 mp4 mpeg mpg "  # noqa: SIM905
    "mts mxf oga ogg ogv opus qt rm rmvb ts vob wav webm wma wmv".split()  # a list would take a page
)
VARIABLES = frozenset(
    {
        "inputDir",
        "inputName",
        "inputFormat",
        "taskId",
        "run",
        "subtask",
        "template",
        "format",
        "number",
        "width",
        "height",
    }
)
MAX_KEY_BYTES = 1024  # S3: an object key's length in UTF-8.
DOTS = frozenset({".", ".."})
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
# S3's rules. Names like a--x-s3 are kept for what has endpoints of its own, as ARNs have, and botocore would go there.
BUCKET_NAME = re.compile(r"(?!.*--[a-z]+-s3$)[a-z0-9][a-z0-9.-]+[a-z0-9]")


class Kind(StrEnum):
    """Where a document comes from."""

    PRESET = "PRESET"  # ships with Reelmill
    CUSTOM = "CUSTOM"  # stored by a user


def checked_pattern(pattern: str) -> str:
    """Return an output name pattern; raise ValueError when a variable is unknown or the path could leave its prefix."""
    unknown = sorted(set(PLACEHOLDER.findall(pattern)) - VARIABLES)
    if unknown:
        message = f"unknown variable {{{unknown[0]}}}; the known ones are {', '.join(sorted(VARIABLES))}"
        raise ValueError(message)
    bare = PLACEHOLDER.sub("", pattern)
    if "{" in bare or "}" in bare:
        message = "a brace stands alone; variables are written {name}"
        raise ValueError(message)
    if DOTS.intersection(pattern.split("/")) or not pattern.isprintable():
        message = "the path may hold neither '.' nor '..' as a folder, nor unprintable characters"
        raise ValueError(message)
    return pattern


def checked_file_name(pattern: str) -> str:
    """Return a file name pattern; raise ValueError when it is a path."""
    if "/" in pattern or "{inputDir}" in pattern:
        message = "a file name has no folders; put them into the output's prefix"
        raise ValueError(message)
    return checked_pattern(pattern)


def checked_bucket_name(name: str) -> str:
    """Return the name of a bucket; raise ValueError when no bucket, or no plain one, can have it."""
    if not BUCKET_NAME.fullmatch(name):
        message = (
            "a bucket's name is made of lowercase letters, digits, dots and hyphens, and both ends are a letter or a "
            "digit; ARNs, and names that end like --x-s3, are not taken"
        )
        raise ValueError(message)
    return name


Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
# S3: the length of a bucket's name.
BucketName = Annotated[str, StringConstraints(min_length=3, max_length=63), AfterValidator(checked_bucket_name)]
Format = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[A-Za-z0-9]{1,10}$")]
Prefix = Annotated[str, StringConstraints(max_length=512), AfterValidator(checked_pattern)]
FileName = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(checked_file_name)]

When = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(checked_rule)]
Priority = Annotated[int, Field(ge=-10, le=10, strict=True)]


class Trigger(CamelCaseModel):
    """Which new objects an orchestration takes. No formats means all known media formats."""

    bucket: BucketName | None = None
    prefix: Annotated[str, StringConstraints(max_length=1024)] = ""
    formats: tuple[Format, ...] = ()


class Output(CamelCaseModel):
    """The folder in the output bucket that outputs go to."""

    prefix: Prefix = "{inputDir}/{inputName}/"


class SubtaskRule(CamelCaseModel):
    """One subtask as a person writes it: an operation, its parameters, and what must succeed before."""

    name: Name
    type: SubtaskType
    template: Name | None = None
    params: dict[str, Any] = Field(default_factory=dict)
    needs: tuple[Name, ...] = ()
    input: Name | None = None
    file_name: FileName | None = None
    when: When | None = None

    @property
    def predecessors(self) -> tuple[str, ...]:
        """The names it waits for: `input`, and whatever `when` asks about, are needed without saying so."""
        asked = names_in(parsed(self.when)) if self.when else ()
        return tuple(dict.fromkeys((*self.needs, *([self.input] if self.input else []), *asked)))


def checked_graph(rules: tuple[SubtaskRule, ...]) -> tuple[SubtaskRule, ...]:
    """Return the rules; raise ValueError when names repeat, are unknown, or need each other in a circle."""
    names = [rule.name for rule in rules]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled:
        message = f"two subtasks are named {doubled}"
        raise ValueError(message)
    for rule in rules:
        unknown = next((name for name in rule.predecessors if name not in names), None)
        if unknown:
            message = f"subtask {rule.name} needs {unknown}, which is not a subtask here"
            raise ValueError(message)
    try:
        TopologicalSorter({rule.name: rule.predecessors for rule in rules}).prepare()
    except CycleError as error:
        message = f"the subtasks need each other in a circle: {' → '.join(error.args[1])}"
        raise ValueError(message) from error
    return rules


SubtaskRules = Annotated[
    tuple[SubtaskRule, ...], Field(min_length=1, max_length=MAX_SUBTASKS), AfterValidator(checked_graph)
]


class OrchestrationDocument(CamelCaseModel):
    """A trigger and the subtasks that each new object gets, as stored under a name."""

    name: Name
    description: Annotated[str, StringConstraints(max_length=500)] = ""
    enabled: Annotated[bool, Field(strict=True)] = True
    trigger: Trigger = Field(default_factory=Trigger)
    output: Output = Field(default_factory=Output)
    priority: Priority = 0
    subtasks: SubtaskRules


class Orchestration(OrchestrationDocument):
    """A stored orchestration: the document, its version and when that was made (epoch milliseconds)."""

    version: int = 1
    kind: Kind = Kind.CUSTOM
    updated_at: int | None = None


class TemplateDocument(CamelCaseModel):
    """A named set of parameters for one operation."""

    name: Name
    operation: SubtaskType
    summary: Annotated[str, StringConstraints(max_length=500)] = ""
    params: dict[str, Any]


class Template(TemplateDocument):
    """A stored template: the document, its version and when that was made (epoch milliseconds)."""

    version: int = 1
    kind: Kind = Kind.CUSTOM
    updated_at: int | None = None


@dataclass(frozen=True)
class UnreadableDocument:
    """A document that a newer version of Reelmill stored: its kind, its name, its JSON, and the error to report."""

    kind: type[Orchestration] | type[Template]
    name: str
    document: Mapping[str, Any]
    error: NewerVersion

    def readable_orchestration(self) -> Orchestration:
        """Return the orchestration without subtasks; with any trigger if its own is unreadable, too."""
        try:
            trigger = Trigger.model_validate(self.document.get("trigger", {}), extra="ignore")
        except ValidationError:
            trigger = Trigger()
        enabled = self.document.get("enabled") is not False
        return Orchestration.model_construct(name=self.name, enabled=enabled, trigger=trigger, subtasks=())


def format_of(key: str) -> str:
    """Return the key's format: its lower-case ending without the dot, empty when it has none."""
    return PurePosixPath(key).suffix.lower().removeprefix(".")


def name_variables(key: str) -> dict[str, str]:
    """Return the variables that a source key gives to output names; what is named `.` or `..` becomes `_`."""
    path = PurePosixPath("/".join("_" if part in DOTS else part for part in key.split("/")))
    folder = "" if str(path.parent) == "." else str(path.parent)
    name = "_" if path.stem in DOTS else path.stem  # of "..mp4" it is "."
    return {"inputDir": folder.strip("/"), "inputName": name, "inputFormat": format_of(key)}


def output_key(
    prefix: str, folder: str, file_name: str | None, variables: Mapping[str, str], number: int | None
) -> str:
    """Return the key of an output: its prefix filled in, the attempt's folder, its name filled in.

    Several files of one subtask are always told apart by their number. Raise ParametersRejected when the
    name would be empty, leave its prefix, or be too long.
    """
    pattern = file_name or "{inputName}-{subtask}.{format}"
    if number is not None and "{number}" not in pattern:
        stem, dot, ending = pattern.rpartition(".")
        pattern = f"{stem}-{{number}}{dot}{ending}" if dot else f"{pattern}-{{number}}"
    known = {**variables, "number": "" if number is None else str(number)}
    name = filled(pattern, known)
    parts = [*(part for part in filled(prefix, known).split("/") if part), folder, name]
    key = "/".join(parts)
    if not name or DOTS.intersection(parts):
        message = f"{prefix + pattern!r} gives the output {key!r}, which is not a file below its prefix"
        raise ParametersRejected(message, code="ParameterError.OutputName")
    if len(key.encode()) > MAX_KEY_BYTES:
        message = (
            f"the output key would be {len(key.encode())} bytes long, and S3 takes {MAX_KEY_BYTES}: "
            "shorten the output's prefix and file name, or the source's name"
        )
        raise ParametersRejected(message, code="ParameterError.OutputName")
    return key


def filled(pattern: str, variables: Mapping[str, str]) -> str:
    """Return a pattern with its variables filled in; what has no value is left out."""
    return PLACEHOLDER.sub(lambda found: variables.get(found[1], ""), pattern)


def by_name(rules: Iterable[SubtaskRule]) -> dict[str, int]:
    """Return the number of each subtask: its place in the list, from 1."""
    return {rule.name: number for number, rule in enumerate(rules, start=1)}
