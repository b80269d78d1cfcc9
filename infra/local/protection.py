"""Protection against deletion: CloudFormation and Cognito refuse to delete what is protected, as on AWS.

ministack stores the protection of a table and a user pool, and its CloudFormation deletes them in spite of it. So a
rollback that fails on AWS would succeed on a laptop.
"""

import functools
import json
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import cognito, dynamodb  # type: ignore[import-untyped]  # it ships no types

from infra.local.emulator_patches import Wrappers

# ruff: noqa: SLF001 - emulator_patches checks each of these names

TABLE, USER_POOL = "AWS::DynamoDB::Table", "AWS::Cognito::UserPool"
Answer = tuple[int, dict[str, str], bytes]


def protection_wrappers() -> Wrappers:
    """Return what replaces the emulator's deletions."""
    return {"stacks._delete_resource": refuse_protected, "cognito._delete_user_pool": refuse_protected_pool}


def refuse_protected(delete: Callable[..., None]) -> Callable[..., None]:
    """Return CloudFormation's deletion of a resource, which then raises ValueError if the resource is protected."""

    @functools.wraps(delete)
    def delete_unprotected(kind: str, identifier: str, *rest: Any, **named: Any) -> None:  # noqa: ANN401 - passed on
        if is_protected(kind, identifier):
            message = f"{identifier} is protected against deletion"
            raise ValueError(message)
        delete(kind, identifier, *rest, **named)

    return delete_unprotected


def refuse_protected_pool(delete: Callable[..., Answer]) -> Callable[..., Answer]:
    """Return DeleteUserPool, which then refuses a protected user pool."""

    @functools.wraps(delete)
    def delete_unprotected(request: Mapping[str, Any]) -> Answer:
        if is_protected(USER_POOL, request.get("UserPoolId", "")):
            message = "The user pool cannot be deleted because deletion protection is activated."
            body = json.dumps({"__type": "InvalidParameterException", "message": message})
            return 400, {"Content-Type": "application/x-amz-json-1.1"}, body.encode()
        return delete(request)

    return delete_unprotected


def is_protected(kind: str, identifier: str) -> bool:
    """Whether a resource is protected against deletion."""
    if kind == TABLE:
        table = dynamodb._tables.get(identifier)
        return bool(table and table.get("DeletionProtectionEnabled"))
    if kind == USER_POOL:
        pool = cognito._user_pools.get(identifier)
        return bool(pool and pool.get("DeletionProtection") == "ACTIVE")
    return False
