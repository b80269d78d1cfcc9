"""The routes of uploads: how to make one, what became of them, and the same for what was there before."""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.task_api.caller import request_context
from functions.task_api.files import expiry_timestamp
from functions.task_api.upload_views import (
    BackfillBody,
    CallView,
    PartView,
    UploadBody,
    UploadView,
    VerdictPage,
    VerdictView,
)
from functions.task_api.views import Timestamp, optional_milliseconds
from shared.domain.upload import Verdict
from shared.stores.verdict_store import VerdictFilter
from shared.use_cases.uploads import Backfill, backfill, refuse_beyond_home

UPLOAD_SECONDS = 6 * 3600  # A large file over a slow line.
CREATED_RESPONSES: dict[str, Any] = {"application/json": {"model": UploadView}}
UPLOAD_RESPONSES: dict[int, Any] = {201: {"description": "The calls to make.", "content": CREATED_RESPONSES}}

router = APIGatewayHttpRouter()


@router.post("/uploads", summary="Begin an upload", tags=["Uploads"], responses=UPLOAD_RESPONSES)
def post_upload(body: UploadBody) -> Response[UploadView]:
    """Give the presigned calls that put a file into the input bucket; past 100 MB it goes in parts."""
    services, tenant = request_context(router)
    refuse_beyond_home(services, tenant, body.key)
    bucket = services.settings.need("input_bucket")
    plan = services.links.plan_upload(bucket, body.key, body.size, body.content_type, UPLOAD_SECONDS)
    view = UploadView(
        bucket=bucket,
        key=body.key,
        expires_at=expiry_timestamp(services, UPLOAD_SECONDS),
        method="PUT" if plan.url else None,
        url=plan.url,
        headers=dict(plan.headers) if plan.headers else None,
        upload_id=plan.upload_id,
        part_size=plan.part_size,
        parts=[PartView(number=number, url=url) for number, url in enumerate(plan.part_urls, start=1)] or None,
        complete=CallView(method="POST", url=plan.complete_url) if plan.complete_url else None,
        abort=CallView(method="DELETE", url=plan.abort_url) if plan.abort_url else None,
    )
    return Response(status_code=HTTPStatus.CREATED, content_type="application/json", body=view)


@router.get("/uploads/verdicts", summary="List the verdicts on uploads, newest first", tags=["Uploads"])
def get_upload_verdicts(  # noqa: PLR0913, PLR0917 - one argument per filter is what the OpenAPI document is made from
    key: Annotated[str | None, Query(max_length=1024)] = None,
    verdict: Annotated[Verdict | None, Query()] = None,
    uploaded_after: Annotated[Timestamp | None, Query(alias="uploadedAfter")] = None,
    uploaded_before: Annotated[Timestamp | None, Query(alias="uploadedBefore")] = None,
    max_results: Annotated[int, Query(alias="maxResults", ge=1, le=100)] = 20,
    next_token: Annotated[str | None, Query(alias="nextToken", max_length=200)] = None,
) -> VerdictPage:
    """Show one page of the verdicts that pass every filter: what became of each upload, and why."""
    services, tenant = request_context(router)
    wanted = VerdictFilter(
        tenant=tenant,
        key=key,
        verdict=verdict,
        after=optional_milliseconds(uploaded_after),
        before=optional_milliseconds(uploaded_before),
    )
    page = services.verdicts.page(wanted, max_results, next_token)
    return VerdictPage(verdicts=[VerdictView.of(one) for one in page.items], next_token=page.next_token)


@router.post("/uploads/backfill", summary="Make tasks of objects that are there already", tags=["Uploads"])
def post_upload_backfill(body: BackfillBody) -> VerdictPage:
    """Offer one page of a bucket's objects to the orchestrations; those that have their task keep it."""
    services, tenant = request_context(router)
    wanted = Backfill(
        bucket=body.bucket or services.settings.need("input_bucket"),
        prefix=body.prefix,
        modified_after=optional_milliseconds(body.modified_after),
        priority=body.priority,
        dry_run=body.dry_run,
    )
    page = backfill(services, tenant, wanted, body.max_results, body.next_token)
    return VerdictPage(verdicts=[VerdictView.of(one) for one in page.items], next_token=page.next_token)
