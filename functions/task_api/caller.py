"""Who calls, and what that lets them do: read from what API Gateway says of them, never from what they say."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from shared.domain.subtask import DEFAULT_TENANT
from shared.domain.tenant import is_tenant
from shared.errors import NotAllowed
from shared.services import Services, services

SCOPE_CLAIMS = ("scope", "scp")  # RFC 8693 has the former, some issuers the latter
BETWEEN = re.compile(r"[\s,\[\]]+")  # HTTP APIs hand a list on as "[a b]"
MATCH = "/orchestrations/match"  # asks, although it is a POST
OPERATED = ("/tasks", "/uploads")
HEALTH = "/health"


class Scope(StrEnum):
    """What a token may allow. None of them holds another."""

    READ = "reelmill/read"
    OPERATE = "reelmill/operate"  # tasks and uploads
    ADMINISTER = "reelmill/administer"  # orchestrations and templates


@dataclass(frozen=True)
class Caller:
    """Whose things a request is about, and what it may do with them."""

    tenant: str
    scopes: frozenset[Scope]


def identify_caller(event: Mapping[str, Any], tenant_claim: str) -> Caller:
    """Return who calls; raise NotAllowed when a token names no tenant where it must.

    Whom IAM lets through to a route may do what the route does. Without a claim to tell tenants by there is one.
    """
    said: Mapping[str, Any] = event["requestContext"].get("authorizer") or {}
    if "jwt" in said:
        claims: Mapping[str, Any] = said["jwt"].get("claims") or {}
        return Caller(tenant_of(claims, tenant_claim), scopes_of(claims, said["jwt"].get("scopes") or ()))
    return Caller(DEFAULT_TENANT, frozenset(Scope) if said.get("iam") else frozenset())


class RequestContext(NamedTuple):
    """What every route needs: the services, and the tenant that the request is about."""

    services: Services
    tenant: str


def request_context(router: APIGatewayHttpRouter) -> RequestContext:
    """Return the context of the request that a router answers."""
    used = services()
    return RequestContext(used, identify_caller(router.current_event.raw_event, used.settings.tenant_claim).tenant)


def tenant_of(claims: Mapping[str, Any], tenant_claim: str) -> str:
    """Return the tenant that a token names; raise NotAllowed when there must be one and it names none."""
    if not tenant_claim:
        return DEFAULT_TENANT
    named = claims.get(tenant_claim)
    if not is_tenant(named):
        message = f"the token's claim {tenant_claim} must name a tenant: up to 63 lowercase letters, digits and hyphens"
        raise NotAllowed(message)
    return str(named)


def scopes_of(claims: Mapping[str, Any], told: Iterable[str]) -> frozenset[Scope]:
    """Return the scopes of ours that a token bears; those of others mean nothing here."""
    texts = [str(claims[name]) for name in SCOPE_CLAIMS if name in claims]
    words = {word for text in texts for word in BETWEEN.split(text)} | set(told)
    return frozenset(scope for scope in Scope if scope in words)


def required_scope(method: str, path: str) -> Scope | None:
    """Return the scope that a request needs; None for the one that is open to all. What is unknown needs the most."""
    if method == "GET":
        return None if path == HEALTH else Scope.READ
    if method == "POST" and path == MATCH:
        return Scope.READ
    if method == "POST" and path.startswith(OPERATED):
        return Scope.OPERATE
    return Scope.ADMINISTER


def require_scope(event: APIGatewayProxyEventV2, tenant_claim: str) -> None:
    """Raise NotAllowed when the caller lacks the scope that the request needs."""
    scope = required_scope(event.http_method.upper(), event.path)
    if scope is not None and scope not in identify_caller(event.raw_event, tenant_claim).scopes:
        message = f"this needs the scope {scope}, which the caller's token does not have"
        raise NotAllowed(message, details={"scope": scope})
