"""Orchestrations and templates: the stored documents. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, ValidationError

from shared.domain.camel_case import CamelCaseModel
from shared.domain.condition import check_condition, condition_subtasks, parse_condition
from shared.domain.output_names import DOTS, PLACEHOLDER
from shared.domain.subtask import SubtaskType
from shared.domain.task import MAX_SUBTASKS
from shared.errors import NewerVersion

MAX_FAULTS = 10  # that one message names
# Common formats of media files; a trigger without formats accepts all of them.
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
# S3's rules. Names such as a--x-s3 and ARNs are reserved for buckets with other endpoints, which botocore would call.
BUCKET_NAME = re.compile(r"(?!.*--[a-z]+-s3$)[a-z0-9][a-z0-9.-]+[a-z0-9]")


class DocumentOrigin(StrEnum):
    """Where a document comes from."""

    PRESET = "PRESET"  # ships with Reelmill
    CUSTOM = "CUSTOM"  # stored by a user


def check_pattern(pattern: str) -> str:
    """Return an output name pattern; raise ValueError if a variable is unknown or the path could leave its prefix."""
    unknown = sorted(set(PLACEHOLDER.findall(pattern)) - VARIABLES)
    if unknown:
        message = f"unknown variable {{{unknown[0]}}}; use one of {', '.join(sorted(VARIABLES))}"
        raise ValueError(message)
    bare = PLACEHOLDER.sub("", pattern)
    if "{" in bare or "}" in bare:
        message = "unmatched brace; write variables as {name}"
        raise ValueError(message)
    if DOTS.intersection(pattern.split("/")) or not pattern.isprintable():
        message = "the path must not contain '.' or '..' as a folder, or unprintable characters"
        raise ValueError(message)
    return pattern


def check_file_name(pattern: str) -> str:
    """Return a file name pattern; raise ValueError if it is a path."""
    if "/" in pattern or "{inputDir}" in pattern:
        message = "a file name can't contain folders; put them in the output's prefix"
        raise ValueError(message)
    return check_pattern(pattern)


def check_bucket_name(name: str) -> str:
    """Return the name of a bucket; raise ValueError if it isn't a valid name of a general purpose bucket."""
    if not BUCKET_NAME.fullmatch(name):
        message = (
            "a bucket name consists of lowercase letters, digits, dots and hyphens, and starts and ends with a letter "
            "or digit; ARNs and names that end in a suffix such as --x-s3 are not supported"
        )
        raise ValueError(message)
    return name


Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
# S3: the length of a bucket name.
BucketName = Annotated[str, StringConstraints(min_length=3, max_length=63), AfterValidator(check_bucket_name)]
Format = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[A-Za-z0-9]{1,10}$")]
Prefix = Annotated[str, StringConstraints(max_length=512), AfterValidator(check_pattern)]
FileName = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(check_file_name)]

ConditionText = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(check_condition)]
Priority = Annotated[int, Field(ge=-10, le=10, strict=True)]


class Trigger(CamelCaseModel):
    """Which new objects an orchestration accepts. Without formats it accepts all known media formats."""

    bucket: BucketName | None = None
    prefix: Annotated[str, StringConstraints(max_length=1024)] = ""
    formats: tuple[Format, ...] = ()


class Output(CamelCaseModel):
    """The folder in the output bucket for the outputs."""

    prefix: Prefix = "{inputDir}/{inputName}/"


class SubtaskDocument(CamelCaseModel):
    """One subtask as a person writes it: an operation, its parameters, and the subtasks that must succeed first."""

    name: Name
    type: SubtaskType
    template: Name | None = None
    params: dict[str, Any] = Field(default_factory=dict)
    needs: tuple[Name, ...] = ()
    input: Name | None = None
    file_name: FileName | None = None
    when: ConditionText | None = None

    @property
    def predecessors(self) -> tuple[str, ...]:
        """The names of the subtasks that it waits for: `needs`, `input`, and the subtasks that `when` names."""
        asked = condition_subtasks(parse_condition(self.when)) if self.when else ()
        return tuple(dict.fromkeys((*self.needs, *([self.input] if self.input else []), *asked)))


def list_faults(messages: Sequence[str]) -> str:
    """Return one message for all faults of a document; it names the first ten."""
    more = f"; and {len(messages) - MAX_FAULTS} more" if len(messages) > MAX_FAULTS else ""
    return "; ".join(messages[:MAX_FAULTS]) + more


def check_graph(subtasks: tuple[SubtaskDocument, ...]) -> tuple[SubtaskDocument, ...]:
    """Return the subtasks; raise ValueError if names repeat or are unknown, or dependencies are circular.

    The error names all repeated and all unknown names.
    """
    count = Counter(subtask.name for subtask in subtasks)
    faults = [f"two subtasks are named {name}; rename one" for name, times in count.items() if times > 1]
    faults += [
        f"subtask {subtask.name} needs {name}, which is not one of the subtasks"
        for subtask in subtasks
        for name in subtask.predecessors
        if name not in count
    ]
    if faults:
        raise ValueError(list_faults(faults))
    try:
        TopologicalSorter({subtask.name: subtask.predecessors for subtask in subtasks}).prepare()
    except CycleError as error:
        message = f"the subtasks depend on each other in a circle: {' → '.join(error.args[1])}"
        raise ValueError(message) from error
    return subtasks


SubtaskDocuments = Annotated[
    tuple[SubtaskDocument, ...], Field(min_length=1, max_length=MAX_SUBTASKS), AfterValidator(check_graph)
]


class OrchestrationDocument(CamelCaseModel):
    """A trigger, and the subtasks that process each new object that it accepts."""

    name: Name
    description: Annotated[str, StringConstraints(max_length=500)] = ""
    enabled: Annotated[bool, Field(strict=True)] = True
    trigger: Trigger = Field(default_factory=Trigger)
    output: Output = Field(default_factory=Output)
    priority: Priority = 0
    subtasks: SubtaskDocuments


class Orchestration(OrchestrationDocument):
    """A stored orchestration: the document, its version and when the version was stored (epoch milliseconds)."""

    version: int = 1
    kind: DocumentOrigin = DocumentOrigin.CUSTOM
    updated_at: int | None = None


class TemplateDocument(CamelCaseModel):
    """A named set of parameters for one operation."""

    name: Name
    operation: SubtaskType
    summary: Annotated[str, StringConstraints(max_length=500)] = ""
    params: dict[str, Any]


class Template(TemplateDocument):
    """A stored template: the document, its version and when the version was stored (epoch milliseconds)."""

    version: int = 1
    kind: DocumentOrigin = DocumentOrigin.CUSTOM
    updated_at: int | None = None


@dataclass(frozen=True)
class UnreadableDocument:
    """A document that a newer version of Reelmill stored: what can be read of it, and the error to report."""

    document_type: type[Orchestration] | type[Template]
    name: str
    version: int
    document: Mapping[str, Any]
    error: NewerVersion

    def readable_orchestration(self) -> Orchestration:
        """Return the orchestration without subtasks. If its trigger is unreadable too, it accepts all media files."""
        try:
            trigger = Trigger.model_validate(self.document.get("trigger", {}), extra="ignore")
        except ValidationError:
            trigger = Trigger()
        enabled = self.document.get("enabled") is not False
        return Orchestration.model_construct(name=self.name, enabled=enabled, trigger=trigger, subtasks=())


def numbers_by_name(subtasks: Iterable[SubtaskDocument]) -> dict[str, int]:
    """Return the number of each subtask: its position in the list, from 1."""
    return {subtask.name: number for number, subtask in enumerate(subtasks, start=1)}
