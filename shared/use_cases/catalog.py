"""Use cases of the catalog: list, find, store and delete orchestrations and templates."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

from shared.domain.orchestration import (
    Orchestration,
    OrchestrationDocument,
    SubtaskDocument,
    Template,
    TemplateDocument,
    UnreadableDocument,
)
from shared.domain.page import Page
from shared.errors import Conflict, NewerVersion, NotFound, RequestRejected
from shared.services import Services
from shared.stores.presets import preset_orchestrations, preset_templates
from shared.use_cases.planning import Templates, check_params, plan_subtasks

MAX_STORED = 200  # orchestrations of a tenant, and as many templates: each upload reads all of them
# One response lists all of a type, and Lambda limits it to 6 MB. Presets and concurrent writes add to this.
MAX_STORED_BYTES = 4_000_000

D = TypeVar("D", Orchestration, Template)


@dataclass(frozen=True)
class DocumentType(Generic[D]):
    """The differences between orchestrations and templates.

    A stored document takes precedence over a preset of the same name. So an upgrade that ships a new preset never
    changes what a user's own document does. If names are `reserved`, a document can't have the name of a preset.
    """

    stored: type[D]
    presets: Callable[[], Mapping[str, D]]
    reserved: bool
    not_found_code: str

    @property
    def name(self) -> str:
        """The type as a word in a sentence."""
        return self.stored.__name__.lower()


ORCHESTRATION = DocumentType(
    Orchestration, preset_orchestrations, reserved=False, not_found_code="OrchestrationNotFound"
)
# A shipped template must mean the same in every orchestration that uses it.
TEMPLATE = DocumentType(Template, preset_templates, reserved=True, not_found_code="TemplateNotFound")


def list_documents(services: Services, document_type: DocumentType[D], tenant: str) -> Page[D]:
    """Return every document of a type by name, presets included; `unreadable` are the names of those that are."""
    documents = dict(document_type.presets())
    unreadable: list[str] = []
    for one in services.catalog.list_type(document_type.stored, tenant):
        if isinstance(one, UnreadableDocument):
            documents.pop(one.name, None)
            unreadable.append(one.name)
        else:
            documents[one.name] = one
    return Page(tuple(sorted(documents.values(), key=lambda one: one.name)), None, tuple(unreadable))


def read_catalog(services: Services, tenant: str) -> tuple[list[Orchestration | UnreadableDocument], Templates]:
    """Read what is needed to match and plan uploads: the orchestrations in the order of their names, the templates."""
    orchestrations: dict[str, Orchestration | UnreadableDocument] = dict(preset_orchestrations())
    templates: dict[str, Template | NewerVersion] = dict(preset_templates())
    for one in services.catalog.list_all(tenant):
        if isinstance(one, Template):
            templates[one.name] = one
        elif isinstance(one, UnreadableDocument) and one.document_type is Template:
            templates[one.name] = one.error
        else:
            orchestrations[one.name] = one
    return sorted(orchestrations.values(), key=lambda one: one.name), templates


def read_templates(services: Services, tenant: str, subtasks: Iterable[SubtaskDocument]) -> Templates:
    """Read the templates that subtasks name, each once; one that doesn't exist is left out."""
    found: dict[str, Template | NewerVersion] = {}
    for name in {subtask.template for subtask in subtasks if subtask.template}:
        try:
            template = find_document(services, TEMPLATE, tenant, name)
        except NewerVersion as error:
            found[name] = error
        else:
            found |= {name: template} if template else {}
    return found


def find_document(services: Services, document_type: DocumentType[D], tenant: str, name: str) -> D | None:
    """Return a document; None if there is none. Raise NewerVersion."""
    return services.catalog.get(document_type.stored, tenant, name) or document_type.presets().get(name)


def get_document(services: Services, document_type: DocumentType[D], tenant: str, name: str) -> D:
    """Return a document; raise NotFound or NewerVersion."""
    found = find_document(services, document_type, tenant, name)
    if not found:
        message = f"there is no {document_type.name} {name}"
        raise NotFound(message, code=document_type.not_found_code)
    return found


def store_orchestration(services: Services, tenant: str, document: OrchestrationDocument) -> Orchestration:
    """Store a new version.

    Raise RequestRejected if a template, a parameter or the trigger's bucket is invalid, Conflict if the catalog is
    full.
    """
    bucket = document.trigger.bucket
    if bucket and bucket == services.settings.output_bucket:  # its outputs would start new tasks endlessly
        message = f"the trigger names the output bucket {bucket}, and outputs never start tasks; name another bucket"
        raise RequestRejected(message, code="OwnOutput")
    plan_subtasks(read_templates(services, tenant, document.subtasks), document.subtasks)
    refuse_if_full(services, ORCHESTRATION, tenant, document)
    return _put_version(services, tenant, document)


def store_template(services: Services, tenant: str, document: TemplateDocument) -> Template:
    """Store a new version.

    Raise RequestRejected if a parameter is invalid, Conflict if it has the name of a preset or the catalog is full.
    """
    refuse_reserved(TEMPLATE, document.name)
    params = check_params(document.operation, document.params, f"template {document.name}")
    refuse_if_full(services, TEMPLATE, tenant, document)
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
    """Store a new version that is enabled or disabled, unless it already is. Raise NotFound.

    An orchestration that can no longer be planned, for example because its template was deleted, can be disabled but
    not enabled.
    """
    found = get_document(services, ORCHESTRATION, tenant, name)
    if found.enabled == enabled:
        return found
    if enabled:
        plan_subtasks(read_templates(services, tenant, found.subtasks), found.subtasks)
    return _put_version(services, tenant, found.model_copy(update={"enabled": enabled}), changed=found)


def delete_document(services: Services, document_type: DocumentType[D], tenant: str, name: str) -> None:
    """Delete a stored document; a preset of that name then applies again. Raise NotFound or Conflict."""
    refuse_reserved(document_type, name)
    if services.catalog.delete(document_type.stored, tenant, name):
        return
    if name in document_type.presets():
        message = f"{name} ships with Reelmill and can't be deleted; disable it instead"
        raise Conflict(message, code="PresetIsReadOnly")
    get_document(services, document_type, tenant, name)


def _put_version(
    services: Services, tenant: str, document: OrchestrationDocument, changed: Orchestration | None = None
) -> Orchestration:
    fields = {name: getattr(document, name) for name in OrchestrationDocument.model_fields}
    version = next_version(services, ORCHESTRATION, tenant, document.name)
    stored = Orchestration(**fields, version=version, updated_at=services.now())
    services.catalog.put(tenant, stored, changed)
    return stored


def next_version(services: Services, document_type: DocumentType[D], tenant: str, name: str) -> int:
    """Return the number of a document's next version; a preset of that name counts as the first version."""
    preset = document_type.presets().get(name)
    return (services.catalog.last_version(document_type.stored, tenant, name) or (preset.version if preset else 0)) + 1


def refuse_reserved(document_type: DocumentType[D], name: str) -> None:
    """Raise Conflict if the name belongs to a preset and is reserved."""
    if document_type.reserved and name in document_type.presets():
        message = (
            f"the {document_type.name} {name} ships with Reelmill and can't be changed; store a copy under another name"
        )
        raise Conflict(message, code="PresetIsReadOnly")


def refuse_if_full(
    services: Services, document_type: DocumentType[D], tenant: str, document: OrchestrationDocument | TemplateDocument
) -> None:
    """Raise Conflict if a document exceeds the limits of the catalog; a version that gets shorter is never refused."""
    stored = services.catalog.list_type(document_type.stored, tenant)
    sizes = {one.name: response_size(one) for one in stored if not isinstance(one, UnreadableDocument)}
    before, size = sizes.pop(document.name, 0), response_size(document)
    total = sum(sizes.values()) + size
    if not before and len(sizes) >= MAX_STORED:
        message = f"{len(sizes)} {document_type.name}s are stored, which is the limit; delete one first"
    elif size > before and total > MAX_STORED_BYTES:
        message = (
            f"all {document_type.name}s together would take {total // 1000} KB, and the limit is "
            f"{MAX_STORED_BYTES // 1000} KB; make this one shorter, or delete another first"
        )
    else:
        return
    raise Conflict(message, code="CatalogFull")


def response_size(document: BaseModel) -> int:
    """Return how many bytes a document takes in a response of Lambda, which is JSON within JSON."""
    return len(json.dumps(json.dumps(document.model_dump(mode="json", by_alias=True))))
