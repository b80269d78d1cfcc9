"""The files that one attempt reads: fetched when first asked for, onto the function's disk, as far as there is room."""

import shutil
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from shared.domain.attempt_record import OutputFile
from shared.domain.orchestration import format_of
from shared.domain.subtask import Subtask
from shared.domain.task import Source, Task
from shared.errors import AccessDenied, LimitExceeded, NotFound, NotReadable, ParametersRejected
from shared.services import Services

# Beside the source, its outputs may take as much again before the disk is called too small.
DISK_FACTOR = 2
LONGEST_ENDING = 16  # A key may have hundreds of letters after its last dot, the name of a file 255 in all.


@dataclass
class AttemptFiles:
    """What `shared.operations.operation.Files` asks for, in S3. `downloading` is entered around each download."""

    services: Services
    task: Task
    subtask: Subtask
    folder: Path
    downloading: Callable[[], AbstractContextManager[None]]
    fetched: dict[Source, Path] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What people call the task's source."""
        return self.task.source.key.rsplit("/", 1)[-1]

    @cached_property
    def place(self) -> Source:
        """Where the input lies: the task's source, or the first output of a predecessor."""
        if not self.subtask.input:
            return self.task.source
        predecessor = self.task.subtasks[self.subtask.input - 1]
        outputs = self._outputs(predecessor)
        if not outputs:
            message = f"subtask {predecessor.no} ({predecessor.name}) left no file to read"
            raise ParametersRejected(message, code="ParameterError.NoInput")
        return stored(outputs[0])

    def input(self) -> Path:
        """Fetch the input."""
        return self._fetch(self.place, "source")

    def original(self) -> Path:
        """Fetch the task's own source."""
        return self._fetch(self.task.source, "original") if self.place != self.task.source else self.input()

    def asset(self, uri: str) -> Path:
        """Fetch an object by its URI or its key in the input bucket.

        Raises ParametersRejected when it isn't there, AccessDenied when S3 denies access to it.
        """
        input_bucket = self.services.settings.need("input_bucket")
        bucket, _, key = (
            uri.removeprefix("s3://").partition("/") if uri.startswith("s3://") else (input_bucket, "", uri)
        )
        if self.services.owner_of(key) != self.task.tenant:  # which might as well not be there
            raise no_asset(uri)
        if bucket not in {input_bucket, self.services.settings.need("output_bucket")}:
            message = f"{uri} lies in neither the input bucket nor the output bucket, so Reelmill may not read it"
            raise ParametersRejected(message, code="ParameterError.AssetNotFound")
        try:
            place = self.services.objects.pin(bucket, key)
        except NotReadable as error:
            raise AccessDenied(f"S3 denied access to {uri}", final=no_asset(uri)) from error
        except NotFound as error:
            raise no_asset(uri) from error
        return self._fetch(place, "asset")

    def outputs_of(self, name: str) -> tuple[Path, ...]:
        """Fetch the files of a predecessor; raise ParametersRejected when it isn't one, or left none."""
        found = next((s for s in self.task.subtasks if s.name == name and s.no in self.subtask.needs), None)
        if found is None:
            message = f"{name} is no subtask that this one needs: add it to its needs"
            raise ParametersRejected(message, code="ParameterError.NoInput")
        return tuple(self._fetch(stored(output), "output") for output in self._outputs(found))

    def _outputs(self, predecessor: Subtask) -> tuple[OutputFile, ...]:
        record = self.services.tasks.get_record(self.task.id, predecessor.record or "")
        return record.outputs if record else ()

    def _fetch(self, place: Source, name: str) -> Path:
        """Return the object on disk; its name there holds nothing of the stranger's but a plain ending."""
        if place not in self.fetched:
            check_disk(self.folder, place.size)
            path = self.folder / numbered(local_name(name, place.key), self.fetched.values())
            with self.downloading():
                self.services.objects.download(place, path)
            self.fetched[place] = path
        return self.fetched[place]


def no_asset(uri: str) -> ParametersRejected:
    """Return the error of an object that parameters name and that isn't there."""
    message = f"{uri}, which the parameters name, is not there: upload it, or name another"
    return ParametersRejected(message, code="ParameterError.AssetNotFound")


def stored(output: OutputFile) -> Source:
    """Return a predecessor's output as something to read: its key was written once."""
    return Source(output.bucket, output.key, output.size, e_tag="")


def check_disk(folder: Path, size: int) -> int:
    """Return how many bytes outputs may take beside a source of `size` bytes; raise LimitExceeded when it's too few."""
    free = shutil.disk_usage(folder).free
    if free < size * DISK_FACTOR:
        message = (
            f"the source takes {size / 1e9:.1f} GB and its outputs may take as much, but this function has "
            f"{free / 1e9:.1f} GB of disk; deploy with a larger WorkerDisk"
        )
        raise LimitExceeded(message, code="LimitError.Disk")
    return free - size


def local_name(name: str, key: str) -> str:
    """Return a file name for an object: nothing of the stranger's but a plain ending."""
    ending = format_of(key)
    plain = ending.isascii() and ending.isalnum() and len(ending) <= LONGEST_ENDING
    return f"{name}.{ending}" if plain else name


def numbered(name: str, taken: Iterable[Path]) -> str:
    """Return the name, with a number in front where it is taken."""
    names = {path.name for path in taken}
    return next(free for free in (name, *(f"{number}-{name}" for number in range(2, 1000))) if free not in names)
