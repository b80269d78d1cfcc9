"""What the API takes and gives of orchestrations, templates and operations."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from functions.task_api.views import View, moment
from shared.orchestration import Kind, Match, Orchestration, Output, SubtaskRule, SubtaskRules, Template, Trigger
from shared.task import SubtaskType


class OrchestrationView(View):
    """A stored orchestration."""

    name: str
    description: str
    enabled: bool
    trigger: Trigger
    output: Output
    subtasks: tuple[SubtaskRule, ...]
    version: int
    kind: Kind
    updated_at: str | None

    @classmethod
    def of(cls, found: Orchestration) -> "OrchestrationView":
        """Return the view."""
        fields = {name: getattr(found, name) for name in cls.model_fields}
        return cls.model_construct(**{**fields, "updated_at": moment(found.updated_at)})


class OrchestrationList(View):
    """All orchestrations, by name."""

    orchestrations: list[OrchestrationView]


class OrchestrationBody(View):
    """An orchestration to store; its name stands in the path."""

    name: str | None = None
    description: Annotated[str, StringConstraints(max_length=500)] = ""
    enabled: bool = True
    trigger: Trigger = Field(default_factory=Trigger)
    output: Output = Field(default_factory=Output)
    subtasks: SubtaskRules


class MatchBody(View):
    """An object that may come to be."""

    bucket: str | None = None
    key: Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class MatchList(View):
    """What each orchestration would do with an object, and why."""

    matches: list[Match]


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
        return cls.model_construct(**{**fields, "updated_at": moment(found.updated_at)})


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
    """A kind of subtask, and the JSON schema of its parameters."""

    type: SubtaskType
    summary: str
    params: dict[str, Any]


class OperationList(View):
    """All kinds of subtask."""

    operations: list[OperationView]
