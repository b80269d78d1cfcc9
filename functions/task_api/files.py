"""The routes of files: links to what tasks read and wrote."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.task_api.caller import request_context
from functions.task_api.requests import JSON
from functions.task_api.views import REDIRECT_RESPONSES, LinkView, OutputList, OutputView
from shared.domain.attempt_record import OutputFile
from shared.domain.content_types import content_type_of, shown_type
from shared.domain.subtask import Subtask, SubtaskStatus
from shared.domain.task import Task
from shared.domain.timestamps import iso_timestamp
from shared.errors import Conflict, NotFound
from shared.services import Services
from shared.use_cases.downloads import ZIP, zip_outputs
from shared.use_cases.tasks import read_subtask, read_task

LINK_SECONDS = 3600  # Long enough to watch, short enough to leak little.
# Who is led to a file begins at once, and what has begun goes on: S3 asks for the time at the beginning alone.
REDIRECT_SECONDS = 300
ZIP_MILLISECONDS = 18_000  # of the 29 s that a request has: parts that were begun by then must be done, too

LINK: dict[str, Any] = {JSON: {"model": LinkView}}
DOWNLOAD_RESPONSES: dict[int, Any] = {
    200: {"description": "A link to it, for those who accept JSON.", "content": LINK},
    **REDIRECT_RESPONSES,
}

router = APIGatewayHttpRouter()

RunQuery = Annotated[int | None, Query(ge=1, le=999_999, description="An earlier run; the newest without it.")]


@router.get("/tasks/<task_id>/source", summary="Link to the source", tags=["Files"])
def get_task_source(task_id: str) -> LinkView:
    """Give a link that plays a task's source in a browser."""
    services, tenant = request_context(router)
    source = read_task(services, tenant, task_id).source
    kind = shown_type(content_type_of(source.key))
    url = services.links.link(
        source.bucket,
        source.key,
        LINK_SECONDS,
        version_id=source.version_id,
        content_type=kind,
        attachment=False,
    )
    return LinkView(url=url, expires_at=expiry_timestamp(services, LINK_SECONDS), content_type=kind)


@router.get("/tasks/<task_id>/subtasks/<no>/outputs", summary="List a subtask's files", tags=["Files"])
def get_subtask_outputs(task_id: str, no: int, run: RunQuery = None) -> OutputList:
    """List the files that a subtask wrote, with links that play and links that save."""
    services, tenant = request_context(router)
    outputs = read_outputs(services, *read_subtask(services, tenant, task_id, run, no))
    return OutputList(outputs=output_views(services, outputs))


@router.get(
    "/tasks/<task_id>/subtasks/<no>/download",
    summary="Download a subtask's files",
    tags=["Files"],
    responses=DOWNLOAD_RESPONSES,
)
def get_subtask_download(
    task_id: str,
    no: int,
    run: RunQuery = None,
    number: Annotated[int | None, Query(ge=1, description="Which file alone, when there are several.")] = None,
    resume: Annotated[str | None, Query(max_length=2048, description="What a redirect to here gave.")] = None,
) -> Response[str]:
    """Redirect to the file that a subtask wrote, or to a zip of all of them.

    While the zip is being made, that may lead here again, several times. Who accepts `application/json`, as a page that
    must sign its requests, is given the last link in a body.
    """
    services, tenant = request_context(router)
    until = services.now() + ZIP_MILLISECONDS
    task, subtask = read_subtask(services, tenant, task_id, run, no)
    outputs = [output for output in read_outputs(services, task, subtask) if number in {None, output.number}]
    if not outputs:
        message = f"subtask {no} of task {task_id} has no such file"
        raise NotFound(message, code="OutputNotFound")
    if len(outputs) == 1:
        return lead(
            services, output_link(services, outputs[0], REDIRECT_SECONDS, attachment=True), outputs[0].content_type
        )
    made = zip_outputs(services, task, subtask, outputs, resume=resume, until=until)
    if made.resume:
        query = {"resume": made.resume} if run is None else {"run": run, "resume": made.resume}
        return redirect(f"?{urlencode(query)}")  # relative: nobody here knows what the API is called outside
    bucket, key = made.place.bucket, made.place.key
    link = services.links.link
    url = link(bucket, key, REDIRECT_SECONDS, content_type=ZIP, attachment=True, file_name=made.file_name)
    return lead(services, url, ZIP)


def lead(services: Services, url: str, content_type: str) -> Response[str]:
    """Return an answer that leads to a file: in its body for those who accept JSON, elsewhere for all others."""
    accepted = router.current_event.headers.get("accept", "").lower().split(",")
    if JSON not in {kind.partition(";")[0].strip() for kind in accepted}:
        return redirect(url)
    view = LinkView(url=url, expires_at=expiry_timestamp(services, REDIRECT_SECONDS), content_type=content_type)
    return Response(status_code=HTTPStatus.OK, content_type=JSON, body=view.model_dump_json(by_alias=True))


def redirect(url: str) -> Response[str]:
    """Return an answer that leads elsewhere."""
    return Response(status_code=HTTPStatus.FOUND, content_type="text/plain", body="", headers={"Location": url})


def read_outputs(services: Services, task: Task, subtask: Subtask) -> tuple[OutputFile, ...]:
    """Return the files of a subtask; raise Conflict while it has none yet."""
    if subtask.status is not SubtaskStatus.SUCCESSFUL or not subtask.record:
        message = f"subtask {subtask.no} of task {task.id} is {subtask.status}; only a SUCCESSFUL one has files"
        raise Conflict(message, code="NoOutputs", details={"status": subtask.status})
    record = services.tasks.get_record(task.id, subtask.record)
    return record.outputs if record else ()


def output_views(services: Services, outputs: Iterable[OutputFile]) -> list[OutputView]:
    """Return the views of files, with fresh links."""
    return [
        OutputView(
            key=output.key,
            bucket=output.bucket,
            file_name=output.file_name,
            number=output.number,
            size=output.size,
            content_type=output.content_type,
            facts=dict(output.facts),
            url=output_link(services, output, LINK_SECONDS, attachment=False),
            download_url=output_link(services, output, LINK_SECONDS, attachment=True),
            expires_at=expiry_timestamp(services, LINK_SECONDS),
        )
        for output in outputs
    ]


def output_link(services: Services, output: OutputFile, seconds: int, *, attachment: bool) -> str:
    """Return a link to a file, to play or to save, that holds for so long."""
    return services.links.link(
        output.bucket, output.key, seconds, content_type=output.content_type, attachment=attachment
    )


def expiry_timestamp(services: Services, seconds: int) -> str:
    """Return the moment that lies so many seconds ahead."""
    return iso_timestamp(services.now() + seconds * 1000)
