"""The routes of the catalog: orchestrations, templates, operations."""

from http import HTTPStatus
from typing import Annotated, Any, TypeVar

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
from functions.task_api.parameters import LimitQuery, TokenQuery
from functions.task_api.requests import JSON
from shared.domain.orchestration import OrchestrationDocument, TemplateDocument
from shared.domain.validation_messages import validation_message
from shared.errors import RequestRejected
from shared.operations import OPERATIONS
from shared.services import Services
from shared.stores.catalog_store import LAST_VERSION
from shared.use_cases.catalog import (
    ORCHESTRATION,
    TEMPLATE,
    D,
    DocumentType,
    delete_document,
    list_documents,
    store_orchestration,
    store_template,
    switch_orchestration,
)
from shared.use_cases.catalog_versions import get_document_version, list_document_versions
from shared.use_cases.uploads import predict_upload

N = TypeVar("N", OrchestrationDocument, TemplateDocument)

router = APIGatewayHttpRouter()

DELETED_RESPONSES: dict[int, Any] = {204: {"description": "The document is deleted.", "content": {}}}

NamePath = Annotated[str, Path(max_length=63)]
VersionQuery = Annotated[
    int | None, Query(ge=1, le=LAST_VERSION, description="The version to return (default: the current one).")
]


@router.get(
    "/orchestrations", summary="List orchestrations", tags=["Orchestrations"], operation_id="listOrchestrations"
)
def get_orchestrations() -> OrchestrationList:
    """Return all orchestrations, presets included."""
    page = list_documents(*with_kind(ORCHESTRATION))
    return OrchestrationList(
        orchestrations=[OrchestrationView.of(one) for one in page.items], newer_version=list(page.unreadable)
    )


@router.post(
    "/orchestrations/match",
    summary="Predict the verdict on an upload",
    tags=["Orchestrations"],
    operation_id="matchOrchestrations",
)
def post_orchestration_match(body: MatchBody) -> MatchList:
    """Predict the verdict on an object with that key, and what each orchestration would do with the object."""
    matches, decision = predict_upload(*request_context(router), body.bucket, body.key, body.size)
    return MatchList(verdict=decision.verdict, reason=decision.reason, matches=matches)


@router.get(
    "/orchestrations/<name>", summary="Show an orchestration", tags=["Orchestrations"], operation_id="getOrchestration"
)
def get_orchestration(name: NamePath, version: VersionQuery = None) -> OrchestrationView:
    """Return the current version of an orchestration or, even after a deletion, any other version."""
    return OrchestrationView.of(get_document_version(*with_kind(ORCHESTRATION), name, version))


@router.get(
    "/orchestrations/<name>/versions",
    summary="List an orchestration's versions",
    tags=["Orchestrations"],
    operation_id="listOrchestrationVersions",
)
def get_orchestration_versions(
    name: NamePath, max_results: LimitQuery = 20, next_token: TokenQuery = None
) -> OrchestrationVersionPage:
    """Return one page of an orchestration's versions, newest first. Versions stay after a deletion."""
    page = list_document_versions(*with_kind(ORCHESTRATION), name, max_results, next_token)
    versions = [OrchestrationVersionView.of(one) for one in page.items]
    return OrchestrationVersionPage(versions=versions, next_token=page.next_token, newer_version=list(page.unreadable))


@router.put(
    "/orchestrations/<name>",
    summary="Store an orchestration",
    tags=["Orchestrations"],
    operation_id="storeOrchestration",
)
def put_orchestration(name: NamePath, body: OrchestrationBody) -> OrchestrationView:
    """Store a new version of an orchestration. Invalid parameters are rejected now, not when a file arrives."""
    document = named_document(OrchestrationDocument, name, body)
    return OrchestrationView.of(store_orchestration(*request_context(router), document))


@router.delete(
    "/orchestrations/<name>",
    summary="Delete an orchestration",
    tags=["Orchestrations"],
    responses=DELETED_RESPONSES,
    operation_id="deleteOrchestration",
)
def delete_orchestration(name: NamePath) -> Response[str]:
    """Remove a stored orchestration. Its tasks and versions stay; a preset of that name takes its place again."""
    return delete_and_answer(ORCHESTRATION, name)


@router.post(
    "/orchestrations/<name>/enable",
    summary="Enable an orchestration",
    tags=["Orchestrations"],
    operation_id="enableOrchestration",
)
def post_orchestration_enable(name: NamePath) -> OrchestrationView:
    """Let an orchestration accept uploads."""
    return OrchestrationView.of(switch_orchestration(*request_context(router), name, enabled=True))


@router.post(
    "/orchestrations/<name>/disable",
    summary="Disable an orchestration",
    tags=["Orchestrations"],
    operation_id="disableOrchestration",
)
def post_orchestration_disable(name: NamePath) -> OrchestrationView:
    """Keep an orchestration from accepting uploads."""
    return OrchestrationView.of(switch_orchestration(*request_context(router), name, enabled=False))


@router.get("/templates", summary="List templates", tags=["Templates"], operation_id="listTemplates")
def get_templates() -> TemplateList:
    """Return all templates, presets included."""
    page = list_documents(*with_kind(TEMPLATE))
    return TemplateList(templates=[TemplateView.of(one) for one in page.items], newer_version=list(page.unreadable))


@router.get("/templates/<name>", summary="Show a template", tags=["Templates"], operation_id="getTemplate")
def get_template(name: NamePath, version: VersionQuery = None) -> TemplateView:
    """Return the current version of a template or, even after a deletion, any other version."""
    return TemplateView.of(get_document_version(*with_kind(TEMPLATE), name, version))


@router.get(
    "/templates/<name>/versions",
    summary="List a template's versions",
    tags=["Templates"],
    operation_id="listTemplateVersions",
)
def get_template_versions(
    name: NamePath, max_results: LimitQuery = 20, next_token: TokenQuery = None
) -> TemplateVersionPage:
    """Return one page of a template's versions, newest first. Versions stay after a deletion."""
    page = list_document_versions(*with_kind(TEMPLATE), name, max_results, next_token)
    versions = [VersionView.of(one) for one in page.items]
    return TemplateVersionPage(versions=versions, next_token=page.next_token, newer_version=list(page.unreadable))


@router.put("/templates/<name>", summary="Store a template", tags=["Templates"], operation_id="storeTemplate")
def put_template(name: NamePath, body: TemplateBody) -> TemplateView:
    """Store a new version of a template. Presets can't be changed; store a copy under another name."""
    return TemplateView.of(store_template(*request_context(router), named_document(TemplateDocument, name, body)))


@router.delete(
    "/templates/<name>",
    summary="Delete a template",
    tags=["Templates"],
    responses=DELETED_RESPONSES,
    operation_id="deleteTemplate",
)
def delete_template(name: NamePath) -> Response[str]:
    """Remove a stored template. Its versions stay. Presets can't be deleted."""
    return delete_and_answer(TEMPLATE, name)


@router.get("/operations", summary="List operations", tags=["Templates"], operation_id="listOperations")
def get_operations() -> OperationList:
    """Return all operations, each with the JSON schemas of its parameters and of its result."""
    return OperationList(operations=[OperationView.of(kind, operation) for kind, operation in OPERATIONS.items()])


def with_kind(kind: DocumentType[D]) -> tuple[Services, DocumentType[D], str]:
    """Return the first arguments of the catalog's use cases: services, kind and tenant."""
    services, tenant = request_context(router)
    return services, kind, tenant


def delete_and_answer(kind: DocumentType[D], name: str) -> Response[str]:
    """Delete a document; return a response without a body. Raise NotFound or Conflict."""
    delete_document(*with_kind(kind), name)
    return Response(status_code=HTTPStatus.NO_CONTENT, content_type=JSON, body="")


def named_document(kind: type[N], name: str, body: OrchestrationBody | TemplateBody) -> N:
    """Return the document under the path's name; raise RequestRejected if it is invalid or has another name."""
    if body.name not in {None, name}:
        message = f"the path names {name}, but the document is named {body.name}; make the names equal"
        raise RequestRejected(message)
    fields = {key: getattr(body, key) for key in type(body).model_fields}
    try:
        return kind.model_validate({**fields, "name": name})
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {validation_message(e)}" for e in error.errors())
        raise RequestRejected(wrong) from error
