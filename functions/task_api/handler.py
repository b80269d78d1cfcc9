"""The HTTP API: its routes, their OpenAPI document, and errors in one shape."""

import json
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.task_api import catalog, play, tasks, uploads
from functions.task_api import files as media_files
from functions.task_api.views import Health
from shared import __version__
from shared.errors import Conflict, NotFound, ReelmillError, RequestRejected, ServiceBusy
from shared.telemetry import count, instrumented, logger

JSON = "application/json"
# The first class that an error is an instance of decides.
STATUSES: Mapping[type[ReelmillError], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    RequestRejected: HTTPStatus.BAD_REQUEST,
    ServiceBusy: HTTPStatus.SERVICE_UNAVAILABLE,
    ReelmillError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
# An answer that doesn't fit its own form is a fault of ours; without the code it would be called the caller's.
app = APIGatewayHttpResolver(
    enable_validation=True, response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR
)
for part in (tasks, media_files, play, uploads, catalog):
    app.include_router(part.router)


@app.get("/health", summary="Say that the API answers", tags=["Service"])
def get_health() -> Health:
    """Answer, without touching anything."""
    return Health(status="ok", version=__version__)


@app.get("/openapi.json", include_in_schema=False)
def get_openapi() -> Response[str]:
    """Give the OpenAPI document."""
    return Response(status_code=HTTPStatus.OK, content_type=JSON, body=openapi_document())


@app.get("/docs", include_in_schema=False)
def get_docs() -> Response[str]:
    """Give a page to read the API and to try it."""
    from aws_lambda_powertools.event_handler.openapi.swagger_ui import generate_swagger_html  # noqa: PLC0415

    assets = files(generate_swagger_html.__module__.rpartition(".")[0])
    script, style = (assets.joinpath(f"swagger-ui{name}").read_text() for name in ("-bundle.min.js", ".min.css"))
    page = generate_swagger_html(openapi_document().replace("</", "<\\/"), script, style, "", None)
    return Response(status_code=HTTPStatus.OK, content_type="text/html", body=page)


@cache
def openapi_document() -> str:
    """Return the OpenAPI document as JSON."""
    # The models behind the document cost every cold start 120 ms, and few requests ask for it.
    from aws_lambda_powertools.event_handler.openapi.models import Server  # noqa: PLC0415

    # Relative to /docs and /openapi.json, so that the API may be served under any prefix.
    return app.get_openapi_json_schema(title="Reelmill", version=__version__, servers=[Server(url="./")])


@app.exception_handler(ReelmillError)
def refuse(error: ReelmillError) -> Response[str]:
    """Answer an error of ours with its status."""
    status = next(status for kind, status in STATUSES.items() if isinstance(error, kind))
    return problem(status, error.code, error.message, error.details)


@app.exception_handler(RequestValidationError)
def refuse_invalid(error: RequestValidationError) -> Response[str]:
    """Answer a request that is not of its form, naming each place."""
    kind = app.current_event.headers.get("content-type", JSON)
    if app.current_event.body and not kind.startswith(JSON):  # as curl's -d calls it a form
        return not_json()
    wrong = [
        {"where": ".".join(map(str, one["loc"])), "problem": one["msg"].removeprefix("Value error, ")}
        for one in error.errors()
    ]
    sentence = "; ".join(f"{one['where']}: {one['problem']}" for one in wrong)
    return problem(HTTPStatus.BAD_REQUEST, "InvalidRequest", sentence, {"fields": wrong})


@app.exception_handler(RequestUnsupportedContentType)
def refuse_content_type(_error: RequestUnsupportedContentType) -> Response[str]:
    """Answer a body of another kind than JSON."""
    return not_json()


def not_json() -> Response[str]:
    """Return the answer to a body of another kind than JSON."""
    message = "the body must be JSON, and the header content-type say so: application/json"
    return problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)


@app.exception_handler([UnicodeDecodeError, RecursionError])
def refuse_undecodable(_error: Exception) -> Response[str]:
    """Answer a body that is no text, or nests without end: nothing else here decodes or recurses."""
    message = "the body is not JSON that can be read: it is not UTF-8, or nests too deep"
    return problem(HTTPStatus.BAD_REQUEST, "InvalidRequest", message)


@app.exception_handler(Exception)
def refuse_unexpected(error: Exception) -> Response[str]:
    """Answer a fault of ours without telling strangers about our insides."""
    logger().exception("request failed unexpectedly", exc_info=error)
    message = "Reelmill itself failed here; the function's log has the details under the request's ID"
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "InternalError", message)


@app.not_found
def refuse_unknown(_error: NotFoundError) -> Response[str]:
    """Answer a path that is none of ours."""
    event = app.current_event
    return problem(
        HTTPStatus.NOT_FOUND, "NotFound", f"there is no {event.http_method} {event.path}; GET /docs lists all"
    )


def problem(status: HTTPStatus, code: str, message: str, details: Mapping[str, object] | None = None) -> Response[str]:
    """Return the one shape that every error has."""
    body: dict[str, object] = {
        "code": code,
        "message": message,
        "requestId": app.current_event.request_context.request_id,
    }
    if details is not None:
        body["details"] = details
    return Response(status_code=status, content_type=JSON, body=json.dumps(body))


@instrumented
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request."""
    answer: dict[str, Any] = app.resolve(event, context)
    count(f"Answers{answer['statusCode'] // 100}xx")
    return answer
