"""What the API takes and gives of orchestrations, templates and operations."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from functions.task_api.views import View, optional_timestamp
from shared.domain.matching import TriggerMatch
from shared.domain.orchestration import (
    MEDIA_FORMATS,
    BucketName,
    Kind,
    Orchestration,
    Output,
    Priority,
    SubtaskRule,
    SubtaskRules,
    Template,
    Trigger,
)
from shared.domain.subtask import SubtaskType
from shared.domain.upload import Verdict
from shared.use_cases.catalog_versions import VersionPage


class OrchestrationView(View):
    """A stored orchestration."""

    name: str
    description: str
    enabled: bool
    trigger: Trigger
    output: Output
    priority: int
    subtasks: tuple[SubtaskRule, ...]
    version: int
    kind: Kind
    updated_at: str | None

    @classmethod
    def of(cls, found: Orchestration) -> "OrchestrationView":
        """Return the view."""
        fields = {name: getattr(found, name) for name in cls.model_fields}
        return cls.model_construct(**{**fields, "updated_at": optional_timestamp(found.updated_at)})


class VersionView(View):
    """A version of what is stored under a name; `current` is the one that stands, of which a deletion leaves none."""

    version: int
    current: bool
    kind: Kind
    updated_at: str | None


class OrchestrationVersionView(VersionView):
    """A version of an orchestration."""

    enabled: bool


class OrchestrationVersionPage(View):
    """Some versions, newest first; `nextToken` asks for the next ones, null at the end."""

    versions: list[OrchestrationVersionView]
    next_token: str | None

    @classmethod
    def of(cls, page: VersionPage[Orchestration]) -> "OrchestrationVersionPage":
        """Return the view."""
        versions = [
            OrchestrationVersionView(**version_fields(one, page.current), enabled=one.enabled) for one in page.versions
        ]
        return cls(versions=versions, next_token=page.next_token)


class TemplateVersionPage(View):
    """Some versions, newest first; `nextToken` asks for the next ones, null at the end."""

    versions: list[VersionView]
    next_token: str | None

    @classmethod
    def of(cls, page: VersionPage[Template]) -> "TemplateVersionPage":
        """Return the view."""
        versions = [VersionView(**version_fields(one, page.current)) for one in page.versions]
        return cls(versions=versions, next_token=page.next_token)


def version_fields(one: Orchestration | Template, current: Orchestration | Template | None) -> dict[str, Any]:
    """Return what every view of a version shows."""
    return {
        "version": one.version,
        "current": one == current,
        "kind": one.kind,
        "updated_at": optional_timestamp(one.updated_at),
    }


class OrchestrationList(View):
    """All orchestrations, by name."""

    orchestrations: list[OrchestrationView]


def of_known_formats(trigger: Trigger) -> Trigger:
    """Return a trigger as it is; raise ValueError when it names a format that no file here has."""
    if unknown := sorted(set(trigger.formats) - MEDIA_FORMATS):
        message = f"{unknown[0]} is no format that is known here; those are {', '.join(sorted(MEDIA_FORMATS))}"
        raise ValueError(message)
    return trigger


class OrchestrationBody(View):
    """An orchestration to store; its name stands in the path."""

    name: str | None = None
    description: Annotated[str, StringConstraints(max_length=500)] = ""
    enabled: Annotated[bool, Field(strict=True)] = True
    # Asked of what comes, not of what is stored: that can always be read.
    trigger: Annotated[Trigger, AfterValidator(of_known_formats)] = Field(default_factory=Trigger)
    output: Output = Field(default_factory=Output)
    priority: Priority = 0
    subtasks: SubtaskRules


class MatchBody(View):
    """An object that may come to be. `size` in bytes; without it the object is taken to have some."""

    bucket: BucketName | None = None
    key: Annotated[str, StringConstraints(min_length=1, max_length=1024)]
    size: Annotated[int, Field(ge=0, lt=2**63, strict=True)] | None = None


class MatchList(View):
    """What would become of an object, what each orchestration would do with it, and why."""

    verdict: Verdict
    reason: str
    matches: list[TriggerMatch]


class TemplateView(View):
    """A stored template."""

    name: str
    operation: SubtaskType
    summary: str
    params: dict[str, Any]
    version: int
    kind: Kind
    updated_at: str | None

    @classmethod
    def of(cls, found: Template) -> "TemplateView":
        """Return the view."""
        fields = {name: getattr(found, name) for name in cls.model_fields}
        return cls.model_construct(**{**fields, "updated_at": optional_timestamp(found.updated_at)})


class TemplateList(View):
    """All templates, by name."""

    templates: list[TemplateView]


class TemplateBody(View):
    """A template to store; its name stands in the path."""

    name: str | None = None
    operation: SubtaskType
    summary: Annotated[str, StringConstraints(max_length=500)] = ""
    params: dict[str, Any]


class OperationView(View):
    """A kind of subtask, and the JSON schemas of its parameters and of what it finds; null when it finds nothing."""

    type: SubtaskType
    summary: str
    params: dict[str, Any]
    result: dict[str, Any] | None


class OperationList(View):
    """All kinds of subtask."""

    operations: list[OperationView]
