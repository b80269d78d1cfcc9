"""Use cases of upload links: the requests that put a file into the input bucket."""

from dataclasses import dataclass

from shared.errors import RequestRejected
from shared.services import Services
from shared.stores.presigned_links import SINGLE_UPLOAD_BYTES, UploadPlan
from shared.use_cases.links import expiry_after
from shared.use_cases.uploads import refuse_other_tenants_key

UPLOAD_SECONDS = 6 * 3600  # A large file over a slow line.


@dataclass(frozen=True)
class NewUpload:
    """A new upload: its presigned requests, which are valid until `expires_at`, in epoch milliseconds."""

    bucket: str
    plan: UploadPlan
    expires_at: int


def begin_upload(services: Services, tenant: str, key: str, size: int, content_type: str) -> NewUpload:
    """Return the requests that upload a file to the input bucket; raise NotAllowed if the key is another tenant's."""
    refuse_other_tenants_key(services, tenant, key)
    bucket = services.settings.require("input_bucket")
    plan = services.links.plan_upload(bucket, key, size, content_type, UPLOAD_SECONDS)
    return NewUpload(bucket, plan, expiry_after(services, UPLOAD_SECONDS))


def renew_upload(services: Services, tenant: str, key: str, size: int, upload_id: str) -> NewUpload:
    """Return new requests for an upload in parts that has begun; the parts that it already has stay.

    Raise NotAllowed if the key is another tenant's, RequestRejected if a file of that size is not uploaded in parts.
    """
    refuse_other_tenants_key(services, tenant, key)
    if size <= SINGLE_UPLOAD_BYTES:
        message = f"a file of {size} bytes is uploaded in one request, so there is nothing to renew; begin a new upload"
        raise RequestRejected(message, code="NotInParts")
    bucket = services.settings.require("input_bucket")
    plan = services.links.plan_parts(bucket, key, size, upload_id, UPLOAD_SECONDS)
    return NewUpload(bucket, plan, expiry_after(services, UPLOAD_SECONDS))
