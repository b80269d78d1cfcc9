"""The routes of uploads: begin one, list the verdicts, and backfill objects that are already there."""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.task_api.caller import request_context
from functions.task_api.parameters import LimitQuery, TokenQuery
from functions.task_api.requests import JSON
from functions.task_api.upload_views import (
    BackfillBody,
    RenewalBody,
    UploadBody,
    UploadView,
    VerdictPage,
    VerdictView,
)
from functions.task_api.views import Timestamp, optional_milliseconds
from shared.domain.page import Page
from shared.domain.upload import UploadDecision, Verdict
from shared.stores.decision_store import DecisionFilter
from shared.use_cases.backfill import BackfillScope, backfill_objects
from shared.use_cases.upload_links import begin_upload, renew_upload

UPLOAD_RESPONSES: dict[int, Any] = {
    201: {"description": "The presigned calls.", "content": {JSON: {"model": UploadView}}}
}

router = APIGatewayHttpRouter()


@router.post(
    "/uploads", summary="Begin an upload", tags=["Uploads"], responses=UPLOAD_RESPONSES, operation_id="beginUpload"
)
def post_upload(body: UploadBody) -> Response[UploadView]:
    """Return the presigned calls that upload a file into the input bucket. A file over 100 MB is uploaded in parts."""
    upload = begin_upload(*request_context(router), body.key, body.size, body.content_type)
    return Response(status_code=HTTPStatus.CREATED, content_type=JSON, body=UploadView.of(body.key, upload))


@router.post("/uploads/renewals", summary="Renew the links of an upload", tags=["Uploads"], operation_id="renewUpload")
def post_upload_renewal(body: RenewalBody) -> UploadView:
    """Return new presigned calls for an upload in parts whose links have expired. The parts that were sent stay."""
    upload = renew_upload(*request_context(router), body.key, body.size, body.upload_id)
    return UploadView.of(body.key, upload)


@router.get(
    "/uploads/verdicts",
    summary="List the verdicts on uploads, newest first",
    tags=["Uploads"],
    operation_id="listVerdicts",
)
def get_upload_verdicts(  # noqa: PLR0913, PLR0917 - one argument per filter is what the OpenAPI document is made from
    key: Annotated[str | None, Query(max_length=1024, description="The exact key of the object.")] = None,
    verdict: Annotated[Verdict | None, Query(description="The verdict.")] = None,
    uploaded_after: Annotated[
        Timestamp | None, Query(alias="uploadedAfter", description="The earliest `uploadedAt`.")
    ] = None,
    uploaded_before: Annotated[
        Timestamp | None, Query(alias="uploadedBefore", description="The latest `uploadedAt`.")
    ] = None,
    max_results: LimitQuery = 20,
    next_token: TokenQuery = None,
) -> VerdictPage:
    """Return one page of the verdicts that match all filters. A verdict says what happened to an upload, and why."""
    services, tenant = request_context(router)
    wanted = DecisionFilter(
        tenant=tenant,
        key=key,
        verdict=verdict,
        after=optional_milliseconds(uploaded_after),
        before=optional_milliseconds(uploaded_before),
    )
    page = services.decisions.page(wanted, max_results, next_token)
    return verdict_page(page)


@router.post(
    "/uploads/backfill", summary="Create tasks for existing objects", tags=["Uploads"], operation_id="backfillUploads"
)
def post_upload_backfill(body: BackfillBody) -> VerdictPage:
    """Match one page of a bucket's objects with the orchestrations. Objects that already have their task keep it."""
    services, tenant = request_context(router)
    wanted = BackfillScope(
        bucket=body.bucket or services.settings.require("input_bucket"),
        prefix=body.prefix,
        modified_after=optional_milliseconds(body.modified_after),
        priority=body.priority,
        dry_run=body.dry_run,
    )
    page = backfill_objects(services, tenant, wanted, body.max_results, body.next_token)
    return verdict_page(page)


def verdict_page(page: Page[UploadDecision]) -> VerdictPage:
    """Return the view of a page of decisions."""
    return VerdictPage(
        verdicts=[VerdictView.of(one) for one in page.items],
        next_token=page.next_token,
        newer_version=list(page.unreadable),
    )
