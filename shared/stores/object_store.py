"""Objects in S3: sources are read at the version that a task was created for, outputs are written once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from shared.domain.attempt_record import OutputFile
from shared.domain.task import Source, parse_version_id
from shared.errors import NotFound, NotReadable
from shared.stores.s3 import (
    GONE,
    HIDDEN,
    S3Connection,
    byte_range,
    error_code,
    not_found_message,
    output_error,
    s3_busy,
    s3_interrupted,
    source_error,
    source_not_found,
    version_argument,
)

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ListObjectVersionsOutputTypeDef

    from shared.domain.upload import Upload

# An output has this tag until it is committed. The output bucket's lifecycle rule removes what keeps it.
ATTEMPT_TAG = "reelmill=attempt"
# Metadata of an output: the orchestrations that made it, in order. A copy of the object keeps it.
MADE_BY = "reelmill-made-by"
MAX_MAKERS = 12  # S3 takes 2 KB of metadata, and a tenant and an orchestration have up to 127 characters.
# 64 MB keep ten connections busy for a large file; a smaller file goes in one request.
TRANSFER = TransferConfig(multipart_threshold=64 * 1024**2, multipart_chunksize=64 * 1024**2)


@dataclass(frozen=True)
class Listing:
    """Some objects of a bucket in the order of their keys, and the key after which the next come; None at the end."""

    uploads: "tuple[Upload, ...]"
    last_key: str | None


class ObjectStore:
    """The objects in S3, as far as Reelmill reads and writes them itself."""

    def __init__(self, connection: S3Connection) -> None:
        """Use that connection; no request is made yet."""
        self._s3 = connection

    def read_source(self, bucket: str, key: str, version_id: str | None = None) -> Source:
        """Return an object as the source of a task, with its version; by default the newest.

        Raises NotFound if it does not exist, NotReadable if access is denied, ServiceBusy.
        """
        try:
            head = self._s3.client.head_object(Bucket=bucket, Key=key, **version_argument(version_id))
        except ClientError as error:
            if error_code(error) in HIDDEN:
                raise NotReadable(not_found_message(bucket, key), code="SourceNotFound") from error
            # HEAD has no body that could explain a 400: the version ID is malformed.
            if error_code(error) in GONE | {"400"}:
                raise source_not_found(bucket, key) from error
            raise s3_busy(error) from error
        except (ParamValidationError, UnicodeError) as error:  # a name that no bucket, or no host, can have
            raise source_not_found(bucket, key) from error
        except BotoCoreError as error:
            raise s3_busy(error) from error
        return Source(
            bucket, key, head["ContentLength"], head["ETag"].strip('"'), parse_version_id(head.get("VersionId"))
        )

    def list_newest(
        self, bucket: str, prefix: str, limit: int, after: str | None, *, without: tuple[str, str] = ("", "")
    ) -> Listing:
        """Return the newest versions of up to `limit` objects, from the first key after `after`; raise NotFound.

        Keys from the first of `without` up to the second are skipped: they are neither listed nor returned as the last.
        """
        start = {} if after is None else {"KeyMarker": after}
        uploads: list[Upload] = []
        begin, end = without
        while True:
            answer = self._list_versions(bucket, prefix, limit - len(uploads), start)
            uploads += (upload for upload in newest_versions(bucket, answer) if not begin <= upload.key < end)
            if not answer["IsTruncated"]:
                return Listing(tuple(uploads), None)
            last = answer["NextKeyMarker"]
            if begin <= last < end:
                start = {"KeyMarker": end}
                continue
            # Without a version marker S3 continues after all versions of that key. Other implementations may not move.
            if last != after:
                return Listing(tuple(uploads), last)
            start = {"KeyMarker": last, "VersionIdMarker": answer["NextVersionIdMarker"]}

    def _list_versions(
        self, bucket: str, prefix: str, limit: int, start: Mapping[str, Any]
    ) -> "ListObjectVersionsOutputTypeDef":
        try:
            return self._s3.client.list_object_versions(Bucket=bucket, Prefix=prefix, MaxKeys=limit, **start)
        except (ClientError, ParamValidationError, UnicodeError) as error:
            if not isinstance(error, ClientError) or error_code(error) in GONE | HIDDEN:
                message = f"there is no bucket {bucket}, or Reelmill may not list it"
                raise NotFound(message, code="BucketNotFound") from error
            raise s3_busy(error) from error
        except BotoCoreError as error:
            raise s3_busy(error) from error

    def download(self, source: Source, path: Path) -> None:
        """Download exactly the version that was pinned.

        Raises MediaRejected if it is gone or was overwritten, AccessDenied or Interrupted if a later try may succeed.
        """
        pinned = version_argument(source.version_id)
        if not pinned and source.e_tag:
            pinned["IfMatch"] = f'"{source.e_tag}"'
        try:
            if source.version_id:
                self._s3.client.download_file(source.bucket, source.key, str(path), ExtraArgs=pinned, Config=TRANSFER)
            else:
                answer = self._s3.client.get_object(Bucket=source.bucket, Key=source.key, **pinned)
                with path.open("wb") as file:
                    for chunk in answer["Body"].iter_chunks(1024**2):
                        file.write(chunk)
        except ClientError as error:
            raise source_error(error) or s3_interrupted(error) from error
        except (BotoCoreError, Boto3Error) as error:
            raise s3_interrupted(error) from error

    def made_by(self, source: Source) -> tuple[str, ...]:
        """Return the orchestrations that made a source, oldest first; empty for a file that people uploaded.

        Raises the errors of `download`.
        """
        try:
            head = self._s3.client.head_object(
                Bucket=source.bucket, Key=source.key, **version_argument(source.version_id)
            )
        except ClientError as error:
            raise source_error(error) or s3_interrupted(error) from error
        except BotoCoreError as error:
            raise s3_interrupted(error) from error
        return tuple(filter(None, head["Metadata"].get(MADE_BY, "").split(",")))

    def read(self, output: OutputFile, start: int = 0, end: int | None = None) -> bytes:
        """Return the bytes of an output from `start` up to `end`, by default all; raise NotFound or ServiceBusy."""
        part: dict[str, Any] = {} if end is None else {"Range": byte_range(start, end)}
        try:
            return self._s3.client.get_object(Bucket=output.bucket, Key=output.key, **part)["Body"].read()
        except (BotoCoreError, ClientError) as error:
            raise output_error(output, error) from error

    def upload(self, path: Path, output: OutputFile, made_by: Sequence[str]) -> None:
        """Upload a file as an output that is not committed yet; it appears in S3 whole. Raise Interrupted."""
        try:
            self._s3.client.upload_file(
                str(path),
                output.bucket,
                output.key,
                ExtraArgs={
                    "ContentType": output.content_type,
                    "Tagging": ATTEMPT_TAG,
                    "Metadata": {MADE_BY: ",".join(made_by[-MAX_MAKERS:])} if made_by else {},
                },
                Config=TRANSFER,
            )
        except (BotoCoreError, ClientError, Boto3Error) as error:
            raise s3_interrupted(error) from error

    def commit(self, outputs: Iterable[OutputFile]) -> None:
        """Keep the outputs of an attempt that succeeded; skip those that a person has deleted. Raise ServiceBusy."""
        for output in outputs:
            try:
                self._s3.client.delete_object_tagging(Bucket=output.bucket, Key=output.key)
            except (BotoCoreError, ClientError) as error:
                if error_code(error) not in GONE:
                    raise s3_busy(error) from error

    def discard(self, outputs: Iterable[OutputFile]) -> None:
        """Delete the outputs of an attempt that did not succeed. Raise ServiceBusy."""
        try:
            for output in outputs:
                self._s3.client.delete_object(Bucket=output.bucket, Key=output.key)
        except (BotoCoreError, ClientError) as error:
            raise s3_busy(error) from error


def newest_versions(bucket: str, answer: "ListObjectVersionsOutputTypeDef") -> "Iterator[Upload]":
    """Yield the newest version of each object of a listing, without deleted objects."""
    from shared.domain.upload import Upload  # noqa: PLC0415 - workers list nothing

    for found in answer.get("Versions", []):
        if found["IsLatest"]:
            yield Upload(
                bucket=bucket,
                key=found["Key"],
                size=found["Size"],
                e_tag=found["ETag"].strip('"'),
                at=int(found["LastModified"].timestamp() * 1000),
                version_id=parse_version_id(found["VersionId"]),
            )
