"""The route that plays a stream: its lists, in which every file has become a link of its own."""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from html import escape, unescape
from http import HTTPStatus
from posixpath import dirname, join, normpath
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.task_api.caller import request_context
from functions.task_api.files import RunQuery, output_link, read_outputs, redirect
from functions.task_api.views import REDIRECT_RESPONSES
from shared.domain.attempt_record import OutputFile
from shared.domain.subtask import Subtask
from shared.domain.task import Task
from shared.errors import Conflict, NotFound
from shared.services import Services
from shared.use_cases.tasks import read_subtask

PLAY_SECONDS = 6 * 3600  # A player fetches to the end of the film with the links that it got at the beginning.
HLS, DASH, VTT = "application/vnd.apple.mpegurl", "application/dash+xml", "text/vtt"
KEY = "application/octet-stream"
KEY_ENDING = ".key"  # of what opens a locked stream
# Of a list or a key that is read and answered; of a playlist it is two days and more.
MOST_BYTES = 4 * 1024**2
FRESH = {"Cache-Control": "no-store"}  # links end, and keys are secrets

URI_ATTRIBUTE = re.compile(r'(?<=URI=")[^"]*(?=")')
BASE_URL = re.compile(r"(?<=<BaseURL>)[^<]*(?=</BaseURL>)")
SPRITE_CUE = re.compile(r"^(?P<file>[^#\r\n]+)(?P<place>#xywh=[\d,]+)(?=\r?$)", re.MULTILINE)

LISTS: dict[str, Any] = {kind: {"schema": {"type": "string"}} for kind in (HLS, DASH, VTT, KEY)}
PLAY_RESPONSES: dict[int, Any] = {
    200: {"description": "A list whose files play, or a key.", "content": LISTS},
    **REDIRECT_RESPONSES,
}

Link = Callable[[str], str]

router = APIGatewayHttpRouter()


@router.get(
    "/tasks/<task_id>/subtasks/<no>/play/<path>", summary="Play a stream", tags=["Files"], responses=PLAY_RESPONSES
)
def get_subtask_play(task_id: str, no: int, path: str, run: RunQuery = None) -> Response[str]:
    """Give a playlist, manifest or WebVTT whose files play; any other file of the subtask as a redirect to it."""
    services, tenant = request_context(router)
    folder = Folder.of(services, *read_subtask(services, tenant, task_id, run, no))
    name, output = folder.find(path)
    if output.size > MOST_BYTES:
        return large_answer(services, output)
    if output.content_type in REWRITERS:
        text = services.objects.read(output).decode()
        return Response(
            status_code=HTTPStatus.OK,
            content_type=output.content_type,
            body=REWRITERS[output.content_type](text, cache(lambda uri: folder.link(name, uri))),
            headers=FRESH,
            compress=True,  # a playlist has a link of 1 to 2 KB for every few seconds, and they are all alike
        )
    if name.endswith(KEY_ENDING):
        return key_answer(services, output)
    return redirect(play_link(services, output))


# A path parameter ends at a slash, and takes few signs beyond letters.
@router.get(r"/tasks/<task_id>/subtasks/<no>/play/.+", include_in_schema=False)
def get_subtask_play_below(task_id: str, no: int, run: RunQuery = None) -> Response[str]:
    """Do the same for a file in a folder, or of any name."""
    return get_subtask_play(task_id, no, router.current_event.path.partition("/play/")[2], run)


def large_answer(services: Services, output: OutputFile) -> Response[str]:
    """Lead to a file without reading it; raise Conflict for a list that would not play from elsewhere."""
    if output.content_type in {HLS, DASH}:
        message = (
            f"{output.file_name} has more than {MOST_BYTES // 1024**2} MB, too much to answer: "
            "make the stream with longer segments, or download it as a zip"
        )
        raise Conflict(message, code="TooLargeToPlay")
    return redirect(play_link(services, output))


def key_answer(services: Services, output: OutputFile) -> Response[str]:
    """Return a key itself, never a link to it: whoever gets hold of a playlist alone can't open what it lists."""
    key = b64encode(services.objects.read(output)).decode()
    answer = Response(status_code=HTTPStatus.OK, content_type=output.content_type, body=key, headers=FRESH)
    answer.base64_encoded = True  # bytes for a body would fail the check of the answer's form
    return answer


@dataclass(frozen=True)
class Folder:
    """The files of one subtask by their paths below the folder of the first, which is what a person opens."""

    services: Services
    outputs: Mapping[str, OutputFile]
    run: int

    @classmethod
    def of(cls, services: Services, task: Task, subtask: Subtask) -> "Folder":
        """Return the files of a subtask; raise Conflict while it has none yet."""
        outputs = read_outputs(services, task, subtask)
        place = f"{dirname(outputs[0].key)}/" if outputs else ""
        inside = {o.key.removeprefix(place): o for o in outputs if o.key.startswith(place)}
        return cls(services, inside, task.run)

    def find(self, path: str) -> tuple[str, OutputFile]:
        """Return a file and its path, which may be percent-encoded; raise NotFound."""
        for name in (path, unquote(path)):
            if name in self.outputs:
                return name, self.outputs[name]
        message = f"the subtask wrote no file {path!r}; …/outputs lists those that it wrote"
        raise NotFound(message, code="OutputNotFound")

    def link(self, name: str, uri: str) -> str:
        """Return where a player finds what the file of that name calls `uri`.

        Playlists and keys stay where they are, in the run that the player began with.
        """
        target = normpath(join(dirname(name), uri))
        output = self.outputs.get(target)
        if output is None:
            return uri
        if output.content_type == HLS or target.endswith(KEY_ENDING):
            return f"{uri}?run={self.run}"
        return play_link(self.services, output)


def play_link(services: Services, output: OutputFile) -> str:
    """Return a link to a file that outlives a film."""
    return output_link(services, output, PLAY_SECONDS, attachment=False)


def linked_hls(text: str, link: Link) -> str:
    """Return a playlist with its URIs, in tags and on lines of their own, replaced."""

    def line(old: str) -> str:
        if old.startswith("#"):
            return URI_ATTRIBUTE.sub(lambda found: link(found[0]), old)
        return link(old) if old else old

    return "\n".join(map(line, text.splitlines())) + "\n"


def linked_dash(text: str, link: Link) -> str:
    """Return a manifest with its addresses replaced."""
    return BASE_URL.sub(lambda found: escape(link(unescape(found[0]))), text)


def linked_vtt(text: str, link: Link) -> str:
    """Return WebVTT with the images that its cues show a part of replaced."""
    return SPRITE_CUE.sub(lambda found: link(found["file"]) + found["place"], text)


REWRITERS: Mapping[str, Callable[[str, Link], str]] = {HLS: linked_hls, DASH: linked_dash, VTT: linked_vtt}
