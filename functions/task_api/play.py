"""The route that plays a stream: its playlists, in which each file is a link."""

from base64 import b64encode
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.task_api.caller import request_context
from functions.task_api.files import REDIRECT_RESPONSES, redirect
from functions.task_api.parameters import RunQuery
from shared.operations.streaming.playback import KEY_TYPE, LINKERS
from shared.use_cases.playback import play_file

NO_STORE = {"Cache-Control": "no-store"}  # links expire, and keys are secrets

LISTS: dict[str, Any] = {kind: {"schema": {"type": "string"}} for kind in (*LINKERS, KEY_TYPE)}
PLAY_RESPONSES: dict[int, Any] = {
    200: {"description": "A playlist, a manifest or WebVTT with links to its files, or a key.", "content": LISTS},
    **REDIRECT_RESPONSES,
}

router = APIGatewayHttpRouter()


@router.get(
    "/tasks/<task_id>/subtasks/<no>/play/<path>",
    summary="Play a stream",
    tags=["Files"],
    responses=PLAY_RESPONSES,
    operation_id="playOutput",
)
def get_subtask_play(task_id: str, no: int, path: str, run: RunQuery = None) -> Response[str]:
    """Return a playlist, manifest or WebVTT with a link for each of its files, or redirect to any other file."""
    file = play_file(*request_context(router), task_id, run, no, path)
    match file.content:
        case None:
            return redirect(file.url)
        case bytes():
            body = b64encode(file.content).decode()
            key = Response(status_code=HTTPStatus.OK, content_type=file.content_type, body=body, headers=NO_STORE)
            key.base64_encoded = True  # a body of bytes would not pass the check of responses
            return key
    return Response(
        status_code=HTTPStatus.OK,
        content_type=file.content_type,
        body=file.content,
        headers=NO_STORE,
        compress=True,  # a playlist has a link of 1 to 2 KB for every few seconds, and they are nearly alike
    )


# A path parameter ends at a slash, and matches few special characters.
@router.get(r"/tasks/<task_id>/subtasks/<no>/play/.+", include_in_schema=False)
def get_subtask_play_below(task_id: str, no: int, run: RunQuery = None) -> Response[str]:
    """Do the same for a file in a folder, or with any other name."""
    return get_subtask_play(task_id, no, router.current_event.path.partition("/play/")[2], run)
