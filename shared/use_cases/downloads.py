"""The use case of downloading several files: a zip, which is made in S3 part by part and kept there for days."""

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
WORKERS = 8  # parallel parts: each mostly waits for S3, and usually has 5 MB in memory
# Files that were stored without a checksum are read to compute it, in one request.
UNCHECKED_BYTES = 256 * 1024**2
CHUNK = 4 * 1024**2
# A client that follows a redirect begins at once, and S3 checks the time at the beginning only.
REDIRECT_SECONDS = 300


@dataclass(frozen=True)
class ZipLocation:
    """The location of a zip in S3, which may not exist yet."""

    bucket: str
    key: str


@dataclass(frozen=True)
class ZipDownload:
    """A zip of a subtask's outputs: its location, and a file name for people; `resume` is None when it is complete."""

    location: ZipLocation
    file_name: str
    resume: str | None


@dataclass(frozen=True)
class UnfinishedZip:
    """A zip that takes another request to make: one that passes `resume`."""

    resume: str


def prepare_download(  # noqa: PLR0913 - a subtask, a choice of its files, and how far to go
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
        archive.location.bucket,
        archive.location.key,
        REDIRECT_SECONDS,
        content_type=ZIP,
        attachment=True,
        file_name=archive.file_name,
    )
    return Link(url, expiry_after(services, REDIRECT_SECONDS), ZIP)


def zip_outputs(  # noqa: PLR0913 - a task, one subtask of it, and how far to go
    services: Services, task: Task, subtask: Subtask, outputs: Sequence[OutputFile], *, resume: str | None, until: int
) -> ZipDownload:
    """Find or make the zip of a subtask's outputs; stop at `until` (epoch milliseconds), for a later request to resume.

    Raise NotFound if an output was deleted, RequestRejected if `resume` is from another zip, Conflict if files have no
    checksum and are too large to compute it.
    """
    folder = posixpath.commonpath([posixpath.dirname(output.key) for output in outputs])
    location = ZipLocation(outputs[0].bucket, posixpath.join(folder, f"{task.id}-{subtask.no}.zip"))
    stem = posixpath.splitext(posixpath.basename(task.source.key))[0]
    download = ZipDownload(location, f"{stem}-{subtask.name}.zip", None)
    if resume:
        check_resume(resume, location)
    if zip_exists(services, location):
        return download
    names = member_names(posixpath.relpath(output.key, folder) for output in outputs)
    members = (
        Member(name, output.size, crc32)
        for name, output, crc32 in zip(names, outputs, read_crc32s(services, outputs), strict=True)
    )
    archive = Archive(tuple(members), subtask.ended_at or task.created_at)
    upload = find_or_create_upload(services, location)
    try:
        if not ZipUpload(services, outputs, archive, upload, until).upload_parts():
            return ZipDownload(location, download.file_name, write_token(upload.upload_id, location))
        # Other requests may upload parts, too: with a KMS key, a part that is uploaded again has another ETag.
        services.multipart.complete(upload, services.multipart.list_parts(upload))
    except NotFound:
        if not zip_exists(services, location):  # another request may have completed it meanwhile
            raise
    return download


@dataclass(frozen=True)
class ZipUpload:
    """The upload of a zip."""

    services: Services
    outputs: Sequence[OutputFile]
    archive: Archive
    upload: MultipartUpload
    until: int

    def upload_parts(self) -> bool:
        """Upload the missing parts until the time is up, but at least one; return whether the zip is complete."""
        done = self.services.multipart.list_parts(self.upload)
        ranges = dict(enumerate(self.archive.parts(), start=1))
        missing = [number for number in ranges if number not in done]

        def upload_part(number: int) -> bool:
            if number != missing[0] and self.services.now() >= self.until:
                return False
            self._upload_part(number, *ranges[number])
            return True

        with ThreadPoolExecutor(WORKERS) as workers:
            return all(list(workers.map(upload_part, missing)))

    def _upload_part(self, number: int, start: int, end: int) -> None:
        pieces = list(self.archive.pieces(start, end))
        match pieces:
            case [Extract() as only] if end < self.archive.size:
                self.services.multipart.copy_part(self.upload, number, self.outputs[only.member], only.start, only.end)
                return
        content = b"".join(piece if isinstance(piece, bytes) else self._read(piece) for piece in pieces)
        self.services.multipart.upload_part(self.upload, number, content)

    def _read(self, piece: Extract) -> bytes:
        return self.services.objects.read(self.outputs[piece.member], piece.start, piece.end)


def check_resume(resume: str, location: ZipLocation) -> None:
    """Raise RequestRejected if the token is from another zip."""
    try:
        read_token(resume, location, lambda upload_id: isinstance(upload_id, str) and upload_id != "")
    except RequestRejected as error:
        message = "resume is not from this download; omit it"
        raise RequestRejected(message, code="InvalidResume") from error


def zip_exists(services: Services, location: ZipLocation) -> bool:
    """Whether the zip exists."""
    try:
        services.objects.read_source(location.bucket, location.key)
    except NotFound:
        return False
    return True


def find_or_create_upload(services: Services, location: ZipLocation) -> MultipartUpload:
    """Return the upload that all requests for a zip share; create it if there is none."""
    if upload := services.multipart.find(location.bucket, location.key):
        return upload
    mine = services.multipart.create(location.bucket, location.key, ZIP)
    # Of several that are created at the same time, all requests use the first. S3 deletes the others, which stay empty,
    # after a day.
    return services.multipart.find(location.bucket, location.key) or mine


def read_crc32s(services: Services, outputs: Sequence[OutputFile]) -> list[int]:
    """Return the CRC-32 of each file; files that were stored without one are read to compute it."""
    if sum(output.size for output in outputs if output.crc32 is None) > UNCHECKED_BYTES:
        message = (
            "an older version stored these files without checksums, which a zip needs; select one file "
            "with ?number=, or restart the task"
        )
        raise Conflict(message, code="SeveralOutputs", details={"numbers": [output.number for output in outputs]})
    with ThreadPoolExecutor(WORKERS) as workers:
        return list(workers.map(lambda output: read_crc32(services, output), outputs))


def read_crc32(services: Services, output: OutputFile) -> int:
    """Return the CRC-32 of a file; read the file if it was stored without one."""
    if output.crc32 is not None:
        return output.crc32
    crc32 = 0
    for start in range(0, output.size, CHUNK):
        crc32 = zlib.crc32(services.objects.read(output, start, min(start + CHUNK, output.size)), crc32)
    return crc32
