"""What the API takes and gives of orchestrations, templates and operations."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, StringConstraints

from functions.task_api.views import optional_timestamp
from shared.domain.camel_case import CamelCaseModel
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
from shared.use_cases.catalog_versions import Version


class OrchestrationView(CamelCaseModel):
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


class VersionView(CamelCaseModel):
    """A version of an orchestration or a template. After a deletion, none is `current`."""

    version: int
    current: bool
    kind: Kind
    updated_at: str | None

    @classmethod
    def of(cls, version: Version[Orchestration] | Version[Template]) -> Self:
        """Return the view; fields beyond these are the document's."""
        document = version.document
        own = {name: getattr(document, name) for name in cls.model_fields if name not in {"current", "updated_at"}}
        return cls(**own, current=version.is_current, updated_at=optional_timestamp(document.updated_at))


class OrchestrationVersionView(VersionView):
    """A version of an orchestration."""

    enabled: bool


class OrchestrationVersionPage(CamelCaseModel):
    """Some versions, newest first; `nextToken` asks for the next ones, null at the end."""

    versions: list[OrchestrationVersionView]
    next_token: str | None


class TemplateVersionPage(CamelCaseModel):
    """Some versions, newest first; `nextToken` asks for the next ones, null at the end."""

    versions: list[VersionView]
    next_token: str | None


class OrchestrationList(CamelCaseModel):
    """All orchestrations, by name."""

    orchestrations: list[OrchestrationView]


def of_known_formats(trigger: Trigger) -> Trigger:
    """Return a trigger as it is; raise ValueError when it names a format that no file here has."""
    if unknown := sorted(set(trigger.formats) - MEDIA_FORMATS):
        message = f"{unknown[0]} is not a known format; the known formats are {', '.join(sorted(MEDIA_FORMATS))}"
        raise ValueError(message)
    return trigger


class OrchestrationBody(CamelCaseModel):
    """An orchestration to store; its name stands in the path."""

    name: str | None = None
    description: Annotated[str, StringConstraints(max_length=500)] = ""
    enabled: Annotated[bool, Field(strict=True)] = True
    # Asked of what comes, not of what is stored: that can always be read.
    trigger: Annotated[Trigger, AfterValidator(of_known_formats)] = Field(default_factory=Trigger)
    output: Output = Field(default_factory=Output)
    priority: Priority = 0
    subtasks: SubtaskRules


class MatchBody(CamelCaseModel):
    """An object that may come to be. `size` in bytes; without it the object is taken to have some."""

    bucket: BucketName | None = None
    key: Annotated[str, StringConstraints(min_length=1, max_length=1024)]
    size: Annotated[int, Field(ge=0, lt=2**63, strict=True)] | None = None


class MatchList(CamelCaseModel):
    """What would become of an object, what each orchestration would do with it, and why."""

    verdict: Verdict
    reason: str
    matches: list[TriggerMatch]


class TemplateView(CamelCaseModel):
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


class TemplateList(CamelCaseModel):
    """All templates, by name."""

    templates: list[TemplateView]


class TemplateBody(CamelCaseModel):
    """A template to store; its name stands in the path."""

    name: str | None = None
    operation: SubtaskType
    summary: Annotated[str, StringConstraints(max_length=500)] = ""
    params: dict[str, Any]


class OperationView(CamelCaseModel):
    """A kind of subtask, and the JSON schemas of its parameters and of what it finds; null when it finds nothing."""

    type: SubtaskType
    summary: str
    params: dict[str, Any]
    result: dict[str, Any] | None


class OperationList(CamelCaseModel):
    """All kinds of subtask."""

    operations: list[OperationView]
