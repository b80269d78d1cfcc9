"""Uploads and the verdicts on them, as the API takes and shows them."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from functions.task_api.views import IsoTime, Limit, ListView, PageView, Timestamp
from shared.domain.camel_case import CamelCaseModel
from shared.domain.orchestration import BucketName, Priority
from shared.domain.timestamps import iso_timestamp
from shared.domain.upload import UploadDecision, Verdict
from shared.stores.presigned_links import MAX_UPLOAD_BYTES
from shared.use_cases.upload_links import NewUpload


def checked_upload_key(key: str) -> str:
    """Return a key; raise ValueError if it would cause problems in browsers and shells."""
    if key.startswith("/") or key.endswith("/") or not key.isprintable() or {".", ".."} & set(key.split("/")):
        message = "a key can't begin or end with '/', and can't contain '.' or '..' folders or unprintable characters"
        raise ValueError(message)
    if len(key.encode()) > 1024:  # noqa: PLR2004 - S3: the length of a key in UTF-8
        message = "a key can have at most 1024 bytes in UTF-8"
        raise ValueError(message)
    return key


class UploadBody(CamelCaseModel):
    """A file to upload. `size` is in bytes."""

    key: Annotated[str, StringConstraints(min_length=1), AfterValidator(checked_upload_key)]
    size: Annotated[int, Field(ge=1, le=MAX_UPLOAD_BYTES, strict=True)]
    content_type: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.+-]+/[A-Za-z0-9_.+-]+$", max_length=100)] = (
        "application/octet-stream"
    )


class RenewalBody(CamelCaseModel):
    """An upload in parts that has begun: its key, the size of the whole file in bytes, and its `uploadId`."""

    key: Annotated[str, StringConstraints(min_length=1), AfterValidator(checked_upload_key)]
    size: Annotated[int, Field(ge=1, le=MAX_UPLOAD_BYTES, strict=True)]
    upload_id: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$", max_length=1024)]


class PartView(CamelCaseModel):
    """One part of an upload in parts."""

    number: int
    url: str


class CallView(CamelCaseModel):
    """A presigned call other than a PUT."""

    method: str
    url: str


class UploadView(CamelCaseModel):
    """The presigned calls of an upload: one PUT with `headers`, or a PUT for each of `parts` and then `complete`.

    They work until `expiresAt`; those of an upload in parts can be renewed. Each part but the last has `partSize`
    bytes. `abort` discards an upload in parts.
    """

    bucket: str
    key: str
    expires_at: IsoTime
    method: str | None = None
    url: str | None = None
    headers: dict[str, str] | None = None
    upload_id: str | None = None
    part_size: int | None = None
    parts: list[PartView] | None = None
    complete: CallView | None = None
    abort: CallView | None = None

    @classmethod
    def of(cls, key: str, upload: NewUpload) -> "UploadView":
        """Return the view."""
        plan = upload.plan
        return cls(
            bucket=upload.bucket,
            key=key,
            expires_at=iso_timestamp(upload.expires_at),
            method="PUT" if plan.url else None,
            url=plan.url,
            headers=dict(plan.headers) if plan.headers else None,
            upload_id=plan.upload_id,
            part_size=plan.part_size,
            parts=[PartView(number=number, url=url) for number, url in enumerate(plan.part_urls, start=1)] or None,
            complete=CallView(method="POST", url=plan.complete_url) if plan.complete_url else None,
            abort=CallView(method="DELETE", url=plan.abort_url) if plan.abort_url else None,
        )


class VerdictView(CamelCaseModel):
    """What one orchestration did with an upload, or why none did anything with it. `size` is in bytes."""

    id: str
    bucket: str
    key: str
    version_id: str | None
    e_tag: str
    size: int
    uploaded_at: IsoTime
    verdict: Verdict
    reason: str
    orchestration: str | None
    task_id: str | None

    @classmethod
    def of(cls, decision: UploadDecision) -> "VerdictView":
        """Return the view."""
        upload = decision.upload
        return cls(
            id=decision.id,
            bucket=upload.bucket,
            key=upload.key,
            version_id=upload.version_id,
            e_tag=upload.e_tag,
            size=upload.size,
            uploaded_at=iso_timestamp(upload.at),
            verdict=decision.verdict,
            reason=decision.reason,
            orchestration=decision.orchestration,
            task_id=decision.task_id,
        )


class VerdictPage(PageView, ListView):
    """A page of verdicts."""

    verdicts: list[VerdictView]


class BackfillBody(CamelCaseModel):
    """A backfill: objects that already exist, by default in the input bucket.

    A dry run only reports which tasks would be created. Without `priority`, each task has its orchestration's.
    """

    bucket: BucketName | None = None
    prefix: Annotated[str, StringConstraints(max_length=1024)] = ""
    modified_after: Timestamp | None = None
    priority: Priority | None = None
    dry_run: Annotated[bool, Field(strict=True)] = False
    max_results: Limit = 50
    # It contains a key. In JSON each of its bytes can take six characters, and the result is in base64.
    next_token: Annotated[str, StringConstraints(max_length=10_000)] | None = None
