"""The routes of the catalog: orchestrations, templates, operations."""

from http import HTTPStatus
from typing import Annotated, TypeVar

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import ValidationError

from functions.task_api.caller import request_context
from functions.task_api.catalog_views import (
    MatchBody,
    MatchList,
    OperationList,
    OperationView,
    OrchestrationBody,
    OrchestrationList,
    OrchestrationVersionPage,
    OrchestrationVersionView,
    OrchestrationView,
    TemplateBody,
    TemplateList,
    TemplateVersionPage,
    TemplateView,
    VersionView,
)
from functions.task_api.views import DELETED_RESPONSES
from shared.domain.orchestration import OrchestrationDocument, TemplateDocument
from shared.domain.upload import Upload
from shared.domain.validation_messages import in_words
from shared.errors import RequestRejected
from shared.operations import OPERATIONS
from shared.stores.catalog_store import LAST_VERSION
from shared.use_cases.catalog import (
    ORCHESTRATION,
    TEMPLATE,
    D,
    DocumentKind,
    delete_document,
    get_document,
    list_documents,
    store_orchestration,
    store_template,
    switch_orchestration,
)
from shared.use_cases.catalog_versions import get_version, list_versions
from shared.use_cases.uploads import predict, refuse_beyond_home

N = TypeVar("N", OrchestrationDocument, TemplateDocument)

router = APIGatewayHttpRouter()

NamePath = Annotated[str, Path(max_length=63)]
VersionQuery = Annotated[
    int | None, Query(ge=1, le=LAST_VERSION, description="One of its versions; the one that stands without it.")
]
LimitQuery = Annotated[int, Query(alias="maxResults", ge=1, le=100)]
TokenQuery = Annotated[str | None, Query(alias="nextToken", max_length=200)]


@router.get("/orchestrations", summary="List orchestrations", tags=["Orchestrations"])
def get_orchestrations() -> OrchestrationList:
    """List all orchestrations, presets included."""
    services, tenant = request_context(router)
    found = list_documents(services, ORCHESTRATION, tenant)
    return OrchestrationList(orchestrations=[OrchestrationView.of(one) for one in found])


@router.post("/orchestrations/match", summary="Predict what an upload would do", tags=["Orchestrations"])
def post_orchestration_match(body: MatchBody) -> MatchList:
    """Predict the decision on an object of that key, and what each orchestration would say about it."""
    services, tenant = request_context(router)
    refuse_beyond_home(services, tenant, body.key)
    bucket = body.bucket or services.settings.need("input_bucket")
    size = 1 if body.size is None else body.size
    upload = Upload(bucket, body.key, size, e_tag="", at=services.now(), tenant=tenant)
    matches, decision = predict(services, upload)
    return MatchList(verdict=decision.verdict, reason=decision.reason, matches=matches)


@router.get("/orchestrations/<name>", summary="Show an orchestration", tags=["Orchestrations"])
def get_orchestration(name: NamePath, version: VersionQuery = None) -> OrchestrationView:
    """Show the current version of an orchestration, or another one, even if it was deleted since."""
    return OrchestrationView.of(find_version(ORCHESTRATION, name, version))


@router.get("/orchestrations/<name>/versions", summary="List an orchestration's versions", tags=["Orchestrations"])
def get_orchestration_versions(
    name: NamePath, max_results: LimitQuery = 20, next_token: TokenQuery = None
) -> OrchestrationVersionPage:
    """Return one page of an orchestration's versions, newest first. Versions stay after a deletion."""
    services, tenant = request_context(router)
    page = list_versions(services, ORCHESTRATION, tenant, name, max_results, next_token)
    versions = [OrchestrationVersionView.of(one) for one in page.items]
    return OrchestrationVersionPage(versions=versions, next_token=page.next_token)


@router.put("/orchestrations/<name>", summary="Store an orchestration", tags=["Orchestrations"])
def put_orchestration(name: NamePath, body: OrchestrationBody) -> OrchestrationView:
    """Store a new version of an orchestration. Wrong parameters are rejected now, not when a file arrives."""
    document = named_document(OrchestrationDocument, name, body)
    return OrchestrationView.of(store_orchestration(*request_context(router), document))


@router.delete(
    "/orchestrations/<name>", summary="Delete an orchestration", tags=["Orchestrations"], responses=DELETED_RESPONSES
)
def delete_orchestration(name: NamePath) -> Response[str]:
    """Delete an orchestration. Its tasks stay."""
    return delete_and_answer(ORCHESTRATION, name)


@router.post("/orchestrations/<name>/enable", summary="Enable an orchestration", tags=["Orchestrations"])
def post_orchestration_enable(name: NamePath) -> OrchestrationView:
    """Let an orchestration accept uploads."""
    return OrchestrationView.of(switch_orchestration(*request_context(router), name, enabled=True))


@router.post("/orchestrations/<name>/disable", summary="Disable an orchestration", tags=["Orchestrations"])
def post_orchestration_disable(name: NamePath) -> OrchestrationView:
    """Keep an orchestration from accepting uploads."""
    return OrchestrationView.of(switch_orchestration(*request_context(router), name, enabled=False))


@router.get("/templates", summary="List templates", tags=["Templates"])
def get_templates() -> TemplateList:
    """List all templates, presets included."""
    services, tenant = request_context(router)
    return TemplateList(templates=[TemplateView.of(one) for one in list_documents(services, TEMPLATE, tenant)])


@router.get("/templates/<name>", summary="Show a template", tags=["Templates"])
def get_template(name: NamePath, version: VersionQuery = None) -> TemplateView:
    """Show the current version of a template, or another one, even if it was deleted since."""
    return TemplateView.of(find_version(TEMPLATE, name, version))


@router.get("/templates/<name>/versions", summary="List a template's versions", tags=["Templates"])
def get_template_versions(
    name: NamePath, max_results: LimitQuery = 20, next_token: TokenQuery = None
) -> TemplateVersionPage:
    """Return one page of a template's versions, newest first. Versions stay after a deletion."""
    services, tenant = request_context(router)
    page = list_versions(services, TEMPLATE, tenant, name, max_results, next_token)
    return TemplateVersionPage(versions=[VersionView.of(one) for one in page.items], next_token=page.next_token)


@router.put("/templates/<name>", summary="Store a template", tags=["Templates"])
def put_template(name: NamePath, body: TemplateBody) -> TemplateView:
    """Store a new version of a template of your own. Presets can't be changed."""
    return TemplateView.of(store_template(*request_context(router), named_document(TemplateDocument, name, body)))


@router.delete("/templates/<name>", summary="Delete a template", tags=["Templates"], responses=DELETED_RESPONSES)
def delete_template(name: NamePath) -> Response[str]:
    """Delete a template of your own."""
    return delete_and_answer(TEMPLATE, name)


@router.get("/operations", summary="List the kinds of subtask", tags=["Templates"])
def get_operations() -> OperationList:
    """List the kinds of subtask, each with the JSON schemas of its parameters and of what it finds."""
    return OperationList(
        operations=[
            OperationView(
                type=kind,
                summary=operation.summary,
                params=operation.params.model_json_schema(),
                result=operation.result.model_json_schema(mode="serialization") if operation.result else None,
            )
            for kind, operation in OPERATIONS.items()
        ]
    )


def find_version(kind: DocumentKind[D], name: str, version: int | None) -> D:
    """Return the current version of a document, or the one of that number; raise NotFound or NewerVersion."""
    services, tenant = request_context(router)
    if version is None:
        return get_document(services, kind, tenant, name)
    return get_version(services, kind, tenant, name, version)


def delete_and_answer(kind: DocumentKind[D], name: str) -> Response[str]:
    """Delete a document; return the answer without a body. Raise NotFound or Conflict."""
    services, tenant = request_context(router)
    delete_document(services, kind, tenant, name)
    return Response(status_code=HTTPStatus.NO_CONTENT, content_type="application/json", body="")


def named_document(kind: type[N], name: str, body: OrchestrationBody | TemplateBody) -> N:
    """Return the document under the path's name; raise RequestRejected if it is invalid or has another name."""
    if body.name not in {None, name}:
        message = f"the path says {name}, but the document is named {body.name}"
        raise RequestRejected(message)
    fields = {key: getattr(body, key) for key in type(body).model_fields}
    try:
        return kind.model_validate({**fields, "name": name})
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {in_words(e)}" for e in error.errors())
        raise RequestRejected(wrong) from error
