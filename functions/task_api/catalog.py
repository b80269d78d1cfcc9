"""The routes of the catalog: orchestrations, templates, operations."""

from http import HTTPStatus
from typing import Annotated, TypeVar

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import ValidationError

from functions.task_api.caller import tenant
from functions.task_api.catalog_views import (
    MatchBody,
    MatchList,
    OperationList,
    OperationView,
    OrchestrationBody,
    OrchestrationList,
    OrchestrationVersionPage,
    OrchestrationView,
    TemplateBody,
    TemplateList,
    TemplateVersionPage,
    TemplateView,
)
from functions.task_api.views import GONE
from shared.domain.orchestration import OrchestrationDocument, TemplateDocument
from shared.domain.upload import Upload
from shared.domain.validation_messages import in_words
from shared.errors import RequestRejected
from shared.operations import OPERATIONS
from shared.services import services
from shared.stores.catalog_store import LAST_VERSION
from shared.use_cases import catalog
from shared.use_cases.catalog_versions import (
    list_orchestration_versions,
    list_template_versions,
    orchestration_history,
    template_history,
)
from shared.use_cases.uploads import predict, refuse_beyond_home

D = TypeVar("D", OrchestrationDocument, TemplateDocument)

router = APIGatewayHttpRouter()

NamePath = Annotated[str, Path(max_length=63)]
VersionQuery = Annotated[
    int | None, Query(ge=1, le=LAST_VERSION, description="One of its versions; the one that stands without it.")
]
LimitQuery = Annotated[int, Query(alias="maxResults", ge=1, le=100)]
TokenQuery = Annotated[str | None, Query(alias="nextToken", max_length=200)]


@router.get("/orchestrations", summary="List orchestrations", tags=["Orchestrations"])
def list_orchestrations() -> OrchestrationList:
    """List all orchestrations, those that ship included."""
    found = catalog.list_orchestrations(services(), tenant(router))
    return OrchestrationList(orchestrations=[OrchestrationView.of(one) for one in found])


@router.post("/orchestrations/match", summary="Say what an upload would do", tags=["Orchestrations"])
def post_match(body: MatchBody) -> MatchList:
    """Say what would become of an object of that key, what each orchestration would do with it, and why."""
    bucket = body.bucket or services().settings.need("input_bucket")
    refuse_beyond_home(services(), tenant(router), body.key)
    size = 1 if body.size is None else body.size
    upload = Upload(bucket, body.key, size, e_tag="", at=services().now(), tenant=tenant(router))
    matches, judgement = predict(services(), upload)
    return MatchList(verdict=judgement.verdict, reason=judgement.reason, matches=matches)


@router.get("/orchestrations/<name>", summary="Show an orchestration", tags=["Orchestrations"])
def get_orchestration(name: NamePath, version: VersionQuery = None) -> OrchestrationView:
    """Show an orchestration as it stands, or one of its versions, be it deleted since."""
    if version is not None:
        return OrchestrationView.of(orchestration_history(services(), tenant(router), name).get(version))
    return OrchestrationView.of(catalog.get_orchestration(services(), tenant(router), name))


@router.get("/orchestrations/<name>/versions", summary="List an orchestration's versions", tags=["Orchestrations"])
def list_versions_of_orchestration(
    name: NamePath, max_results: LimitQuery = 20, next_token: TokenQuery = None
) -> OrchestrationVersionPage:
    """Show one page of an orchestration's versions, newest first; they outlive its deletion."""
    page = list_orchestration_versions(services(), tenant(router), name, max_results, next_token)
    return OrchestrationVersionPage.of(page)


@router.put("/orchestrations/<name>", summary="Store an orchestration", tags=["Orchestrations"])
def put_orchestration(name: NamePath, body: OrchestrationBody) -> OrchestrationView:
    """Store a new version of an orchestration; wrong parameters are refused here, not when a file comes."""
    fields = {key: getattr(body, key) for key in OrchestrationBody.model_fields}
    document = named(OrchestrationDocument, name, fields)
    return OrchestrationView.of(catalog.put_orchestration(services(), tenant(router), document))


@router.delete("/orchestrations/<name>", summary="Delete an orchestration", tags=["Orchestrations"], responses=GONE)
def delete_orchestration(name: NamePath) -> Response[str]:
    """Forget an orchestration; tasks that it made stay."""
    catalog.delete_orchestration(services(), tenant(router), name)
    return Response(status_code=HTTPStatus.NO_CONTENT, content_type="application/json", body="")


@router.post("/orchestrations/<name>/enable", summary="Enable an orchestration", tags=["Orchestrations"])
def post_enable(name: NamePath) -> OrchestrationView:
    """Let an orchestration take uploads."""
    found = catalog.switch_orchestration(services(), tenant(router), name, enabled=True)
    return OrchestrationView.of(found)


@router.post("/orchestrations/<name>/disable", summary="Disable an orchestration", tags=["Orchestrations"])
def post_disable(name: NamePath) -> OrchestrationView:
    """Keep an orchestration from taking uploads."""
    found = catalog.switch_orchestration(services(), tenant(router), name, enabled=False)
    return OrchestrationView.of(found)


@router.get("/templates", summary="List templates", tags=["Templates"])
def list_templates() -> TemplateList:
    """List all templates, those that ship included."""
    found = catalog.list_templates(services(), tenant(router))
    return TemplateList(templates=[TemplateView.of(one) for one in found])


@router.get("/templates/<name>", summary="Show a template", tags=["Templates"])
def get_template(name: NamePath, version: VersionQuery = None) -> TemplateView:
    """Show a template as it stands, or one of its versions, be it deleted since."""
    if version is not None:
        return TemplateView.of(template_history(services(), tenant(router), name).get(version))
    return TemplateView.of(catalog.get_template(services(), tenant(router), name))


@router.get("/templates/<name>/versions", summary="List a template's versions", tags=["Templates"])
def list_versions_of_template(
    name: NamePath, max_results: LimitQuery = 20, next_token: TokenQuery = None
) -> TemplateVersionPage:
    """Show one page of a template's versions, newest first; they outlive its deletion."""
    page = list_template_versions(services(), tenant(router), name, max_results, next_token)
    return TemplateVersionPage.of(page)


@router.put("/templates/<name>", summary="Store a template", tags=["Templates"])
def put_template(name: NamePath, body: TemplateBody) -> TemplateView:
    """Store a new version of a template of your own; those that ship can't be changed."""
    fields = {key: getattr(body, key) for key in TemplateBody.model_fields}
    document = named(TemplateDocument, name, fields)
    return TemplateView.of(catalog.put_template(services(), tenant(router), document))


@router.delete("/templates/<name>", summary="Delete a template", tags=["Templates"], responses=GONE)
def delete_template(name: NamePath) -> Response[str]:
    """Forget a template of your own."""
    catalog.delete_template(services(), tenant(router), name)
    return Response(status_code=HTTPStatus.NO_CONTENT, content_type="application/json", body="")


@router.get("/operations", summary="List the kinds of subtask", tags=["Templates"])
def list_operations() -> OperationList:
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


def named(kind: type[D], name: str, fields: dict[str, object]) -> D:
    """Return the document under the path's name; raise RequestRejected when that is wrong, or another stands inside."""
    if fields["name"] not in {None, name}:
        message = f"the path says {name}, but the document is named {fields['name']}"
        raise RequestRejected(message)
    try:
        return kind.model_validate({**fields, "name": name})
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {in_words(e)}" for e in error.errors())
        raise RequestRejected(wrong) from error
