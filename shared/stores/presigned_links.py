"""Presigned links: to play or download an object, and to upload a file straight to S3."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError

from shared.domain.content_types import DOWNLOAD_ONLY, browser_safe_type
from shared.stores.s3 import S3Connection, s3_busy, version_argument

SINGLE_UPLOAD_BYTES = 100 * 1024**2  # A larger file is uploaded in parts, so that a lost connection costs one part.
MAX_PARTS = 1000  # Each is a link of 1.3 KB in one response, which Lambda limits to 6 MB; S3 would take 10,000.
MIN_PART_BYTES = 16 * 1024**2
MAX_UPLOAD_BYTES = MAX_PARTS * 5 * 1024**3  # S3: a part has at most 5 GiB.


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


class PresignedLinks:
    """Signs links with this process's credentials. Only `plan_upload` of a large file makes a request."""

    def __init__(self, connection: S3Connection) -> None:
        """Use that connection; no request is made yet."""
        self._s3 = connection

    def link(  # noqa: PLR0913 - the parameters of a link
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
        """Return a URL that is valid for that many seconds and serves one object as `content_type`.

        The browser shows it, or with `attachment` saves it as `file_name` (by default the last part of the key). A
        type that a browser might run is always saved.
        """
        content_type = browser_safe_type(content_type)
        attachment = attachment or content_type == DOWNLOAD_ONLY
        name = file_name or key.rsplit("/", 1)[-1]
        disposition = f"{'attachment' if attachment else 'inline'}; filename*=UTF-8''{quote(name, safe='')}"
        params = {
            "Bucket": bucket,
            "Key": key,
            "ResponseContentType": content_type,
            "ResponseContentDisposition": disposition,
            **version_argument(version_id),
        }
        return self._sign("get_object", params, seconds)

    def lifetime(self, seconds: int) -> int:
        """Return for how many of those seconds a link certainly works: it ends with the credentials that sign it."""
        return int(min(seconds, self._s3.session_seconds()))

    def plan_upload(self, bucket: str, key: str, size: int, content_type: str, seconds: int) -> UploadPlan:
        """Return how to upload a file of `size` bytes; a large one goes in parts. Raise ServiceBusy."""
        target: dict[str, Any] = {"Bucket": bucket, "Key": key}
        if size <= SINGLE_UPLOAD_BYTES:
            # The signature covers the length: a link for a small file does not take a large one.
            url = self._sign("put_object", {**target, "ContentType": content_type, "ContentLength": size}, seconds)
            return UploadPlan(bucket, key, url=url, headers={"Content-Type": content_type})
        try:
            upload_id = self._s3.client.create_multipart_upload(**target, ContentType=content_type)["UploadId"]
        except (BotoCoreError, ClientError) as error:
            raise s3_busy(error) from error
        return self.plan_parts(bucket, key, size, upload_id, seconds)

    def plan_parts(self, bucket: str, key: str, size: int, upload_id: str, seconds: int) -> UploadPlan:
        """Return how to upload the parts of a multipart upload that exists; this makes no request."""
        target: dict[str, Any] = {"Bucket": bucket, "Key": key, "UploadId": upload_id}
        part_size = max(MIN_PART_BYTES, -(-size // MAX_PARTS))
        # Here, too, the signature covers the length of each part.
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
        return self._s3.client.generate_presigned_url(call, Params=dict(params), ExpiresIn=seconds)
