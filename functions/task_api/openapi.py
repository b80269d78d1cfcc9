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
    """Describe each route by its function: the name is the operation's ID, the docstring is the description."""
    for route in routes:
        route.operation_id = route.func.__name__
        route.description = getdoc(route.func)


def complete_document(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with the form of all errors, and with the required scope in each description."""
    schemas = {
        name: schema for name, schema in document["components"]["schemas"].items() if name not in FOREIGN_SCHEMAS
    }
    document["components"] |= {"schemas": {**schemas, "Problem": PROBLEM}, "securitySchemes": SECURITY_SCHEMES}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            responses = {
                status: response
                for status, response in operation["responses"].items()
                if status not in FOREIGN_STATUSES
            }
            operation["responses"] = {**responses, "default": error_response()}
            for content in operation.get("requestBody", {}).get("content", {}).values():
                content["schema"] = present_schema(content["schema"])
            if responses.get("200", {}).get("description") == "Successful Response":
                responses["200"] |= SUCCESS
            scope = required_scope(method.upper(), path)
            operation["security"] = [{"token": []}, {}] if scope else []
            if scope:
                operation["description"] = f"{operation.get('description', '')}\n\nScope: `{scope}`.".strip()
    return document


def present_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a body that may be absent, as that of the present body: generated clients send no null."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    return choices[0] if len(choices) == 1 else schema


def error_response() -> dict[str, Any]:
    """Return the response to every request that fails."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": "An error.", "content": {JSON: {"schema": schema}}}
