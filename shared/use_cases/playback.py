"""The use case of a player: it asks for one file after another of a stream."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from shared.domain.attempt_record import OutputFile
from shared.domain.subtask import Subtask
from shared.domain.task import Task
from shared.errors import Conflict, NotFound
from shared.operations.streaming.playback import DASH_TYPE, HLS_TYPE, KEY_EXTENSION, LINKERS
from shared.services import Services
from shared.use_cases.links import link_output, read_outputs
from shared.use_cases.tasks import read_subtask

PLAY_SECONDS = 6 * 3600  # A player fetches to the end of a film with the links that it got at the beginning.
# Of a list or a key that is read and returned. A playlist of that size lists more than two days.
MAX_LIST_BYTES = 4 * 1024**2


@dataclass(frozen=True)
class PlayedFile:
    """A file as a player gets it: its content, which is text or a key; or else the URL that leads to it."""

    content_type: str
    content: str | bytes | None = None
    url: str = ""


def play_file(  # noqa: PLR0913, PLR0917 - which subtask, and which file of it
    services: Services, tenant: str, identifier: str, run: int | None, no: int, path: str
) -> PlayedFile:
    """Return a playlist, manifest or WebVTT with a link for each file, a key, or the URL of any other file.

    Raise NotFound if the subtask has no such file, Conflict if it has none yet, or if the list is too large.
    """
    folder = OutputFolder.read(services, *read_subtask(services, tenant, identifier, run, no))
    name, output = folder.find(path)
    if output.size > MAX_LIST_BYTES and output.content_type in {HLS_TYPE, DASH_TYPE}:
        message = (
            f"{output.file_name} is larger than {MAX_LIST_BYTES // 1024**2} MB, which is the limit for playing; "
            "make the stream with longer segments, or download it as a zip"
        )
        raise Conflict(message, code="TooLargeToPlay")
    if output.size <= MAX_LIST_BYTES and output.content_type in LINKERS:
        text = services.objects.read(output).decode()
        linked = LINKERS[output.content_type](text, cache(lambda uri: folder.link(name, uri)))
        return PlayedFile(output.content_type, linked)
    if output.size <= MAX_LIST_BYTES and name.endswith(KEY_EXTENSION):
        # The key itself, never a link to it: a playlist that leaks must not open what it lists.
        return PlayedFile(output.content_type, services.objects.read(output))
    return PlayedFile(output.content_type, url=play_link(services, output))


@dataclass(frozen=True)
class OutputFolder:
    """The outputs of one subtask by their paths below the folder of the first, which is the file that people open."""

    services: Services
    outputs: Mapping[str, OutputFile]
    run: int

    @classmethod
    def read(cls, services: Services, task: Task, subtask: Subtask) -> "OutputFolder":
        """Read the outputs of a subtask; raise Conflict if it has none yet."""
        outputs = read_outputs(services, task, subtask)
        prefix = f"{dirname(outputs[0].key)}/" if outputs else ""
        inside = {output.key.removeprefix(prefix): output for output in outputs if output.key.startswith(prefix)}
        return cls(services, inside, task.run)

    def find(self, path: str) -> tuple[str, OutputFile]:
        """Return an output and its path, which may be percent-encoded; raise NotFound."""
        for name in (path, unquote(path)):
            if name in self.outputs:
                return name, self.outputs[name]
        message = f"the subtask wrote no file {path!r}; GET …/outputs lists its files"
        raise NotFound(message, code="OutputNotFound")

    def link(self, name: str, uri: str) -> str:
        """Return where a player finds the file that the file of that name calls `uri`.

        Playlists and keys stay at their relative addresses, in the run that the player began with.
        """
        target = normpath(join(dirname(name), uri))
        output = self.outputs.get(target)
        if output is None:
            return uri
        if output.content_type == HLS_TYPE or target.endswith(KEY_EXTENSION):
            return f"{uri}?run={self.run}"
        return play_link(self.services, output)


def play_link(services: Services, output: OutputFile) -> str:
    """Return a URL that works for longer than a film."""
    return link_output(services, output, PLAY_SECONDS, attachment=False).url
