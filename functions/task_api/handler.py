"""The HTTP API: its routes, their OpenAPI document, and one form for all errors."""

import json
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.task_api import catalog, play, tasks, uploads
from functions.task_api import files as media_files
from functions.task_api.caller import require_scope
from functions.task_api.openapi import complete_document, describe_routes
from functions.task_api.requests import JSON, NOT_JSON, check_request, read_json, with_json_type
from functions.task_api.views import HealthView
from shared import __version__
from shared.domain.validation_messages import relevant_errors, validation_message
from shared.errors import (
    BodyTooLarge,
    Conflict,
    NotAllowed,
    NotFound,
    ReelmillError,
    RequestRejected,
    ServiceBusy,
    UnsupportedMediaType,
)
from shared.services import services
from shared.telemetry import count, instrument, logger

# The first class that the error is an instance of decides.
STATUSES: Mapping[type[ReelmillError], HTTPStatus] = {
    NotAllowed: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    RequestRejected: HTTPStatus.BAD_REQUEST,
    ServiceBusy: HTTPStatus.SERVICE_UNAVAILABLE,
    ReelmillError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
# No response may run, be taken for another type, or show other sites which page a reader came from.
GUARDS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",  # links expire, and are for the caller only
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
}
# The page that describes the API contains its script and style, and sends requests to the API that it came from.
DOCS_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
ECHOED = 200  # characters of an address in a message
# A response that doesn't match its model is our bug; without this status it would count as the caller's.
app = APIGatewayHttpResolver(
    enable_validation=True,
    response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
    json_body_deserializer=read_json,
)
for part in (tasks, media_files, play, uploads, catalog):
    app.include_router(part.router)


def reject_unknown_parameters(app: APIGatewayHttpResolver, following: NextMiddleware) -> Response[Any]:
    """Raise RequestRejected for an unknown query parameter: a misspelled filter would return everything."""
    event = app.current_event
    if event.http_method not in allowed_methods(event.path):
        return following(app)
    known = [field.alias for field in app.context["_route"].dependant.query_params]
    if unknown := sorted(set(event.query_string_parameters or {}).difference(known)):
        use = f"use {', '.join(known)}" if known else "this route has none"
        message = f"query.{unknown[0][:ECHOED]}: unknown parameter; {use}"
        raise RequestRejected(message)
    return following(app)


app.use([reject_unknown_parameters])


@app.get("/health", summary="Check that the API responds", tags=["Service"], operation_id="checkHealth")
def get_health() -> HealthView:
    """Respond without reading or writing anything."""
    return HealthView(status="ok", version=__version__)


@app.get("/openapi.json", include_in_schema=False)
def get_openapi() -> Response[str]:
    """Return the OpenAPI document."""
    return Response(status_code=HTTPStatus.OK, content_type=JSON, body=openapi_document())


@app.get("/docs", include_in_schema=False)
def get_docs() -> Response[str]:
    """Return a page that describes the API and sends requests to it."""
    from aws_lambda_powertools.event_handler.openapi.swagger_ui import generate_swagger_html  # noqa: PLC0415

    assets = files(generate_swagger_html.__module__.rpartition(".")[0])
    script, style = (assets.joinpath(f"swagger-ui{name}").read_text() for name in ("-bundle.min.js", ".min.css"))
    page = generate_swagger_html(openapi_document().replace("</", "<\\/"), script, style, "", None)
    guards = {"Content-Security-Policy": DOCS_POLICY}
    return Response(status_code=HTTPStatus.OK, content_type="text/html", body=page, headers=guards)


@cache
def openapi_document() -> str:
    """Return the OpenAPI document as JSON."""
    # Importing these models takes 120 ms, which every cold start would pay; few requests ask for the document.
    from aws_lambda_powertools.event_handler.openapi.models import Server  # noqa: PLC0415

    describe_routes([*app._static_routes, *app._dynamic_routes])  # noqa: SLF001 - Powertools has no other way
    # Relative to /docs and /openapi.json, so that the API can be served under any prefix.
    document = app.get_openapi_json_schema(title="Reelmill", version=__version__, servers=[Server(url=".")])
    return json.dumps(complete_document(json.loads(document)))


@app.exception_handler(ReelmillError)
def answer_error(error: ReelmillError) -> Response[str]:
    """Return the response to a Reelmill error."""
    return problem_response(http_status(error), error.code, error.message, error.details)


def http_status(error: ReelmillError) -> HTTPStatus:
    """Return the HTTP status of a Reelmill error."""
    return next(status for kind, status in STATUSES.items() if isinstance(error, kind))


@app.exception_handler(RequestValidationError)
def answer_invalid_request(error: RequestValidationError) -> Response[str]:
    """Return the response to an invalid request; it names each invalid field."""
    found = relevant_errors(error.errors())
    fields = [{"where": ".".join(map(str, one["loc"])), "problem": validation_message(one)} for one in found]
    sentence = "; ".join(f"{one['where']}: {one['problem']}" for one in fields)
    return problem_response(HTTPStatus.BAD_REQUEST, "InvalidRequest", sentence, {"fields": fields})


@app.exception_handler(RequestUnsupportedContentType)
def answer_unsupported_content_type(_error: RequestUnsupportedContentType) -> Response[str]:
    """Return the response to a body that is not JSON."""
    return problem_response(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, UnsupportedMediaType.code, NOT_JSON)


@app.exception_handler([UnicodeDecodeError, RecursionError])
def answer_undecodable_body(_error: Exception) -> Response[str]:
    """Return the response to a body that is not UTF-8, or nests too deep: nothing else here decodes or recurses."""
    message = "the body is not readable JSON: it is not UTF-8, or it nests too deep"
    return problem_response(HTTPStatus.BAD_REQUEST, "InvalidRequest", message)


@app.exception_handler(Exception)
def answer_unexpected_error(error: Exception) -> Response[str]:
    """Return the response to a bug of ours, which shows strangers nothing of its cause."""
    logger().exception("request failed unexpectedly", exc_info=error)
    message = "internal error; the function's log has the details under the request ID"
    return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, "InternalError", message)


@app.not_found
def answer_unknown_route(_error: NotFoundError) -> Response[str]:
    """Return the response to an unknown path, or to a method that the path doesn't have."""
    event = app.current_event
    message = f"there is no {event.http_method} {event.path[:ECHOED]}; GET /docs lists all routes"
    if methods := allowed_methods(event.path):
        response = problem_response(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
        response.headers["Allow"] = ", ".join(methods)
        return response
    return problem_response(HTTPStatus.NOT_FOUND, "NotFound", message)


def allowed_methods(path: str) -> list[str]:
    """Return the methods of a path."""
    for routes in (app._static_routes, app._dynamic_routes):  # noqa: SLF001 - Powertools has no other way to ask
        if found := sorted({route.method for route in routes if route.rule.match(path)}):
            return found  # a static path takes precedence over one with parameters
    return []


def problem_response(
    status: HTTPStatus, code: str, message: str, details: Mapping[str, object] | None = None
) -> Response[str]:
    """Return an error in the form that all errors have."""
    request_id = app.current_event.request_context.request_id
    body = problem_json(request_id, code, message, details)
    return Response(status_code=status, content_type=JSON, body=body, headers={})


def problem_json(request_id: str, code: str, message: str, details: Mapping[str, object] | None) -> str:
    """Return an error as JSON."""
    body: dict[str, object] = {"code": code, "message": message, "requestId": request_id}
    if details is not None:
        body["details"] = details
    return json.dumps(body)


def rejection_response(event: dict[str, Any]) -> dict[str, Any] | None:
    """Return the response to a request that is rejected before routing; None for all others."""
    try:
        require_scope(APIGatewayProxyEventV2(event), services().settings.tenant_claim)
        check_request(event)
    except RequestRejected as error:
        body = problem_json(event["requestContext"]["requestId"], error.code, error.message, error.details)
        return {"statusCode": http_status(error).value, "headers": {"Content-Type": JSON}, "body": body}
    return None


@instrument
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Respond to one request."""
    answer: dict[str, Any] = rejection_response(event) or app.resolve(with_json_type(event), context)
    answer["headers"] = GUARDS | answer.get("headers", {})
    count(f"Answers{answer['statusCode'] // 100}xx")
    return answer
