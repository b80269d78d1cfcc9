"""Whose an object is: each tenant but the first has a folder of its own, the same in every bucket. Pure."""

import re

from shared.domain.subtask import DEFAULT_TENANT

NAME = r"[a-z0-9][a-z0-9-]{0,62}"
TENANT = re.compile(NAME)
HOME = re.compile(rf"tenants/({NAME})/")
# In the order of keys all homes lie from the first of these up to the second: no name of a tenant begins behind that.
HOMES = ("tenants/", "tenants/~")


def is_tenant(name: object) -> bool:
    """Whether a tenant can have that name."""
    return isinstance(name, str) and TENANT.fullmatch(name) is not None


def home(tenant: str) -> str:
    """Return the folder that holds all of a tenant's objects; the first tenant has all that lies outside of these."""
    return "" if tenant == DEFAULT_TENANT else f"tenants/{tenant}/"


def owner(key: str) -> str:
    """Return the tenant that an object of that key belongs to, where there are several."""
    found = HOME.match(key)
    return found[1] if found else DEFAULT_TENANT


def within(tenant: str, key: str) -> str:
    """Return a key as its tenant's orchestrations see it: below the tenant's own folder."""
    return key.removeprefix(home(tenant))
