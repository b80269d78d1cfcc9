"""The tenant of an object. Each tenant except the first has its own prefix, the same in all buckets. Pure."""

import re

from shared.domain.subtask import DEFAULT_TENANT

NAME = r"[a-z0-9][a-z0-9-]{0,62}"
TENANT = re.compile(NAME)
PREFIX = re.compile(rf"tenants/({NAME})/")
# All keys of these tenants sort between the two, because no tenant's name begins with a character after `~`.
PREFIX_RANGE = ("tenants/", "tenants/~")


def is_tenant(name: object) -> bool:
    """Whether a value is a valid name of a tenant."""
    return isinstance(name, str) and TENANT.fullmatch(name) is not None


def tenant_prefix(tenant: str) -> str:
    """Return the prefix of all of a tenant's objects; the first tenant has the keys outside of all prefixes."""
    return "" if tenant == DEFAULT_TENANT else f"tenants/{tenant}/"


def tenant_of_key(key: str) -> str:
    """Return the tenant that an object belongs to by its key, in a deployment with several tenants."""
    found = PREFIX.match(key)
    return found[1] if found else DEFAULT_TENANT


def key_in_tenant(tenant: str, key: str) -> str:
    """Return a key as its tenant's orchestrations see it: without the tenant's prefix."""
    return key.removeprefix(tenant_prefix(tenant))
