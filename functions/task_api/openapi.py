"""What the OpenAPI document says beyond the types of the routes: the form of errors, and the scope of each route."""

from collections.abc import Iterable
from inspect import getdoc
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Route

from functions.task_api.caller import required_scope
from functions.task_api.requests import JSON

PROBLEM = {
    "title": "Problem",
    "description": "An error.",
    "type": "object",
    "required": ["code", "message", "requestId"],
    "additionalProperties": False,
    "properties": {
        "code": {"type": "string", "description": "The error code, for programs."},
        "message": {"type": "string", "description": "What is wrong, where, and what to do about it, for people."},
        "requestId": {"type": "string", "description": "The ID under which the function's log has the details."},
        "details": {"type": "object", "description": "Facts that depend on the code."},
    },
}
# By the API itself, whatever the route; API Gateway answers 401 and 429, in its own form.
ERRORS = {
    400: ("InvalidRequest", "The request is not valid."),
    401: ("Unauthorized", "The token is missing, invalid or expired."),
    403: ("NotAllowed", "The token lacks the scope of the route, or names no tenant."),
    404: ("NotFound", "What the request names does not exist."),
    409: ("Conflict", "The request does not fit the present state."),
    413: ("BodyTooLarge", "The body is too large."),
    415: ("UnsupportedMediaType", "The body is not JSON."),
    429: ("TooManyRequests", "There are too many requests at once. Try again later."),
    500: ("InternalError", "An unexpected error, or a wrong setting of the deployment."),
    503: ("ServiceBusy", "AWS is busy. Try again later."),
}
GATEWAY_STATUSES = frozenset({401, 429})
GATEWAY_PROBLEM = {
    "title": "GatewayProblem",
    "description": "An error that API Gateway returns before a request reaches the API.",
    "type": "object",
    "required": ["message"],
    "properties": {"message": {"type": "string", "description": "What is wrong."}},
}
# These name something in their body that may not exist.
FINDING = frozenset({"/tasks", "/uploads/renewals", "/uploads/backfill"})
TAGS = {
    "Tasks": "Tasks and their subtasks: create, watch, restart and stop them.",
    "Files": "The source and the outputs of tasks: download and play them.",
    "Uploads": "Uploads to the input bucket, and what they led to.",
    "Orchestrations": "Which new files are processed, and how.",
    "Templates": "Named sets of parameters, and the operations that they are for.",
    "Service": "The API itself.",
}
INFO = {
    "description": "Upload a media file to a bucket, and get a finished task. docs/reference/api.md explains this API.",
    "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
}
# Responses that Powertools would give, and this API doesn't.
FOREIGN_STATUSES = ("422", "500")
FOREIGN_SCHEMAS = ("HTTPValidationError", "ValidationError", "ResponseValidationError")
SUCCESS = {"description": "Success."}
# A deployment in which AWS checks signatures, or nothing at all, takes no tokens.
SECURITY_SCHEMES = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token of the identity provider of this deployment, with the scope of the route.",
    }
}


def describe_routes(routes: Iterable[Route]) -> None:
    """Describe each route by the docstring of its function."""
    for route in routes:
        route.description = getdoc(route.func)


def complete_document(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with the form of all errors, and with the required scope in each description."""
    schemas = {
        name: without_titles(schema)
        for name, schema in document["components"]["schemas"].items()
        if name not in FOREIGN_SCHEMAS
    }
    document["paths"] = without_titles(document["paths"])
    document["info"] |= INFO
    document["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
    document["components"] |= {
        "schemas": {**schemas, "Problem": PROBLEM, "GatewayProblem": GATEWAY_PROBLEM},
        "responses": {name: error_response(status, text) for status, (name, text) in ERRORS.items()},
        "securitySchemes": SECURITY_SCHEMES,
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            responses = {
                status: response
                for status, response in operation["responses"].items()
                if status not in FOREIGN_STATUSES
            }
            for content in operation.get("requestBody", {}).get("content", {}).values():
                content["schema"] = present_schema(content["schema"])
            if responses.get("200", {}).get("description") == "Successful Response":
                responses["200"] |= SUCCESS
            scope = required_scope(method.upper(), path)
            errors = error_statuses(method, path, has_scope=scope is not None)
            references = {
                str(status): {"$ref": f"#/components/responses/{ERRORS[status][0]}"} for status in sorted(errors)
            }
            operation["responses"] = {**responses, **references, "default": error_response(0, "Any other error.")}
            operation["security"] = [{"token": []}, {}] if scope else []
            if scope:
                operation["description"] = f"{operation.get('description', '')}\n\nScope: `{scope}`.".strip()
    return document


def without_titles(part: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a part of the document without the titles that Pydantic makes of names, such as `Subtaskcounts`.

    Generators would name classes by them.
    """
    if isinstance(part, list):
        return [without_titles(value) for value in part]
    if not isinstance(part, dict):
        return part
    # A property may have the name `title`, but its value is a schema.
    return {
        name: without_titles(value) for name, value in part.items() if not (name == "title" and isinstance(value, str))
    }


def present_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a body that may be absent, as that of the present body: generated clients send no null."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    return choices[0] if len(choices) == 1 else schema


def error_statuses(method: str, path: str, *, has_scope: bool) -> set[int]:
    """Return the statuses of the errors that a route may return."""
    found = {400, 429, 500, 503}
    if has_scope:
        found |= {401, 403}
    if "{" in path or (method == "post" and path in FINDING):
        found |= {404, 409}  # 409 also if only a newer version can read what the request names
    if method in {"post", "put"}:  # even without a body of its own: what is sent is checked before the route
        found |= {413, 415}
    return found


def error_response(status: int, description: str) -> dict[str, Any]:
    """Return the description of the response to a request that fails."""
    schema = "GatewayProblem" if status in GATEWAY_STATUSES else "Problem"
    return {"description": description, "content": {JSON: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}
