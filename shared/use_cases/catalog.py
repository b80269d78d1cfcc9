"""Use cases of the catalog: list, find, store and delete orchestrations and templates."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

from shared.domain.orchestration import (
    Orchestration,
    OrchestrationDocument,
    SubtaskRule,
    Template,
    TemplateDocument,
    UnreadableDocument,
)
from shared.errors import Conflict, NewerVersion, NotFound, RequestRejected
from shared.services import Services
from shared.stores.presets import preset_orchestrations, preset_templates
from shared.use_cases.planning import Templates, checked_params, plan_subtasks

MOST_STORED = 200  # orchestrations of a tenant, and as many templates: each upload reads all of them
# One response lists all of a kind, and Lambda limits it to 6 MB. Presets come on top, and concurrent writes.
MOST_STORED_BYTES = 4_000_000

D = TypeVar("D", Orchestration, Template)


@dataclass(frozen=True)
class DocumentKind(Generic[D]):
    """What differs between orchestrations and templates.

    A stored document takes precedence over a preset of the same name, so that an upgrade that ships a new preset never
    changes what a user's own document does. With `reserved` names, no document can be stored under a preset's name.
    """

    stored: type[D]
    presets: Callable[[], Mapping[str, D]]
    reserved: bool
    not_found_code: str

    @property
    def name(self) -> str:
        """The kind as a word in a sentence."""
        return self.stored.__name__.lower()


ORCHESTRATION = DocumentKind(
    Orchestration, preset_orchestrations, reserved=False, not_found_code="OrchestrationNotFound"
)
# A shipped template must mean the same in every orchestration that names it.
TEMPLATE = DocumentKind(Template, preset_templates, reserved=True, not_found_code="TemplateNotFound")


def list_documents(services: Services, kind: DocumentKind[D], tenant: str) -> list[D]:
    """Return every document of a kind by name, presets included; one that this version can't read is left out."""
    documents = dict(kind.presets())
    for one in services.catalog.list_kind(kind.stored, tenant):
        if isinstance(one, UnreadableDocument):
            documents.pop(one.name, None)
        else:
            documents[one.name] = one
    return sorted(documents.values(), key=lambda one: one.name)


def read_catalog(services: Services, tenant: str) -> tuple[list[Orchestration | UnreadableDocument], Templates]:
    """Read all that an upload is matched and planned with: the orchestrations by name, and the templates."""
    orchestrations: dict[str, Orchestration | UnreadableDocument] = dict(preset_orchestrations())
    templates: dict[str, Template | NewerVersion] = dict(preset_templates())
    for one in services.catalog.list_all(tenant):
        if isinstance(one, Template):
            templates[one.name] = one
        elif isinstance(one, UnreadableDocument) and one.kind is Template:
            templates[one.name] = one.error
        else:
            orchestrations[one.name] = one
    return sorted(orchestrations.values(), key=lambda one: one.name), templates


def read_templates(services: Services, tenant: str, rules: Iterable[SubtaskRule]) -> Templates:
    """Read the templates that subtask rules name, each once; one that doesn't exist is left out."""
    found: dict[str, Template | NewerVersion] = {}
    for name in {rule.template for rule in rules if rule.template}:
        try:
            template = find_document(services, TEMPLATE, tenant, name)
        except NewerVersion as error:
            found[name] = error
        else:
            found |= {name: template} if template else {}
    return found


def find_document(services: Services, kind: DocumentKind[D], tenant: str, name: str) -> D | None:
    """Return a document; None if there is none. Raise NewerVersion."""
    return services.catalog.get(kind.stored, tenant, name) or kind.presets().get(name)


def get_document(services: Services, kind: DocumentKind[D], tenant: str, name: str) -> D:
    """Return a document; raise NotFound or NewerVersion."""
    found = find_document(services, kind, tenant, name)
    if not found:
        message = f"there is no {kind.name} {name}"
        raise NotFound(message, code=kind.not_found_code)
    return found


def store_orchestration(services: Services, tenant: str, document: OrchestrationDocument) -> Orchestration:
    """Store a new version; raise RequestRejected if a template, a parameter or the trigger's bucket is wrong.

    Raise Conflict if the catalog is full.
    """
    bucket = document.trigger.bucket
    if bucket and bucket == services.settings.output_bucket:  # its outputs would start its next tasks without end
        message = f"the trigger names {bucket}, the bucket of the outputs, and outputs start no tasks; name another"
        raise RequestRejected(message, code="OwnOutput")
    plan_subtasks(read_templates(services, tenant, document.subtasks), document.subtasks)
    refuse_without_room(services, ORCHESTRATION, tenant, document)
    return _put_version(services, tenant, document)


def store_template(services: Services, tenant: str, document: TemplateDocument) -> Template:
    """Store a new version; raise RequestRejected if a parameter is wrong.

    Raise Conflict if it has a preset's name or the catalog is full.
    """
    refuse_reserved(TEMPLATE, document.name)
    params = checked_params(document.operation, document.params, f"template {document.name}")
    refuse_without_room(services, TEMPLATE, tenant, document)
    stored = Template(
        name=document.name,
        operation=document.operation,
        summary=document.summary,
        params=params,
        version=next_version(services, TEMPLATE, tenant, document.name),
        updated_at=services.now(),
    )
    services.catalog.put(tenant, stored)
    return stored


def switch_orchestration(services: Services, tenant: str, name: str, *, enabled: bool) -> Orchestration:
    """Store a new version that is enabled or disabled, unless it is already. Raise NotFound.

    An orchestration that can't be planned any more, for example because its template was deleted, can be disabled but
    not enabled.
    """
    found = get_document(services, ORCHESTRATION, tenant, name)
    if found.enabled == enabled:
        return found
    if enabled:
        plan_subtasks(read_templates(services, tenant, found.subtasks), found.subtasks)
    return _put_version(services, tenant, found.model_copy(update={"enabled": enabled}))


def delete_document(services: Services, kind: DocumentKind[D], tenant: str, name: str) -> None:
    """Delete a stored document; a preset of that name takes its place again. Raise NotFound or Conflict."""
    refuse_reserved(kind, name)
    if services.catalog.delete(kind.stored, tenant, name):
        return
    if name in kind.presets():
        message = f"{name} ships with Reelmill and can't be deleted; disable it instead"
        raise Conflict(message, code="PresetIsReadOnly")
    get_document(services, kind, tenant, name)


def _put_version(services: Services, tenant: str, document: OrchestrationDocument) -> Orchestration:
    fields = {name: getattr(document, name) for name in OrchestrationDocument.model_fields}
    version = next_version(services, ORCHESTRATION, tenant, document.name)
    stored = Orchestration(**fields, version=version, updated_at=services.now())
    services.catalog.put(tenant, stored)
    return stored


def next_version(services: Services, kind: DocumentKind[D], tenant: str, name: str) -> int:
    """Return the number of a document's next version; a preset of that name counts as the first."""
    preset = kind.presets().get(name)
    return (services.catalog.last_version(kind.stored, tenant, name) or (preset.version if preset else 0)) + 1


def refuse_reserved(kind: DocumentKind[D], name: str) -> None:
    """Raise Conflict if a document ships under that name, and none may be stored under it."""
    if kind.reserved and name in kind.presets():
        message = f"the {kind.name} {name} ships with Reelmill and can't be changed; store a copy under another name"
        raise Conflict(message, code="PresetIsReadOnly")


def refuse_without_room(
    services: Services, kind: DocumentKind[D], tenant: str, document: OrchestrationDocument | TemplateDocument
) -> None:
    """Raise Conflict if a document is one too many, or too large; a version that is shorter is never refused."""
    stored = services.catalog.list_kind(kind.stored, tenant)
    sizes = {one.name: answered_size(one) for one in stored if not isinstance(one, UnreadableDocument)}
    before, size = sizes.pop(document.name, 0), answered_size(document)
    total = sum(sizes.values()) + size
    if not before and len(sizes) >= MOST_STORED:
        message = f"{len(sizes)} {kind.name}s are stored already, which is the limit: delete one first"
    elif size > before and total > MOST_STORED_BYTES:
        message = (
            f"it would take {total // 1000} KB with the other {kind.name}s, and the limit is "
            f"{MOST_STORED_BYTES // 1000}: make it shorter, or delete another first"
        )
    else:
        return
    raise Conflict(message, code="CatalogFull")


def answered_size(document: BaseModel) -> int:
    """Return how many bytes a document takes in a response of Lambda's, which is JSON within JSON."""
    return len(json.dumps(json.dumps(document.model_dump(mode="json", by_alias=True))))
