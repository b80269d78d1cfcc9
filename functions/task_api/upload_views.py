"""What the API takes and gives of uploads and the verdicts on them."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from functions.task_api.views import Limit, Timestamp
from shared.domain.camel_case import CamelCaseModel
from shared.domain.orchestration import BucketName, Priority
from shared.domain.timestamps import iso_timestamp
from shared.domain.upload import UploadDecision, Verdict
from shared.stores.presigned_links import MAX_UPLOAD_BYTES


def checked_upload_key(key: str) -> str:
    """Return a key that a browser and a shell can live with; raise ValueError otherwise."""
    if key.startswith("/") or key.endswith("/") or not key.isprintable() or {".", ".."} & set(key.split("/")):
        message = "a key neither begins nor ends with '/', and has no '.' or '..' folders and no unprintable characters"
        raise ValueError(message)
    if len(key.encode()) > 1024:  # noqa: PLR2004 - S3: the length of a key in UTF-8
        message = "a key has at most 1024 bytes in UTF-8"
        raise ValueError(message)
    return key


class UploadBody(CamelCaseModel):
    """A file that a caller wants to upload. `size` in bytes."""

    key: Annotated[str, StringConstraints(min_length=1), AfterValidator(checked_upload_key)]
    size: Annotated[int, Field(ge=1, le=MAX_UPLOAD_BYTES, strict=True)]
    content_type: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.+-]+/[A-Za-z0-9_.+-]+$", max_length=100)] = (
        "application/octet-stream"
    )


class PartView(CamelCaseModel):
    """One part of a large upload."""

    number: int
    url: str


class CallView(CamelCaseModel):
    """A presigned call that is not a PUT."""

    method: str
    url: str


class UploadView(CamelCaseModel):
    """How to upload: one PUT with these headers, or `parts` of `partSize` bytes and then the completing POST."""

    bucket: str
    key: str
    expires_at: str
    method: str | None = None
    url: str | None = None
    headers: dict[str, str] | None = None
    upload_id: str | None = None
    part_size: int | None = None
    parts: list[PartView] | None = None
    complete: CallView | None = None
    abort: CallView | None = None


class VerdictView(CamelCaseModel):
    """What became of one upload by one orchestration, or by none. `size` in bytes."""

    id: str
    bucket: str
    key: str
    version_id: str | None
    e_tag: str
    size: int
    uploaded_at: str
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


class VerdictPage(CamelCaseModel):
    """Some verdicts; `nextToken` asks for the next ones, null at the end."""

    verdicts: list[VerdictView]
    next_token: str | None


class BackfillBody(CamelCaseModel):
    """Objects that are there already: in the input bucket, if none is named. A dry run only says what would be made.

    Without a priority each orchestration's own holds.
    """

    bucket: BucketName | None = None
    prefix: Annotated[str, StringConstraints(max_length=1024)] = ""
    modified_after: Timestamp | None = None
    priority: Priority | None = None
    dry_run: Annotated[bool, Field(strict=True)] = False
    max_results: Limit = 50
    # It holds a key, of which each byte may take six in JSON, and that in base 64.
    next_token: Annotated[str, StringConstraints(max_length=10_000)] | None = None
