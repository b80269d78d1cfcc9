"""The use cases of versions: all that was ever stored under a name, and what ships, which counts as the first."""

import re
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.domain.orchestration import Orchestration, Template
from shared.domain.page_token import read_token, write_token
from shared.errors import NotFound
from shared.services import Services
from shared.stores.catalog_store import LAST_VERSION, CatalogStore
from shared.stores.presets import preset_orchestrations, preset_templates
from shared.use_cases.catalog import find_orchestration, find_template

D = TypeVar("D", Orchestration, Template)

NUMBER = re.compile(r"[1-9][0-9]{0,5}")  # up to the last version


@dataclass(frozen=True)
class VersionFilter:
    """Whose versions are asked for, and of which document."""

    tenant: str
    kind: str
    name: str


@dataclass(frozen=True)
class VersionPage(Generic[D]):
    """Some versions, newest first; the one that stands, None after a deletion; and the token of the next ones."""

    versions: tuple[D, ...]
    current: D | None
    next_token: str | None


@dataclass(frozen=True)
class History(Generic[D]):
    """The versions of one document. They outlive its deletion: tasks were made by them."""

    shelf: CatalogStore[D]
    wanted: VersionFilter
    preset: D | None

    def get(self, number: int) -> D:
        """Return the version of that number; raise NotFound."""
        tenant, name = self.wanted.tenant, self.wanted.name
        found = self.shelf.version(tenant, name, number)
        if not found and self.preset and self.preset.version == number:
            found = self.preset
        if not found:
            last = self.shelf.last_version(tenant, name) or (self.preset.version if self.preset else 0)
            raise self._no_version(number, last) if last else self._nothing()
        return found

    def page(self, current: D | None, limit: int, token: str | None) -> VersionPage[D]:
        """Return one page. Raise NotFound, or RequestRejected for a token that this list didn't give."""
        highest = LAST_VERSION if token is None else int(read_token(token, self.wanted, is_version)) - 1
        found = self.shelf.versions(self.wanted.tenant, self.wanted.name, highest, limit + 1)
        if self.preset and self.preset.version not in {one.version for one in found}:
            found.append(self.preset)
        if not found and token is None:
            raise self._nothing()
        shown = tuple(found[:limit])
        more = len(found) > limit
        return VersionPage(shown, current, write_token(str(shown[-1].version), self.wanted) if more else None)

    def _no_version(self, number: int, last: int) -> NotFound:
        there = f"its versions are 1 to {last}" if last > 1 else "its only version is 1"
        return NotFound(f"{self.wanted.name} has no version {number}; {there}", code="VersionNotFound")

    def _nothing(self) -> NotFound:
        kind, name = self.wanted.kind, self.wanted.name
        return NotFound(f"there is no {kind.lower()} {name}, and there never was one", code=f"{kind}NotFound")


def orchestration_history(services: Services, tenant: str, name: str) -> History[Orchestration]:
    """Return the versions of an orchestration."""
    wanted = VersionFilter(tenant, Orchestration.__name__, name)
    return History(services.orchestrations, wanted, preset_orchestrations().get(name))


def template_history(services: Services, tenant: str, name: str) -> History[Template]:
    """Return the versions of a template."""
    return History(services.templates, VersionFilter(tenant, Template.__name__, name), preset_templates().get(name))


def list_orchestration_versions(
    services: Services, tenant: str, name: str, limit: int, token: str | None = None
) -> VersionPage[Orchestration]:
    """Return a page of an orchestration's versions; raise NotFound or RequestRejected."""
    current = find_orchestration(services, tenant, name)
    return orchestration_history(services, tenant, name).page(current, limit, token)


def list_template_versions(
    services: Services, tenant: str, name: str, limit: int, token: str | None = None
) -> VersionPage[Template]:
    """Return a page of a template's versions; raise NotFound or RequestRejected."""
    return template_history(services, tenant, name).page(find_template(services, tenant, name), limit, token)


def is_version(place: object) -> bool:
    """Whether a place in a list is the number of a version."""
    return isinstance(place, str) and NUMBER.fullmatch(place) is not None
