"""The use case of a download of several files: a zip of them, made in S3 part by part and kept there for days."""

import posixpath
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from shared.domain.attempt_record import OutputFile
from shared.domain.page_token import read_token, write_token
from shared.domain.subtask import Subtask
from shared.domain.task import Task
from shared.domain.zip_layout import Archive, Extract, Member, member_names
from shared.errors import Conflict, NotFound, RequestRejected
from shared.services import Services
from shared.stores.multipart import MultipartUpload
from shared.use_cases.links import Link, expiry_after, link_output, read_outputs
from shared.use_cases.tasks import read_subtask

ZIP = "application/zip"
WORKERS = 8  # Parts at once: each waits for S3 most of the time, and has 5 MB in memory at most times.
# Files that were stored without a checksum must be read for it, in one request.
UNCHECKED_BYTES = 256 * 1024**2
CHUNK = 4 * 1024**2
# A client that follows a redirect begins at once, and S3 checks the time at the beginning only.
REDIRECT_SECONDS = 300


@dataclass(frozen=True)
class Place:
    """Where a zip lies, or will lie."""

    bucket: str
    key: str


@dataclass(frozen=True)
class Zip:
    """A zip of a subtask's outputs: where it lies, and a name for people; `resume` is None once it is whole."""

    place: Place
    file_name: str
    resume: str | None


@dataclass(frozen=True)
class UnfinishedZip:
    """A zip that takes another request to make: one that passes `resume`."""

    resume: str


def prepare_download(  # noqa: PLR0913 - which files of which subtask, and how far to go
    services: Services,
    tenant: str,
    identifier: str,
    run: int | None,
    no: int,
    *,
    number: int | None,
    resume: str | None,
    until: int,
) -> Link | UnfinishedZip:
    """Return a link to a subtask's output of that number; without a number to its only one, or to a zip of all.

    Raise what `zip_outputs` raises, NotFound if there is no such output, Conflict if there are none yet.
    """
    task, subtask = read_subtask(services, tenant, identifier, run, no)
    outputs = [output for output in read_outputs(services, task, subtask) if number in {None, output.number}]
    if not outputs:
        message = f"subtask {no} of task {identifier} has no such file"
        raise NotFound(message, code="OutputNotFound")
    if len(outputs) == 1:
        return link_output(services, outputs[0], REDIRECT_SECONDS, attachment=True)
    archive = zip_outputs(services, task, subtask, outputs, resume=resume, until=until)
    if archive.resume:
        return UnfinishedZip(archive.resume)
    url = services.links.link(
        archive.place.bucket,
        archive.place.key,
        REDIRECT_SECONDS,
        content_type=ZIP,
        attachment=True,
        file_name=archive.file_name,
    )
    return Link(url, expiry_after(services, REDIRECT_SECONDS), ZIP)


def zip_outputs(  # noqa: PLR0913 - a task, one subtask of it, and how far to go
    services: Services, task: Task, subtask: Subtask, outputs: Sequence[OutputFile], *, resume: str | None, until: int
) -> Zip:
    """Find or make the zip of a subtask's outputs; stop at `until` (epoch milliseconds), to be resumed.

    Raises NotFound when an output is gone, RequestRejected for a `resume` that this zip didn't give, Conflict when
    files have no checksum and are too large to be read for one.
    """
    folder = posixpath.commonpath([posixpath.dirname(output.key) for output in outputs])
    place = Place(outputs[0].bucket, posixpath.join(folder, f"{task.id}-{subtask.no}.zip"))
    stem = posixpath.splitext(posixpath.basename(task.source.key))[0]
    found = Zip(place, f"{stem}-{subtask.name}.zip", None)
    if resume:
        check_resume(resume, place)
    if stands(services, place):
        return found
    names = member_names(posixpath.relpath(output.key, folder) for output in outputs)
    members = (
        Member(name, output.size, checksum)
        for name, output, checksum in zip(names, outputs, checksums(services, outputs), strict=True)
    )
    archive = Archive(tuple(members), subtask.ended_at or task.created_at)
    upload = begun(services, place)
    try:
        if not Work(services, outputs, archive, upload, until).go_on():
            return Zip(place, found.file_name, write_token(upload.upload_id, place))
        # Others may be at work on it: with a key of KMS, a part that is put once more has another ETag.
        services.multipart.complete(upload, services.multipart.list_parts(upload))
    except NotFound:
        if not stands(services, place):  # nor has another request completed it meanwhile
            raise
    return found


@dataclass(frozen=True)
class Work:
    """A zip that is being made."""

    services: Services
    outputs: Sequence[OutputFile]
    archive: Archive
    upload: MultipartUpload
    until: int

    def go_on(self) -> bool:
        """Make the parts that are not there yet, the first of them in any case; tell whether that were all."""
        done = self.services.multipart.list_parts(self.upload)
        ranges = dict(enumerate(self.archive.parts(), start=1))
        left = [number for number in ranges if number not in done]

        def make(number: int) -> bool:
            if number != left[0] and self.services.now() >= self.until:
                return False
            self._make(number, *ranges[number])
            return True

        with ThreadPoolExecutor(WORKERS) as workers:
            return all(list(workers.map(make, left)))

    def _make(self, number: int, start: int, end: int) -> None:
        pieces = list(self.archive.pieces(start, end))
        match pieces:
            case [Extract() as only] if end < self.archive.size:
                self.services.multipart.copy_part(self.upload, number, self.outputs[only.member], only.start, only.end)
                return
        content = b"".join(piece if isinstance(piece, bytes) else self._read(piece) for piece in pieces)
        self.services.multipart.upload_part(self.upload, number, content)

    def _read(self, piece: Extract) -> bytes:
        return self.services.objects.read(self.outputs[piece.member], piece.start, piece.end)


def check_resume(resume: str, place: Place) -> None:
    """Raise RequestRejected for a token that this zip didn't give."""
    try:
        read_token(resume, place, lambda upload_id: isinstance(upload_id, str) and upload_id != "")
    except RequestRejected as error:
        message = "resume is not one that this download gave; ask again without it"
        raise RequestRejected(message, code="InvalidResume") from error


def stands(services: Services, place: Place) -> bool:
    """Tell whether the zip is there."""
    try:
        services.objects.pin(place.bucket, place.key)
    except NotFound:
        return False
    return True


def begun(services: Services, place: Place) -> MultipartUpload:
    """Return the one upload that all who ask for a zip go on with; begin it where there is none."""
    if upload := services.multipart.find(place.bucket, place.key):
        return upload
    mine = services.multipart.create(place.bucket, place.key, ZIP)
    # Of several that begin at the same moment all take the first; the others stay empty, and S3 gives them up in a day.
    return services.multipart.find(place.bucket, place.key) or mine


def checksums(services: Services, outputs: Sequence[OutputFile]) -> list[int]:
    """Return the CRC-32 of each file; those that were stored without one are read for it."""
    if sum(output.size for output in outputs if output.crc32 is None) > UNCHECKED_BYTES:
        message = (
            "an older version stored these files without what a zip needs: name one by ?number=, or restart the task"
        )
        raise Conflict(message, code="SeveralOutputs", details={"numbers": [output.number for output in outputs]})
    with ThreadPoolExecutor(WORKERS) as workers:
        return list(workers.map(lambda output: read_checksum(services, output), outputs))


def read_checksum(services: Services, output: OutputFile) -> int:
    """Return the CRC-32 of a file."""
    if output.crc32 is not None:
        return output.crc32
    found = 0
    for start in range(0, output.size, CHUNK):
        found = zlib.crc32(services.objects.read(output, start, min(start + CHUNK, output.size)), found)
    return found
