"""An action on many tasks, as the API takes it and shows its results."""

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from functions.task_api.task_views import TaskSummary, task_fields
from functions.task_api.views import FailureView, Limit, PageView, RunNumber, Timestamp, optional_milliseconds
from shared.domain.camel_case import CamelCaseModel
from shared.domain.ids import ID_LENGTH
from shared.domain.task import Outcome, TaskStatus
from shared.stores.task_queries import TaskFilter
from shared.use_cases.bulk import ActionResult, BulkAction

TaskId = Annotated[str, StringConstraints(min_length=1, max_length=ID_LENGTH)]


class FilterBody(CamelCaseModel):
    """The filters of a list of tasks; an empty filter matches all tasks."""

    status: TaskStatus | None = None
    outcome: Outcome | None = None
    task_id: Annotated[str, StringConstraints(max_length=ID_LENGTH)] = ""
    source_key: Annotated[str, StringConstraints(max_length=1024)] | None = None
    orchestration: Annotated[str, StringConstraints(max_length=63)] | None = None
    created_after: Timestamp | None = None
    created_before: Timestamp | None = None

    def wanted(self, tenant: str) -> TaskFilter:
        """Return the filter for a tenant's tasks."""
        return TaskFilter(
            tenant=tenant,
            status=self.status,
            outcome=self.outcome,
            id_prefix=self.task_id.upper(),
            source_key=self.source_key,
            orchestration=self.orchestration,
            created_after=optional_milliseconds(self.created_after),
            created_before=optional_milliseconds(self.created_before),
        )


class BulkBody(CamelCaseModel):
    """An action, and its tasks: either `taskIds`, or one page of those that match `filter`.

    `runs` are the runs that are meant, by the IDs of their tasks. An action is refused if a newer run has begun, so
    repeating the request is harmless.
    """

    action: BulkAction
    task_ids: Annotated[list[TaskId], Field(min_length=1, max_length=100)] | None = None
    runs: dict[TaskId, RunNumber] | None = None
    filter: FilterBody | None = None
    max_results: Limit = 50
    next_token: Annotated[str, StringConstraints(max_length=200)] | None = None

    @model_validator(mode="after")
    def check_choice(self) -> "BulkBody":
        """Raise ValueError unless exactly one of `taskIds` and `filter` is given; only a filter has pages."""
        if (self.task_ids is None) == (self.filter is None):
            message = "give either taskIds or filter"
            raise ValueError(message)
        if self.task_ids is not None and self.next_token is not None:
            message = "nextToken can't be used with taskIds; pass it with the filter that returned it"
            raise ValueError(message)
        if self.runs and (unknown := set(self.runs).difference(self.task_ids or ())):
            message = f"runs names {min(unknown)}, which taskIds doesn't"
            raise ValueError(message)
        return self

    def chosen(self) -> dict[str, int | None]:
        """Return the IDs of the tasks with the runs that are meant."""
        return {identifier: (self.runs or {}).get(identifier) for identifier in self.task_ids or ()}


class BulkResultView(CamelCaseModel):
    """The result for one task: the task after the action, or the error if nothing was done with it."""

    task_id: str
    task: TaskSummary | None
    error: FailureView | None

    @classmethod
    def of(cls, done: ActionResult) -> "BulkResultView":
        """Return the view."""
        return cls(
            task_id=done.task_id,
            task=TaskSummary(**task_fields(done.task)) if done.task else None,
            error=FailureView(code=done.error.code, message=done.error.message) if done.error else None,
        )


class BulkResultPage(PageView):
    """A page of results, one for each task."""

    results: list[BulkResultView]
