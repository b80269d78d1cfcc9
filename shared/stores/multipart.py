"""Objects that are made of parts, some of them copied by S3 out of other objects."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from shared.domain.attempt_record import OutputFile
from shared.errors import NotFound
from shared.stores.object_store import ATTEMPT_TAG
from shared.stores.s3 import S3Connection, byte_range, error_code, output_error, s3_busy

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

NO_UPLOAD = frozenset({"NoSuchUpload"})


@dataclass(frozen=True)
class MultipartUpload:
    """A multipart upload that was created and is neither completed nor aborted."""

    bucket: str
    key: str
    upload_id: str

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of S3 calls that name it."""
        return {"Bucket": self.bucket, "Key": self.key, "UploadId": self.upload_id}


class MultipartStore:
    """The multipart uploads of S3, as far as Reelmill makes them itself.

    Every method raises ServiceBusy if S3 fails, and those that take an upload raise NotFound if it no longer exists.
    """

    def __init__(self, connection: S3Connection) -> None:
        """Use that connection; no request is made yet."""
        self._s3 = connection

    def create(self, bucket: str, key: str, content_type: str) -> MultipartUpload:
        """Create an upload. Its object keeps the tag of an uncommitted output, so it expires after some days."""
        try:
            answer = self._s3.client.create_multipart_upload(
                Bucket=bucket, Key=key, ContentType=content_type, Tagging=ATTEMPT_TAG
            )
        except (BotoCoreError, ClientError) as error:
            raise s3_busy(error) from error
        return MultipartUpload(bucket, key, answer["UploadId"])

    def find(self, bucket: str, key: str) -> MultipartUpload | None:
        """Return the upload of that key, the oldest of several; None if there is none."""
        try:  # S3 lists them by key, and those of one key by age
            found = self._s3.client.list_multipart_uploads(Bucket=bucket, Prefix=key).get("Uploads", [])
        except (BotoCoreError, ClientError) as error:
            raise s3_busy(error) from error
        return next((MultipartUpload(bucket, key, one["UploadId"]) for one in found if one["Key"] == key), None)

    def list_parts(self, upload: MultipartUpload) -> dict[int, str]:
        """Return the ETags of the stored parts, by part number."""
        parts: dict[int, str] = {}
        try:
            for page in self._s3.client.get_paginator("list_parts").paginate(**upload.arguments):
                parts |= {part["PartNumber"]: part["ETag"] for part in page.get("Parts", [])}
        except (BotoCoreError, ClientError) as error:
            raise upload_error(upload, error) or s3_busy(error) from error
        return parts

    def upload_part(self, upload: MultipartUpload, number: int, content: bytes) -> None:
        """Store a part."""
        try:
            self._s3.client.upload_part(**upload.arguments, PartNumber=number, Body=content)
        except (BotoCoreError, ClientError) as error:
            raise upload_error(upload, error) or s3_busy(error) from error

    def copy_part(self, upload: MultipartUpload, number: int, output: OutputFile, start: int, end: int) -> None:
        """Let S3 copy bytes of an output from `start` up to `end` as a part; raise NotFound if the output is gone."""
        try:
            self._s3.client.upload_part_copy(
                **upload.arguments,
                PartNumber=number,
                CopySource={"Bucket": output.bucket, "Key": output.key},
                CopySourceRange=byte_range(start, end),
            )
        except (BotoCoreError, ClientError) as error:
            raise upload_error(upload, error) or output_error(output, error) from error

    def complete(self, upload: MultipartUpload, parts: Mapping[int, str]) -> None:
        """Make the object of its parts, whose ETags are given by part number. It appears whole."""
        listed: list[CompletedPartTypeDef] = [{"PartNumber": number, "ETag": parts[number]} for number in sorted(parts)]
        try:
            self._s3.client.complete_multipart_upload(**upload.arguments, MultipartUpload={"Parts": listed})
        except (BotoCoreError, ClientError) as error:
            raise upload_error(upload, error) or s3_busy(error) from error


def upload_error(upload: MultipartUpload, error: Exception) -> NotFound | None:
    """Return the error of an upload that no longer exists; None for any other error."""
    if error_code(error) in NO_UPLOAD:
        message = f"the upload of {upload.key} was completed or aborted"
        return NotFound(message, code="UploadNotFound")
    return None
