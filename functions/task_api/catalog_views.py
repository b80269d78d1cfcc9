"""Orchestrations, templates and operations, as the API takes and shows them."""

from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import AfterValidator, Field, StringConstraints

from functions.task_api.views import IsoTime, ListView, PageView, optional_timestamp
from shared.domain.camel_case import CamelCaseModel
from shared.domain.matching import TriggerMatch
from shared.domain.orchestration import (
    MEDIA_FORMATS,
    BucketName,
    DocumentOrigin,
    Orchestration,
    Output,
    Priority,
    SubtaskDocument,
    SubtaskDocuments,
    Template,
    Trigger,
)
from shared.domain.subtask import SubtaskType
from shared.domain.upload import Verdict
from shared.use_cases.catalog_versions import Version

if TYPE_CHECKING:
    from shared.operations.operation import Operation


class OrchestrationView(CamelCaseModel):
    """A stored orchestration."""

    name: str
    description: str
    enabled: bool
    trigger: Trigger
    output: Output
    priority: int
    subtasks: tuple[SubtaskDocument, ...]
    version: int
    kind: DocumentOrigin
    updated_at: IsoTime | None

    @classmethod
    def of(cls, document: Orchestration) -> "OrchestrationView":
        """Return the view."""
        fields = {name: getattr(document, name) for name in cls.model_fields}
        return cls.model_construct(**{**fields, "updated_at": optional_timestamp(document.updated_at)})


class VersionView(CamelCaseModel):
    """A version of an orchestration or a template. After a deletion, none is `current`."""

    version: int
    current: bool
    kind: DocumentOrigin
    updated_at: IsoTime | None

    @classmethod
    def of(cls, version: Version[Orchestration] | Version[Template]) -> Self:
        """Return the view."""
        document = version.document
        own = {name: getattr(document, name) for name in cls.model_fields if name not in {"current", "updated_at"}}
        return cls(**own, current=version.is_current, updated_at=optional_timestamp(document.updated_at))


class OrchestrationVersionView(VersionView):
    """A version of an orchestration."""

    enabled: bool


class OrchestrationVersionPage(PageView, ListView):
    """A page of versions, newest first."""

    versions: list[OrchestrationVersionView]


class TemplateVersionPage(PageView, ListView):
    """A page of versions, newest first."""

    versions: list[VersionView]


class OrchestrationList(ListView):
    """All orchestrations, by name."""

    orchestrations: list[OrchestrationView]


def check_formats(trigger: Trigger) -> Trigger:
    """Return a trigger; raise ValueError if it names an unknown format."""
    if unknown := sorted(set(trigger.formats) - MEDIA_FORMATS):
        message = f"{unknown[0]} is not a known format; use one of {', '.join(sorted(MEDIA_FORMATS))}"
        raise ValueError(message)
    return trigger


class OrchestrationBody(CamelCaseModel):
    """An orchestration to store, under the name in the path."""

    name: str | None = None
    description: Annotated[str, StringConstraints(max_length=500)] = ""
    enabled: Annotated[bool, Field(strict=True)] = True
    # Checked in requests only, so that stored documents can always be read.
    trigger: Annotated[Trigger, AfterValidator(check_formats)] = Field(default_factory=Trigger)
    output: Output = Field(default_factory=Output)
    priority: Priority = 0
    subtasks: SubtaskDocuments


class MatchBody(CamelCaseModel):
    """An object to predict the verdict on. `size` is in bytes; without it, the object counts as not empty."""

    bucket: BucketName | None = None
    key: Annotated[str, StringConstraints(min_length=1, max_length=1024)]
    size: Annotated[int, Field(ge=0, lt=2**63, strict=True)] | None = None


class MatchList(CamelCaseModel):
    """The predicted verdict on an object, its reason, and what each orchestration would do with the object."""

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
    kind: DocumentOrigin
    updated_at: IsoTime | None

    @classmethod
    def of(cls, document: Template) -> "TemplateView":
        """Return the view."""
        fields = {name: getattr(document, name) for name in cls.model_fields}
        return cls.model_construct(**{**fields, "updated_at": optional_timestamp(document.updated_at)})


class TemplateList(ListView):
    """All templates, by name."""

    templates: list[TemplateView]


class TemplateBody(CamelCaseModel):
    """A template to store, under the name in the path."""

    name: str | None = None
    operation: SubtaskType
    summary: Annotated[str, StringConstraints(max_length=500)] = ""
    params: dict[str, Any]


class OperationView(CamelCaseModel):
    """An operation with the JSON schemas of its parameters and of its result; null if it returns no result."""

    type: SubtaskType
    summary: str
    params: dict[str, Any]
    result: dict[str, Any] | None

    @classmethod
    def of(cls, kind: SubtaskType, operation: "Operation[Any]") -> "OperationView":
        """Return the view."""
        result = operation.result
        return cls(
            type=kind,
            summary=operation.summary,
            params=operation.params.model_json_schema(),
            result=result.model_json_schema(mode="serialization") if result else None,
        )


class OperationList(CamelCaseModel):
    """All operations."""

    operations: list[OperationView]
