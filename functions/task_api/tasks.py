"""The routes of tasks: list, create, show, restart, end and cancel them."""

import os
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.task_api.bulk_views import BulkBody, BulkResultPage, BulkResultView, FilterBody
from functions.task_api.caller import request_context
from functions.task_api.file_views import OutputView
from functions.task_api.parameters import LimitQuery, RunQuery, TokenQuery
from functions.task_api.requests import JSON
from functions.task_api.task_views import (
    ActionBody,
    AttemptView,
    RestartBody,
    SubtaskDetail,
    TaskBody,
    TaskPage,
    TaskSummary,
    TaskView,
    subtask_fields,
    task_fields,
    task_view,
)
from functions.task_api.views import Timestamp
from shared.domain.page import Page
from shared.domain.task import Outcome, Task, TaskStatus
from shared.domain.wait import explain_waits
from shared.services import Services
from shared.use_cases.bulk import act_on_page, act_on_tasks
from shared.use_cases.tasks import (
    NewTask,
    cancel_task,
    create_task,
    end_task,
    explain_subtask,
    explain_task,
    restart_task,
)

router = APIGatewayHttpRouter()

BULK_MILLISECONDS = 18_000  # of the 29 s of a request: the action that was begun by then must end in time, too

TASK: dict[str, Any] = {JSON: {"model": TaskView}}
CREATED_RESPONSES: dict[int, Any] = {
    201: {"description": "The new task.", "content": TASK},
    200: {"description": "The task that an earlier request with this client token created.", "content": TASK},
}


@router.get("/tasks", summary="List tasks, newest first", tags=["Tasks"], operation_id="listTasks")
def get_tasks(  # noqa: PLR0913, PLR0917 - one argument per filter is what the OpenAPI document is made from
    status: Annotated[TaskStatus | None, Query(description="The status of the task.")] = None,
    outcome: Annotated[Outcome | None, Query(description="The outcome of a completed task.")] = None,
    task_id: Annotated[str, Query(alias="taskId", max_length=26, description="A task ID or its beginning.")] = "",
    source_key: Annotated[
        str | None, Query(alias="sourceKey", max_length=1024, description="The exact key of the source.")
    ] = None,
    orchestration: Annotated[str | None, Query(max_length=63, description="The name of an orchestration.")] = None,
    created_after: Annotated[
        Timestamp | None, Query(alias="createdAfter", description="The earliest `createdAt`.")
    ] = None,
    created_before: Annotated[
        Timestamp | None, Query(alias="createdBefore", description="The latest `createdAt`.")
    ] = None,
    max_results: LimitQuery = 20,
    next_token: TokenQuery = None,
) -> TaskPage:
    """Return one page of the tasks that match all filters."""
    services, tenant = request_context(router)
    wanted = FilterBody(
        status=status,
        outcome=outcome,
        task_id=task_id,
        source_key=source_key,
        orchestration=orchestration,
        created_after=created_after,
        created_before=created_before,
    ).wanted(tenant)
    page = services.task_queries.page(wanted, max_results, next_token)
    tasks = services.progress.add_to_all(page.items)
    return TaskPage(
        tasks=[TaskSummary(**task_fields(task)) for task in tasks],
        next_token=page.next_token,
        newer_version=list(page.unreadable),
    )


@router.post("/tasks", summary="Create a task", tags=["Tasks"], responses=CREATED_RESPONSES, operation_id="createTask")
def post_task(body: TaskBody) -> Response[TaskView]:
    """Create a task for an existing object. A repeated client token returns the first task."""
    wanted = NewTask(
        bucket=body.source.bucket,
        key=body.source.key,
        version_id=body.source.version_id,
        orchestration=body.orchestration,
        subtasks=body.subtasks or (),
        output=body.output,
        priority=body.priority,
        client_token=body.client_token,
        session_context=body.session_context,
    )
    services, tenant = request_context(router)
    task, is_new = create_task(services, tenant, wanted, os.urandom)
    return Response(
        status_code=HTTPStatus.CREATED if is_new else HTTPStatus.OK,
        content_type=JSON,
        body=changed_task_view(services, task),
    )


@router.get("/tasks/<task_id>", summary="Show a task and its subtasks", tags=["Tasks"], operation_id="getTask")
def get_task(task_id: str, run: RunQuery = None) -> TaskView:
    """Return a task in its newest run, or in an earlier one."""
    explained = explain_task(*request_context(router), task_id, run)
    return task_view(explained.task, explained.newest_run, explained.waiting)


@router.post("/tasks/<task_id>/restart", summary="Restart a completed task", tags=["Tasks"], operation_id="restartTask")
def post_task_restart(task_id: str, body: RestartBody | None = None) -> TaskView:
    """Begin the next run of a completed task: all of it, or the failed subtasks and those that depend on them."""
    services, tenant = request_context(router)
    asked = body or RestartBody()
    restarted = restart_task(services, tenant, task_id, asked.run, only_failed=asked.only is not None)
    return changed_task_view(services, restarted)


@router.post("/tasks/<task_id>/end", summary="End a waiting task", tags=["Tasks"], operation_id="endTask")
def post_task_end(task_id: str, body: ActionBody | None = None) -> TaskView:
    """Complete a waiting task before any of its subtasks starts."""
    services, tenant = request_context(router)
    return changed_task_view(services, end_task(services, tenant, task_id, body.run if body else None))


@router.post("/tasks/<task_id>/cancel", summary="Cancel an unfinished task", tags=["Tasks"], operation_id="cancelTask")
def post_task_cancel(task_id: str, body: ActionBody | None = None) -> TaskView:
    """Stop a waiting or running task. Finished subtasks stay as they are; the others fail, and their ffmpeg stops."""
    services, tenant = request_context(router)
    return changed_task_view(services, cancel_task(services, tenant, task_id, body.run if body else None))


@router.post("/tasks/bulk", summary="Restart, end or cancel many tasks", tags=["Tasks"], operation_id="changeTasks")
def post_tasks_bulk(body: BulkBody) -> BulkResultPage:
    """Do the same with each task in a list of IDs, or with one page of the tasks that match a filter.

    A request that runs out of time leaves the remaining tasks as they are: with a filter, `nextToken` continues with
    them; with IDs, the result of each is the error `ServiceBusy`.
    """
    services, tenant = request_context(router)
    until = services.now() + BULK_MILLISECONDS
    if body.filter is not None:
        wanted = body.filter.wanted(tenant)
        page = act_on_page(services, body.action, wanted, body.max_results, body.next_token, until)
    else:
        page = Page(act_on_tasks(services, tenant, body.action, body.chosen(), until), next_token=None)
    return BulkResultPage(results=[BulkResultView.of(done) for done in page.items], next_token=page.next_token)


@router.get(
    "/tasks/<task_id>/subtasks/<no>", summary="Show a subtask in full", tags=["Tasks"], operation_id="getSubtask"
)
def get_subtask(task_id: str, no: int, run: RunQuery = None) -> SubtaskDetail:
    """Return a subtask with its parameters, attempts, commands, log, outputs and result."""
    services, tenant = request_context(router)
    explained = explain_subtask(services, tenant, task_id, run, no)
    subtask, final = explained.subtask, explained.final
    return SubtaskDetail(
        **subtask_fields(subtask, explained.waiting),
        params=dict(subtask.params),
        attempts=[AttemptView.of(number, record) for number, record in explained.records],
        outputs=[OutputView.of(services, output) for output in final.outputs] if final else [],
        result=dict(final.result) if final and final.result is not None else None,
        warnings=list(final.warnings) if final else [],
    )


def changed_task_view(services: Services, task: Task) -> TaskView:
    """Return the view of a task that has just changed, without the length of its queue."""
    shown = services.progress.add_to(task)
    return task_view(shown, task.run, explain_waits(task, task.subtasks, services.now()))
