"""The routes of tasks: list, make, explain, restart, end, cancel."""

import os
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.task_api.bulk_views import BulkBody, BulkResultPage, BulkResultView, FilterBody
from functions.task_api.caller import request_context
from functions.task_api.files import RunQuery, output_views
from functions.task_api.views import (
    AttemptView,
    RestartBody,
    SubtaskDetail,
    TaskBody,
    TaskPage,
    TaskSummary,
    TaskView,
    Timestamp,
    subtask_fields,
    task_fields,
    task_view,
)
from shared.domain.page import Page
from shared.domain.task import Outcome, Task, TaskStatus
from shared.domain.wait import explain
from shared.services import Services
from shared.use_cases.bulk import act_on, act_on_page
from shared.use_cases.tasks import (
    NewTask,
    cancel_task,
    create_task,
    end_task,
    read_subtask,
    read_task,
    restart_task,
    run_of,
)

router = APIGatewayHttpRouter()

BULK_MILLISECONDS = 18_000  # of the 29 s that a request has: the move that was begun by then must be done, too

SHOWN: dict[str, Any] = {"application/json": {"model": TaskView}}
CREATED_RESPONSES: dict[int, Any] = {
    201: {"description": "The task.", "content": SHOWN},
    200: {"description": "The task that was made by this client token before.", "content": SHOWN},
}


@router.get("/tasks", summary="List tasks, newest first", tags=["Tasks"])
def get_tasks(  # noqa: PLR0913, PLR0917 - one argument per filter is what the OpenAPI document is made from
    status: Annotated[TaskStatus | None, Query()] = None,
    outcome: Annotated[Outcome | None, Query()] = None,
    task_id: Annotated[str, Query(alias="taskId", max_length=26, description="A task ID or its beginning.")] = "",
    source_key: Annotated[str | None, Query(alias="sourceKey", max_length=1024)] = None,
    orchestration: Annotated[str | None, Query(max_length=63)] = None,
    created_after: Annotated[Timestamp | None, Query(alias="createdAfter")] = None,
    created_before: Annotated[Timestamp | None, Query(alias="createdBefore")] = None,
    max_results: Annotated[int, Query(alias="maxResults", ge=1, le=100)] = 20,
    next_token: Annotated[str | None, Query(alias="nextToken", max_length=200)] = None,
) -> TaskPage:
    """Show one page of the tasks that pass every filter."""
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
    return TaskPage(tasks=[TaskSummary(**task_fields(task)) for task in page.items], next_token=page.next_token)


@router.post("/tasks", summary="Make a task", tags=["Tasks"], responses=CREATED_RESPONSES)
def post_task(body: TaskBody) -> Response[TaskView]:
    """Make a task of an object that is there; the same client token gives the first task again."""
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
    task, made = create_task(services, tenant, wanted, os.urandom)
    return Response(
        status_code=HTTPStatus.CREATED if made else HTTPStatus.OK,
        content_type="application/json",
        body=moved(services, task),
    )


@router.get("/tasks/<task_id>", summary="Show a task and its subtasks", tags=["Tasks"])
def get_task(task_id: str, run: RunQuery = None) -> TaskView:
    """Show a task as it stands, or as an earlier run left it."""
    services, tenant = request_context(router)
    newest = read_task(services, tenant, task_id)
    task = run_of(services, newest, run)
    return task_view(task, newest.run, explain(task, task.subtasks, services.now(), services.queues.waiting))


@router.post("/tasks/<task_id>/restart", summary="Restart a completed task", tags=["Tasks"])
def post_task_restart(task_id: str, body: RestartBody | None = None) -> TaskView:
    """Begin the next run of a completed task, or of what failed in it and what depends on that."""
    only_failed = body is not None and body.only is not None
    services, tenant = request_context(router)
    return moved(services, restart_task(services, tenant, task_id, only_failed=only_failed))


@router.post("/tasks/<task_id>/end", summary="End a waiting task", tags=["Tasks"])
def post_task_end(task_id: str) -> TaskView:
    """Complete a waiting task, so that nothing of it ever starts."""
    services, tenant = request_context(router)
    return moved(services, end_task(services, tenant, task_id))


@router.post("/tasks/<task_id>/cancel", summary="Cancel an unfinished task", tags=["Tasks"])
def post_task_cancel(task_id: str) -> TaskView:
    """Stop a waiting or running task: what has ended stays, the rest fails, and its ffmpeg is killed."""
    services, tenant = request_context(router)
    return moved(services, cancel_task(services, tenant, task_id))


@router.post("/tasks/bulk", summary="Restart, end or cancel many tasks", tags=["Tasks"])
def post_tasks_bulk(body: BulkBody) -> BulkResultPage:
    """Do the same with each task that is named, or with one page of those that pass a filter.

    What it doesn't come to in the time of a request is left: `nextToken` goes on there, and a task that was named is
    `ServiceBusy`.
    """
    services, tenant = request_context(router)
    until = services.now() + BULK_MILLISECONDS
    if body.filter is not None:
        wanted = body.filter.wanted(tenant)
        page = act_on_page(services, body.action, wanted, body.max_results, body.next_token, until)
    else:
        page = Page(act_on(services, tenant, body.action, body.task_ids or (), until), next_token=None)
    return BulkResultPage(results=[BulkResultView.of(done) for done in page.items], next_token=page.next_token)


@router.get("/tasks/<task_id>/subtasks/<no>", summary="Show all there is to know of a subtask", tags=["Tasks"])
def get_subtask(task_id: str, no: int, run: RunQuery = None) -> SubtaskDetail:
    """Show a subtask's parameters, attempts, commands, log, outputs and result."""
    services, tenant = request_context(router)
    task, subtask = read_subtask(services, tenant, task_id, run, no)
    records = services.tasks.get_records(task.id, subtask.carried_from or task.run, no)
    waiting = explain(task, [subtask], services.now(), services.queues.waiting)
    final = next((record for number, record in records if number == subtask.attempt and subtask.record), None)
    return SubtaskDetail(
        **subtask_fields(subtask, waiting.get(no)),
        params=dict(subtask.params),
        attempts=[AttemptView.of(number, record) for number, record in records],
        outputs=output_views(services, final.outputs if final else ()),
        result=dict(final.result) if final and final.result is not None else None,
        warnings=list(final.warnings) if final else [],
    )


def moved(services: Services, task: Task) -> TaskView:
    """Return the view of a task that has just moved; the queue's length is not asked for."""
    return task_view(task, task.run, explain(task, task.subtasks, services.now()))
