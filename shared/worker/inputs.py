"""The files that one attempt reads: downloaded on first use to the function's disk, if there is room."""

import shutil
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from shared.domain.attempt_record import OutputFile
from shared.domain.output_names import format_of
from shared.domain.subtask import Subtask
from shared.domain.task import Source, Task
from shared.errors import AccessDenied, LimitExceeded, NotFound, NotReadable, ParametersRejected
from shared.services import Services

# The disk must hold the source and outputs of the same size.
DISK_FACTOR = 2
LARGEST_DISK = 10_240 * 1024**2  # of a function: the limit of WorkerDisk
MAX_EXTENSION = 16  # characters; a key may have hundreds after its last dot, a file name has at most 255 in all


@dataclass
class AttemptFiles:
    """The files of `shared.operations.operation.Files`, from S3. `downloading` is entered around each download."""

    services: Services
    task: Task
    subtask: Subtask
    folder: Path
    downloading: Callable[[], AbstractContextManager[None]]
    fetched: dict[Source, Path] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The file name of the task's source."""
        return self.task.source.key.rsplit("/", 1)[-1]

    @cached_property
    def input_object(self) -> Source:
        """The input as an object: the task's source, or the first output of a predecessor."""
        if not self.subtask.input:
            return self.task.source
        predecessor = self.task.subtasks[self.subtask.input - 1]
        outputs = self._outputs(predecessor)
        if not outputs:
            message = f"subtask {predecessor.no} ({predecessor.name}) left no file to read"
            raise ParametersRejected(message, code="ParameterError.NoInput")
        return as_source(outputs[0])

    def input(self) -> Path:
        """Download the input."""
        return self._fetch(self.input_object, "source")

    def original(self) -> Path:
        """Download the task's source."""
        return self._fetch(self.task.source, "original") if self.input_object != self.task.source else self.input()

    def asset(self, uri: str) -> Path:
        """Download an object, given by its URI or its key in the input bucket.

        Raises ParametersRejected if it does not exist, AccessDenied if S3 denies access to it.
        """
        input_bucket = self.services.settings.require("input_bucket")
        bucket, _, key = (
            uri.removeprefix("s3://").partition("/") if uri.startswith("s3://") else (input_bucket, "", uri)
        )
        if self.services.tenant_of(key) != self.task.tenant:  # whose existence must not be revealed
            raise asset_not_found(uri)
        if bucket not in {input_bucket, self.services.settings.require("output_bucket")}:
            message = f"{uri} is neither in the input bucket nor in the output bucket, so Reelmill may not read it"
            raise ParametersRejected(message, code="ParameterError.AssetNotFound")
        try:
            found = self.services.objects.read_source(bucket, key)
        except NotReadable as error:
            raise AccessDenied(f"S3 denied access to {uri}", final=asset_not_found(uri)) from error
        except NotFound as error:
            raise asset_not_found(uri) from error
        return self._fetch(found, "asset")

    def outputs_of(self, name: str) -> tuple[Path, ...]:
        """Download the outputs of a predecessor; raise ParametersRejected if this subtask doesn't need it."""
        found = next((s for s in self.task.subtasks if s.name == name and s.no in self.subtask.needs), None)
        if found is None:
            message = f"this subtask does not need {name}; add {name} to its needs"
            raise ParametersRejected(message, code="ParameterError.NoInput")
        return tuple(self._fetch(as_source(output), "output") for output in self._outputs(found))

    def _outputs(self, predecessor: Subtask) -> tuple[OutputFile, ...]:
        record = self.services.tasks.get_record(self.task.id, predecessor.record or "")
        return record.outputs if record else ()

    def _fetch(self, wanted: Source, name: str) -> Path:
        """Return the path of an object on disk."""
        if wanted not in self.fetched:
            check_disk(self.folder, wanted.size)
            path = self.folder / unique_name(local_name(name, wanted.key), self.fetched.values())
            with self.downloading():
                self.services.objects.download(wanted, path)
            self.fetched[wanted] = path
        return self.fetched[wanted]


def asset_not_found(uri: str) -> ParametersRejected:
    """Return the error of an object that parameters name and that does not exist."""
    message = f"the parameters name {uri}, which does not exist; upload it, or name another object"
    return ParametersRejected(message, code="ParameterError.AssetNotFound")


def as_source(output: OutputFile) -> Source:
    """Return an output as an object to read; without an ETag, since its key is written once."""
    return Source(output.bucket, output.key, output.size, e_tag="")


def room_for_outputs(folder: Path, size: int) -> int:
    """Return how many bytes are left for outputs beside a source of `size` bytes; 0 if it would not fit itself."""
    return max(shutil.disk_usage(folder).free - size, 0)


def check_disk(folder: Path, size: int) -> None:
    """Raise LimitExceeded if the disk has not enough room for a file of `size` bytes and outputs of that size."""
    free = shutil.disk_usage(folder).free
    if free >= size * DISK_FACTOR:
        return
    remedy = "deploy with a larger WorkerDisk"
    if size * DISK_FACTOR > LARGEST_DISK:
        remedy = f"no worker has more than {LARGEST_DISK / 1e9:.1f} GB, so split the file or compress it more"
    message = (
        f"the file has {size / 1e9:.1f} GB and the outputs may need as much, but this worker has "
        f"{free / 1e9:.1f} GB of free disk; {remedy}"
    )
    raise LimitExceeded(message, code="LimitError.Disk")


def local_name(name: str, key: str) -> str:
    """Return a file name for an object. It takes nothing from the key but a plain file extension."""
    extension = format_of(key)
    plain = extension.isascii() and extension.isalnum() and len(extension) <= MAX_EXTENSION
    return f"{name}.{extension}" if plain else name


def unique_name(name: str, taken: Iterable[Path]) -> str:
    """Return the name, with a number in front if it is taken."""
    names = {path.name for path in taken}
    return next(free for free in (name, *(f"{number}-{name}" for number in range(2, 1000))) if free not in names)
