"""Media in S3: sources come down pinned to their version, outputs go up under keys of their own."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import boto3
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from shared.domain.attempt_record import OutputFile
from shared.domain.content_types import SAVED_ALONE, shown_type
from shared.domain.task import Source
from shared.domain.upload import Upload, version_id_of
from shared.errors import (
    AccessDenied,
    AttemptFailed,
    Interrupted,
    MediaRejected,
    NotFound,
    NotReadable,
    ServiceBusy,
)
from shared.telemetry import logger

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, ListObjectVersionsOutputTypeDef

# Losers' files keep this tag, and the output bucket's lifecycle rule removes what keeps it.
ATTEMPT_TAG = "reelmill=attempt"
# Tells of an output which orchestrations made it, one after the other; whoever copies the object copies that, too.
MADE_BY = "reelmill-made-by"
MOST_MAKERS = 12  # S3 keeps 2 KB of metadata, and two names have 127 characters
SINGLE_UPLOAD_BYTES = 100 * 1024**2  # Past this an upload goes in parts, so that a broken line costs one part.
MAX_PARTS = 1000  # Each is a link of 1.3 KB in one answer, which Lambda ends at 6 MB; S3 would take 10,000.
MIN_PART_BYTES = 16 * 1024**2
MAX_UPLOAD_BYTES = MAX_PARTS * 5 * 1024**3  # S3: a part has at most 5 GiB.
# 64 MB keep ten connections busy for a large file, and a small one whole.
TRANSFER = TransferConfig(multipart_threshold=64 * 1024**2, multipart_chunksize=64 * 1024**2)
# A version that was a deletion is a 405. Whoever may not list the bucket is told 403 where 404 would be true.
GONE = frozenset({"404", "405", "NoSuchKey", "NoSuchVersion", "NoSuchBucket", "MethodNotAllowed"})
HIDDEN = frozenset({"403", "AccessDenied"})
ARCHIVED = frozenset({"InvalidObjectState"})  # in a storage class from which it must be restored first
CHANGED = frozenset({"412", "PreconditionFailed"})
NO_ANSWER = "S3 did not answer as it should"
NO_UPLOAD = frozenset({"NoSuchUpload"})


@dataclass(frozen=True)
class UploadPlan:
    """How a browser or a command uploads a file: one PUT, or parts and then a completing POST.

    `headers` go with the PUT, `complete_url` takes S3's CompleteMultipartUpload XML, `part_size` is in bytes.
    """

    bucket: str
    key: str
    url: str | None = None
    headers: Mapping[str, str] | None = None
    upload_id: str | None = None
    part_size: int | None = None
    part_urls: tuple[str, ...] = ()
    complete_url: str | None = None
    abort_url: str | None = None


@dataclass(frozen=True)
class PartedUpload:
    """An object that is being made of parts."""

    bucket: str
    key: str
    upload_id: str

    @property
    def place(self) -> dict[str, Any]:
        """The arguments of S3 that name it."""
        return {"Bucket": self.bucket, "Key": self.key, "UploadId": self.upload_id}


@dataclass(frozen=True)
class Listing:
    """Some objects of a bucket in the order of their keys, and the key after which the next come; None at the end."""

    uploads: tuple[Upload, ...]
    last_key: str | None


class ObjectStore:
    """S3, as far as Reelmill uses it."""

    @cached_property
    def _client(self) -> "S3Client":
        # "virtual" puts the region into links: S3's global name sends a young bucket's callers elsewhere,
        # where the signature no longer holds. A host that is an IP address gets the bucket in its path.
        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": "virtual"},
            connect_timeout=3,
            read_timeout=20,
        )
        return boto3.client("s3", config=config)

    def pin(self, bucket: str, key: str, version_id: str | None = None) -> Source:
        """Return the object as a source; raise NotFound when it isn't there, NotReadable when access is denied."""
        try:
            head = self._client.head_object(Bucket=bucket, Key=key, **version(version_id))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in HIDDEN:
                raise NotReadable(absent(bucket, key), code="SourceNotFound") from error
            # HEAD has no body to say more than 400 of a version ID that can't be one.
            if code in GONE | {"400"}:
                raise not_there(bucket, key) from error
            raise busy(error) from error
        except (ParamValidationError, UnicodeError) as error:  # a name that no bucket, or no host, can have
            raise not_there(bucket, key) from error
        except BotoCoreError as error:
            raise busy(error) from error
        return Source(bucket, key, head["ContentLength"], head["ETag"].strip('"'), version_id_of(head.get("VersionId")))

    def list_newest(
        self, bucket: str, prefix: str, limit: int, after: str | None, *, without: tuple[str, str] = ("", "")
    ) -> Listing:
        """Return the newest versions of the objects after a key, of at most so many; raise NotFound.

        Keys from the first of `without` up to the second are passed over: neither listed, nor told as the last one.
        """
        place = {} if after is None else {"KeyMarker": after}
        uploads: list[Upload] = []
        begin, end = without
        while True:
            answer = self._list_versions(bucket, prefix, limit - len(uploads), place)
            uploads += (upload for upload in newest_of(bucket, answer) if not begin <= upload.key < end)
            if not answer["IsTruncated"]:
                return Listing(tuple(uploads), None)
            last = answer["NextKeyMarker"]
            if begin <= last < end:
                place = {"KeyMarker": end}
                continue
            # Without a version S3 goes on after all those of that key. Others that speak its language may stand still.
            if last != after:
                return Listing(tuple(uploads), last)
            place = {"KeyMarker": last, "VersionIdMarker": answer["NextVersionIdMarker"]}

    def _list_versions(
        self, bucket: str, prefix: str, limit: int, place: Mapping[str, Any]
    ) -> "ListObjectVersionsOutputTypeDef":
        try:
            return self._client.list_object_versions(Bucket=bucket, Prefix=prefix, MaxKeys=limit, **place)
        except (ClientError, ParamValidationError, UnicodeError) as error:
            if not isinstance(error, ClientError) or error.response["Error"]["Code"] in GONE | HIDDEN:
                message = f"there is no bucket {bucket}, or Reelmill may not list it"
                raise NotFound(message, code="BucketNotFound") from error
            raise busy(error) from error
        except BotoCoreError as error:
            raise busy(error) from error

    def download(self, source: Source, path: Path) -> None:
        """Fetch exactly the object that was pinned.

        Raises MediaRejected when it is gone or another by now, AccessDenied or Interrupted when a later try may do.
        """
        pinned = version(source.version_id)
        if not pinned and source.e_tag:
            pinned["IfMatch"] = f'"{source.e_tag}"'
        try:
            if source.version_id:
                self._client.download_file(source.bucket, source.key, str(path), ExtraArgs=pinned, Config=TRANSFER)
            else:
                answer = self._client.get_object(Bucket=source.bucket, Key=source.key, **pinned)
                with path.open("wb") as file:
                    for chunk in answer["Body"].iter_chunks(1024**2):
                        file.write(chunk)
        except ClientError as error:
            raise source_lost(error) or interrupted(error) from error
        except (BotoCoreError, Boto3Error) as error:
            raise interrupted(error) from error

    def made_by(self, source: Source) -> tuple[str, ...]:
        """Return whose work a source is, by what S3 keeps of it: none for what people made.

        Raises what `download` does.
        """
        try:
            head = self._client.head_object(Bucket=source.bucket, Key=source.key, **version(source.version_id))
        except ClientError as error:
            raise source_lost(error) or interrupted(error) from error
        except BotoCoreError as error:
            raise interrupted(error) from error
        return tuple(filter(None, head["Metadata"].get(MADE_BY, "").split(",")))

    def read(self, output: OutputFile, start: int = 0, end: int | None = None) -> bytes:
        """Return a small output whole, or its bytes from `start` up to `end`; raise NotFound when it is gone."""
        part: dict[str, Any] = {} if end is None else {"Range": span(start, end)}
        try:
            return self._client.get_object(Bucket=output.bucket, Key=output.key, **part)["Body"].read()
        except (BotoCoreError, ClientError) as error:
            raise unreadable(output, error) from error

    def begin_parts(self, bucket: str, key: str, content_type: str) -> PartedUpload:
        """Begin an object that is to be made of parts. It keeps a loser's tag, and so is gone after some days."""
        try:
            answer = self._client.create_multipart_upload(
                Bucket=bucket, Key=key, ContentType=content_type, Tagging=ATTEMPT_TAG
            )
        except (BotoCoreError, ClientError) as error:
            raise busy(error) from error
        return PartedUpload(bucket, key, answer["UploadId"])

    def find_parts(self, bucket: str, key: str) -> PartedUpload | None:
        """Return the object of that key that is being made of parts, the first begun of several; None without one."""
        try:  # in the order of keys, those of one key in that of their beginnings
            found = self._client.list_multipart_uploads(Bucket=bucket, Prefix=key).get("Uploads", [])
        except (BotoCoreError, ClientError) as error:
            raise busy(error) from error
        return next((PartedUpload(bucket, key, one["UploadId"]) for one in found if one["Key"] == key), None)

    def list_parts(self, upload: PartedUpload) -> dict[int, str]:
        """Return the ETags of the parts that are there, by number; raise NotFound when there is no such upload."""
        found: dict[int, str] = {}
        try:
            for page in self._client.get_paginator("list_parts").paginate(**upload.place):
                found |= {part["PartNumber"]: part["ETag"] for part in page.get("Parts", [])}
        except (BotoCoreError, ClientError) as error:
            raise unparted(upload, error) or busy(error) from error
        return found

    def put_part(self, upload: PartedUpload, number: int, content: bytes) -> None:
        """Store a part; raise NotFound when there is no such upload."""
        try:
            self._client.upload_part(**upload.place, PartNumber=number, Body=content)
        except (BotoCoreError, ClientError) as error:
            raise unparted(upload, error) or busy(error) from error

    def copy_part(self, upload: PartedUpload, number: int, output: OutputFile, start: int, end: int) -> None:
        """Let S3 copy a part out of another object; raise NotFound when that or the upload is gone."""
        try:
            self._client.upload_part_copy(
                **upload.place,
                PartNumber=number,
                CopySource={"Bucket": output.bucket, "Key": output.key},
                CopySourceRange=span(start, end),
            )
        except (BotoCoreError, ClientError) as error:
            raise unparted(upload, error) or unreadable(output, error) from error

    def complete_parts(self, upload: PartedUpload, parts: Mapping[int, str]) -> None:
        """Make the object of its parts, whose ETags are given by number; it shows up whole.

        Raises NotFound when there is no such upload.
        """
        listed: list[CompletedPartTypeDef] = [{"PartNumber": number, "ETag": parts[number]} for number in sorted(parts)]
        try:
            self._client.complete_multipart_upload(**upload.place, MultipartUpload={"Parts": listed})
        except (BotoCoreError, ClientError) as error:
            raise unparted(upload, error) or busy(error) from error

    def upload(self, path: Path, output: OutputFile, made_by: Sequence[str]) -> None:
        """Store a file whole, and whose work it is; S3 shows it only once it is. It is a loser's until `settle`."""
        try:
            self._client.upload_file(
                str(path),
                output.bucket,
                output.key,
                ExtraArgs={
                    "ContentType": output.content_type,
                    "Tagging": ATTEMPT_TAG,
                    "Metadata": {MADE_BY: ",".join(made_by[-MOST_MAKERS:])} if made_by else {},
                },
                Config=TRANSFER,
            )
        except (BotoCoreError, ClientError, Boto3Error) as error:
            raise interrupted(error) from error

    def settle(self, outputs: Iterable[OutputFile]) -> None:
        """Let outputs stay: their attempt won. What a person has deleted meanwhile stays away."""
        for output in outputs:
            try:
                self._client.delete_object_tagging(Bucket=output.bucket, Key=output.key)
            except (BotoCoreError, ClientError) as error:
                if not isinstance(error, ClientError) or error.response["Error"]["Code"] not in GONE:
                    raise busy(error) from error

    def discard(self, outputs: Iterable[OutputFile]) -> None:
        """Remove outputs: their attempt lost."""
        try:
            for output in outputs:
                self._client.delete_object(Bucket=output.bucket, Key=output.key)
        except (BotoCoreError, ClientError) as error:
            raise busy(error) from error

    def link(  # noqa: PLR0913 - what a link says is what it is asked for
        self,
        bucket: str,
        key: str,
        seconds: int,
        *,
        version_id: str | None = None,
        content_type: str,
        attachment: bool,
        file_name: str | None = None,
    ) -> str:
        """Return a URL that gets one object for so long, as `content_type`, to play or to save.

        It is saved under `file_name`; when that is left out, under its own name. What a browser might run, it saves.
        """
        content_type = shown_type(content_type)
        attachment = attachment or content_type == SAVED_ALONE
        name = file_name or key.rsplit("/", 1)[-1]
        disposition = f"{'attachment' if attachment else 'inline'}; filename*=UTF-8''{quote(name, safe='')}"
        params = {
            "Bucket": bucket,
            "Key": key,
            "ResponseContentType": content_type,
            "ResponseContentDisposition": disposition,
            **version(version_id),
        }
        return self._client.generate_presigned_url("get_object", Params=params, ExpiresIn=seconds)

    def plan_upload(self, bucket: str, key: str, size: int, content_type: str, seconds: int) -> UploadPlan:
        """Return how to upload a file of `size` bytes; large ones go in parts."""
        target: dict[str, Any] = {"Bucket": bucket, "Key": key}
        if size <= SINGLE_UPLOAD_BYTES:
            # With its length signed a link for a small file takes no large one.
            url = self._sign("put_object", {**target, "ContentType": content_type, "ContentLength": size}, seconds)
            return UploadPlan(bucket, key, url=url, headers={"Content-Type": content_type})
        try:
            upload_id = self._client.create_multipart_upload(**target, ContentType=content_type)["UploadId"]
        except (BotoCoreError, ClientError) as error:
            raise busy(error) from error
        part_size = max(MIN_PART_BYTES, -(-size // MAX_PARTS))
        target["UploadId"] = upload_id
        # With its length signed, too, each part takes just its own bytes.
        lengths = [min(part_size, size - start) for start in range(0, size, part_size)]
        return UploadPlan(
            bucket,
            key,
            upload_id=upload_id,
            part_size=part_size,
            part_urls=tuple(
                self._sign("upload_part", {**target, "PartNumber": number, "ContentLength": length}, seconds)
                for number, length in enumerate(lengths, start=1)
            ),
            complete_url=self._sign("complete_multipart_upload", target, seconds),
            abort_url=self._sign("abort_multipart_upload", target, seconds),
        )

    def _sign(self, call: str, params: Mapping[str, Any], seconds: int) -> str:
        return self._client.generate_presigned_url(call, Params=dict(params), ExpiresIn=seconds)


def version(version_id: str | None) -> dict[str, Any]:
    """Return the argument that names a version, where there is one."""
    return {"VersionId": version_id} if version_id else {}


def newest_of(bucket: str, answer: "ListObjectVersionsOutputTypeDef") -> Iterator[Upload]:
    """Yield the objects of a listing, each as its newest version; what was deleted has none."""
    for found in answer.get("Versions", []):
        if found["IsLatest"]:
            yield Upload(
                bucket=bucket,
                key=found["Key"],
                size=found["Size"],
                e_tag=found["ETag"].strip('"'),
                at=int(found["LastModified"].timestamp() * 1000),
                version_id=version_id_of(found["VersionId"]),
            )


def not_there(bucket: str, key: str) -> NotFound:
    """Return the error of a source that can't be pinned."""
    return NotFound(absent(bucket, key), code="SourceNotFound")


def absent(bucket: str, key: str) -> str:
    """Return what is said of a source that can't be pinned."""
    return f"s3://{bucket}/{key} does not exist, or Reelmill may not read it"


def source_lost(error: ClientError) -> AttemptFailed | None:
    """Return why a source can't be read: it is gone, or access is denied; None when S3 merely has no answer now."""
    code = error.response["Error"]["Code"]
    if code in GONE:
        message = "the source file was deleted before it could be read; upload it again"
        return MediaRejected(message, code="SourceFileError.Deleted")
    if code in HIDDEN:
        # A policy, a role or a key that is wrong for a minute must not fail every task in flight, and blame its file.
        message = (
            "S3 denies access to the source file, or the file was deleted: check the bucket's policy, its KMS key and "
            "the role of RunSubtask, then restart the task"
        )
        final = MediaRejected(message, code="SourceFileError.NotReadable")
        return AccessDenied("S3 denied access to the source file", final=final)
    if code in ARCHIVED:
        message = "the source file is archived (S3 Glacier): restore it, then restart the task"
        return MediaRejected(message, code="SourceFileError.Archived")
    if code in CHANGED:
        message = "the source file was overwritten after this task was made; the newer upload has its own task"
        return MediaRejected(message, code="SourceFileError.Changed")
    return None


def span(start: int, end: int) -> str:
    """Return bytes from `start` up to `end` as HTTP writes them."""
    return f"bytes={start}-{end - 1}"


def unreadable(output: OutputFile, error: Exception) -> NotFound | ServiceBusy:
    """Return the error of an output that a request couldn't read."""
    if isinstance(error, ClientError) and error.response["Error"]["Code"] in GONE | HIDDEN:
        message = (
            f"{output.file_name} was deleted from the output bucket, or Reelmill may not read it; if it is gone, "
            "restart the task to make it again"
        )
        return NotFound(message, code="OutputNotFound")
    return busy(error)


def unparted(upload: PartedUpload, error: Exception) -> NotFound | None:
    """Return the error of an upload that is there no more; None when it is another."""
    if isinstance(error, ClientError) and error.response["Error"]["Code"] in NO_UPLOAD:
        message = f"the upload of {upload.key} was completed or given up"
        return NotFound(message, code="UploadNotFound")
    return None


def busy(error: Exception) -> ServiceBusy:
    """Return what a failed call to S3 means to a request: not now."""
    return ServiceBusy(no_answer(error))


def interrupted(error: Exception) -> Interrupted:
    """Return what a failed call to S3 means to an attempt: another may do better."""
    return Interrupted(no_answer(error), code="InternalError.Storage")


def no_answer(error: Exception) -> str:
    """Return what is told of a failed call to S3: its code. AWS's own words, with hosts and roles, are for the log."""
    logger().warning(NO_ANSWER, reason=str(error))
    refusal = error.__context__ if isinstance(error, Boto3Error) else error  # of an upload whose call was refused
    code = refusal.response["Error"]["Code"] if isinstance(refusal, ClientError) else type(error).__name__
    return f"{NO_ANSWER}: {code}"
