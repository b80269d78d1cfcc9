"""What the OpenAPI document says beyond what the types of the routes tell: how every error looks, and its scope."""

from typing import Any

from functions.task_api.caller import required_scope

PROBLEM = {
    "title": "Problem",
    "type": "object",
    "required": ["code", "message", "requestId"],
    "additionalProperties": False,
    "properties": {
        "code": {"type": "string", "description": "For a program."},
        "message": {"type": "string", "description": "For a person: what is wrong, where, and what to do."},
        "requestId": {"type": "string", "description": "Under this the function's log has more."},
        "details": {"type": "object", "description": "Facts that belong to the code."},
    },
}
# What Powertools would answer, and this API doesn't.
FOREIGN_STATUSES = ("422", "500")
FOREIGN_SCHEMAS = ("HTTPValidationError", "ValidationError", "ResponseValidationError")


def complete_document(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with the one shape of all errors, and in each description the scope that is needed."""
    schemas = {
        name: schema for name, schema in document["components"]["schemas"].items() if name not in FOREIGN_SCHEMAS
    }
    document["components"]["schemas"] = {**schemas, "Problem": PROBLEM}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            answers = {
                status: told for status, told in operation["responses"].items() if status not in FOREIGN_STATUSES
            }
            operation["responses"] = {**answers, "default": problem_schema_response()}
            scope = required_scope(method.upper(), path)
            if scope:
                operation["description"] = f"{operation.get('description', '')}\n\nScope: `{scope}`.".strip()
    return document


def problem_schema_response() -> dict[str, Any]:
    """Return the answer of every request that fails."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": "What is wrong.", "content": {"application/json": {"schema": schema}}}
