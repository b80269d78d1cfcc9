"""Use cases of a document's versions. A preset counts as the first version of its name."""

import re
from dataclasses import dataclass
from typing import Generic

from shared.domain.orchestration import UnreadableDocument
from shared.domain.page import Page
from shared.domain.page_token import read_token, write_token
from shared.errors import NewerVersion, NotFound
from shared.services import Services
from shared.stores.catalog_store import LAST_VERSION
from shared.use_cases.catalog import D, DocumentType, find_document, get_document, next_version

NUMBER = re.compile(r"[1-9][0-9]{0,5}")  # up to LAST_VERSION


@dataclass(frozen=True)
class VersionFilter:
    """The document whose versions a list shows."""

    tenant: str
    document_type: str
    name: str


@dataclass(frozen=True)
class Version(Generic[D]):
    """A version of a document, and whether it is the current one; after a deletion none is."""

    document: D
    is_current: bool


def get_document_version(
    services: Services, document_type: DocumentType[D], tenant: str, name: str, number: int | None
) -> D:
    """Return the current version, or the one of that number, even if the document was deleted since.

    Raise NotFound or NewerVersion.
    """
    if number is None:
        return get_document(services, document_type, tenant, name)
    found = services.catalog.get_version(document_type.stored, tenant, name, number)
    preset = document_type.presets().get(name)
    if not found and preset and preset.version == number:
        found = preset
    if not found:
        last = next_version(services, document_type, tenant, name) - 1
        if not last:
            raise no_document(document_type, name)
        available = f"its versions are 1 to {last}" if last > 1 else "its only version is 1"
        message = f"{name} has no version {number}; {available}"
        raise NotFound(message, code="VersionNotFound")
    return found


def list_document_versions(  # noqa: PLR0913, PLR0917 - which document, and which page
    services: Services, document_type: DocumentType[D], tenant: str, name: str, limit: int, token: str | None = None
) -> Page[Version[D]]:
    """Return a page of a document's versions. They remain after its deletion, because tasks refer to them.

    `unreadable` are the numbers of versions that only a newer Reelmill can read. Raise NotFound, or RequestRejected if
    the token is from another list.
    """
    wanted = VersionFilter(tenant, document_type.stored.__name__, name)
    highest = LAST_VERSION if token is None else int(read_token(token, wanted, is_version)) - 1
    try:
        current = find_document(services, document_type, tenant, name)
    except NewerVersion:
        current = None
    found = services.catalog.list_versions(document_type.stored, tenant, name, highest, limit + 1)
    preset = document_type.presets().get(name)
    if preset and preset.version not in {one.version for one in found}:
        found.append(preset)
    if not found and token is None:
        raise no_document(document_type, name)
    shown = found[:limit]
    return Page(
        tuple(Version(one, is_current=one == current) for one in shown if not isinstance(one, UnreadableDocument)),
        write_token(str(shown[-1].version), wanted) if len(found) > limit else None,
        tuple(str(one.version) for one in shown if isinstance(one, UnreadableDocument)),
    )


def no_document(document_type: DocumentType[D], name: str) -> NotFound:
    """Return the error for a name that never had a document."""
    return NotFound(
        f"there is no {document_type.name} {name}, and there never was one", code=document_type.not_found_code
    )


def is_version(text: object) -> bool:
    """Whether a text is a version number."""
    return isinstance(text, str) and NUMBER.fullmatch(text) is not None
