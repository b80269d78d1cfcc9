"""The routes of files: links to what tasks read and wrote."""

from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.task_api.caller import request_context
from functions.task_api.file_views import LinkView, OutputList, OutputView
from functions.task_api.parameters import RunQuery
from functions.task_api.requests import JSON
from shared.use_cases.downloads import UnfinishedZip, prepare_download
from shared.use_cases.links import Link, link_source, read_outputs
from shared.use_cases.tasks import read_subtask

ZIP_MILLISECONDS = 18_000  # of the 29 s of a request: the parts that were begun by then must end in time, too

REDIRECT_RESPONSES: dict[int, Any] = {302: {"description": "A redirect: follow `Location`.", "content": {}}}
LINK: dict[str, Any] = {JSON: {"model": LinkView}}
DOWNLOAD_RESPONSES: dict[int, Any] = {
    200: {"description": "A link to the file, if the request accepts JSON.", "content": LINK},
    **REDIRECT_RESPONSES,
}

router = APIGatewayHttpRouter()


@router.get("/tasks/<task_id>/source", summary="Link to the source", tags=["Files"], operation_id="getSource")
def get_task_source(task_id: str) -> LinkView:
    """Return a link that plays the task's source in a browser."""
    return LinkView.of(link_source(*request_context(router), task_id))


@router.get(
    "/tasks/<task_id>/subtasks/<no>/outputs",
    summary="List a subtask's files",
    tags=["Files"],
    operation_id="listOutputs",
)
def get_subtask_outputs(task_id: str, no: int, run: RunQuery = None) -> OutputList:
    """Return the files that the subtask wrote, with links that play them and links that save them."""
    services, tenant = request_context(router)
    outputs = read_outputs(services, *read_subtask(services, tenant, task_id, run, no))
    return OutputList(outputs=[OutputView.of(services, output) for output in outputs])


@router.get(
    "/tasks/<task_id>/subtasks/<no>/download",
    summary="Download a subtask's files",
    tags=["Files"],
    responses=DOWNLOAD_RESPONSES,
    operation_id="downloadOutputs",
)
def get_subtask_download(
    task_id: str,
    no: int,
    run: RunQuery = None,
    number: Annotated[
        int | None, Query(ge=1, description="The number of one file (default: all files of the subtask).")
    ] = None,
    resume: Annotated[
        str | None, Query(max_length=2048, description="Set by a redirect to this path; don't set it yourself.")
    ] = None,
) -> Response[str]:
    """Redirect to the file that the subtask wrote, or to a zip of all its files.

    While the zip is being made, the response redirects to this path again, possibly several times. A request that
    accepts `application/json` gets the final link in the body, which suits pages that must sign their requests.
    """
    services, tenant = request_context(router)
    until = services.now() + ZIP_MILLISECONDS
    download = prepare_download(services, tenant, task_id, run, no, number=number, resume=resume, until=until)
    if isinstance(download, UnfinishedZip):
        query = {"resume": download.resume} if run is None else {"run": run, "resume": download.resume}
        return redirect(f"?{urlencode(query)}")  # relative: the API doesn't know its public address
    return link_or_redirect(download)


def link_or_redirect(link: Link) -> Response[str]:
    """Return a link in the body if the request accepts JSON, otherwise a redirect to it."""
    accepted = router.current_event.headers.get("accept", "").lower().split(",")
    if JSON not in {kind.partition(";")[0].strip() for kind in accepted}:
        return redirect(link.url)
    body = LinkView.of(link).model_dump_json(by_alias=True)
    return Response(status_code=HTTPStatus.OK, content_type=JSON, body=body)


def redirect(url: str) -> Response[str]:
    """Return a redirect to a URL."""
    return Response(status_code=HTTPStatus.FOUND, content_type="text/plain", body="", headers={"Location": url})
