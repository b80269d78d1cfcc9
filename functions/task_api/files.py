"""The routes of files: links to what tasks read and wrote."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.task_api.views import LinkView, OutputList, OutputView, moment
from shared.errors import Conflict, NotFound
from shared.media_store import content_type_of
from shared.pipeline import get_subtask, get_task
from shared.services import services
from shared.task import DEFAULT_TENANT, OutputFile, SubtaskStatus

LINK_SECONDS = 3600  # Long enough to watch, short enough to leak little.

router = APIGatewayHttpRouter()


@router.get("/tasks/<task_id>/source", summary="Link to the source", tags=["Files"])
def get_source(task_id: str) -> LinkView:
    """Give a link that plays a task's source in a browser."""
    source = get_task(services(), DEFAULT_TENANT, task_id).source
    kind = content_type_of(source.key)
    url = services().media.link(
        source.bucket,
        source.key,
        LINK_SECONDS,
        version_id=source.version_id,
        content_type=kind,
        attachment=False,
    )
    return LinkView(url=url, expires_at=expiry(LINK_SECONDS), content_type=kind)


@router.get("/tasks/<task_id>/subtasks/<no>/outputs", summary="List a subtask's files", tags=["Files"])
def get_outputs(task_id: str, no: int, run: Annotated[int | None, Query(ge=1)] = None) -> OutputList:
    """List the files that a subtask wrote, with links that play and links that save."""
    return OutputList(outputs=output_views(find_outputs(task_id, no, run)))


@router.get("/tasks/<task_id>/subtasks/<no>/download", summary="Download a subtask's file", tags=["Files"])
def get_download(
    task_id: str,
    no: int,
    run: Annotated[int | None, Query(ge=1)] = None,
    number: Annotated[int | None, Query(ge=1, description="Which file, when there are several.")] = None,
) -> Response[str]:
    """Redirect to a file that a subtask wrote."""
    outputs = [output for output in find_outputs(task_id, no, run) if number in {None, output.number}]
    if not outputs:
        message = f"subtask {no} of task {task_id} has no such file"
        raise NotFound(message, code="OutputNotFound")
    if len(outputs) > 1:
        message = f"subtask {no} wrote {len(outputs)} files; name one by ?number=, or list them at …/outputs"
        raise Conflict(message, code="SeveralOutputs", details={"numbers": [output.number for output in outputs]})
    url = output_link(outputs[0], attachment=True)
    return Response(status_code=HTTPStatus.FOUND, content_type="text/plain", body="", headers={"Location": url})


def find_outputs(task_id: str, no: int, run: int | None) -> tuple[OutputFile, ...]:
    """Return the files of a subtask; raise NotFound, or Conflict while it has none yet."""
    task, subtask = get_subtask(services(), DEFAULT_TENANT, task_id, run, no)
    if subtask.status is not SubtaskStatus.SUCCESSFUL or not subtask.record:
        message = f"subtask {no} of task {task_id} is {subtask.status}; only a SUCCESSFUL one has files"
        raise Conflict(message, code="NoOutputs", details={"status": subtask.status})
    record = services().tasks.get_record(task.id, subtask.record)
    return record.outputs if record else ()


def output_views(outputs: Iterable[OutputFile]) -> list[OutputView]:
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
            url=output_link(output, attachment=False),
            download_url=output_link(output, attachment=True),
            expires_at=expiry(LINK_SECONDS),
        )
        for output in outputs
    ]


def output_link(output: OutputFile, *, attachment: bool) -> str:
    """Return a link to a file, to play or to save."""
    return services().media.link(
        output.bucket, output.key, LINK_SECONDS, content_type=output.content_type, attachment=attachment
    )


def expiry(seconds: int) -> str:
    """Return the moment that lies so many seconds ahead."""
    return moment(services().now() + seconds * 1000) or ""
