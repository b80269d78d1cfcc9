"""The caller of a request and its permissions, as API Gateway states them, never as the request does."""

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

SCOPE_CLAIMS = ("scope", "scp")  # `scope` is from RFC 8693; some issuers use `scp`
SEPARATORS = re.compile(r"[\s,\[\]]+")  # API Gateway passes a list as "[a b]"
MATCH = "/orchestrations/match"  # a POST that only reads
OPERATED = ("/tasks", "/uploads")
HEALTH = "/health"


class Scope(StrEnum):
    """What a token can permit. No scope includes another."""

    READ = "reelmill/read"
    OPERATE = "reelmill/operate"  # tasks and uploads
    ADMINISTER = "reelmill/administer"  # orchestrations and templates


@dataclass(frozen=True)
class Caller:
    """The tenant that a request belongs to, and the scopes that it has."""

    tenant: str
    scopes: frozenset[Scope]


def identify_caller(event: Mapping[str, Any], tenant_claim: str) -> Caller:
    """Return the caller; raise NotAllowed if the token must name a tenant and doesn't.

    A caller that IAM permits to call a route may do what the route does. Without a tenant claim there is one tenant.
    """
    authorizer: Mapping[str, Any] = event["requestContext"].get("authorizer") or {}
    if "jwt" in authorizer:
        claims: Mapping[str, Any] = authorizer["jwt"].get("claims") or {}
        return Caller(tenant_of(claims, tenant_claim), scopes_of(claims, authorizer["jwt"].get("scopes") or ()))
    return Caller(DEFAULT_TENANT, frozenset(Scope) if authorizer.get("iam") else frozenset())


class RequestContext(NamedTuple):
    """What every route needs: the services, and the tenant that the request belongs to."""

    services: Services
    tenant: str


def request_context(router: APIGatewayHttpRouter) -> RequestContext:
    """Return the context of a router's current request."""
    used = services()
    return RequestContext(used, identify_caller(router.current_event.raw_event, used.settings.tenant_claim).tenant)


def tenant_of(claims: Mapping[str, Any], tenant_claim: str) -> str:
    """Return the tenant that a token names; raise NotAllowed if the token must name a tenant and doesn't."""
    if not tenant_claim:
        return DEFAULT_TENANT
    named = claims.get(tenant_claim)
    if not is_tenant(named):
        message = f"the token's claim {tenant_claim} must name a tenant: up to 63 lowercase letters, digits and hyphens"
        raise NotAllowed(message)
    return str(named)


def scopes_of(claims: Mapping[str, Any], listed: Iterable[str]) -> frozenset[Scope]:
    """Return the scopes of a token that Reelmill knows; all others are ignored."""
    texts = [str(claims[name]) for name in SCOPE_CLAIMS if name in claims]
    words = {word for text in texts for word in SEPARATORS.split(text)} | set(listed)
    return frozenset(scope for scope in Scope if scope in words)


def required_scope(method: str, path: str) -> Scope | None:
    """Return the scope that a request needs, None for the open route. An unknown route needs the strongest scope."""
    if method == "GET":
        return None if path == HEALTH else Scope.READ
    if method == "POST" and path == MATCH:
        return Scope.READ
    if method == "POST" and path.startswith(OPERATED):
        return Scope.OPERATE
    return Scope.ADMINISTER


def require_scope(event: APIGatewayProxyEventV2, tenant_claim: str) -> None:
    """Raise NotAllowed if the caller lacks the scope that the request needs."""
    scope = required_scope(event.http_method.upper(), event.path)
    if scope is not None and scope not in identify_caller(event.raw_event, tenant_claim).scopes:
        message = f"this request needs the scope {scope}, which the caller doesn't have"
        raise NotAllowed(message, details={"scope": scope})
