"""The use cases of the catalog: find, store and check orchestrations and templates."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Any

from pydantic import BaseModel, ValidationError

from shared.domain.condition import fields_in, parsed
from shared.domain.orchestration import (
    Orchestration,
    OrchestrationDocument,
    SubtaskRule,
    Template,
    TemplateDocument,
    Trigger,
    by_name,
)
from shared.domain.task import Subtask, SubtaskType
from shared.domain.validation_messages import in_words, true_ones
from shared.errors import Conflict, NewerVersion, NotFound, RequestRejected
from shared.operations import OPERATIONS
from shared.services import Services
from shared.stores.catalog_store import UnreadableDocument
from shared.stores.presets import preset_orchestrations, preset_templates
from shared.stores.task_codec import MAX_PLAN_BYTES, stored_size

MOST_STORED = 200  # orchestrations of a tenant, and as many templates: each upload and each list reads all of a kind
# One answer lists all of a kind, and Lambda ends it at 6 MB. What ships comes on top, and what two store at a time.
MOST_STORED_BYTES = 4_000_000

TemplateReader = Callable[[str], Template | None]


@dataclass(frozen=True)
class Plan:
    """An orchestration and the subtasks that it asks for, which are planned once, when somebody wants them."""

    orchestration: Orchestration
    templates: TemplateReader
    unread: NewerVersion | None = None  # of an orchestration of which this version can read the trigger at most

    @cached_property
    def subtasks(self) -> tuple[Subtask, ...]:
        """The subtasks, with templates and defaults filled in. Raises RequestRejected, NewerVersion among them."""
        if self.unread:
            raise self.unread
        return plan_subtasks(self.templates, self.orchestration.subtasks)


def list_plans(services: Services, tenant: str) -> list[Plan]:
    """Return every orchestration, presets included, by name, each to be planned.

    One that this version can't read is among them, since it takes uploads all the same: its plan raises NewerVersion.
    """
    templates = template_reader(services, tenant)
    return [
        Plan(trigger_of(one), templates, one.error) if isinstance(one, UnreadableDocument) else Plan(one, templates)
        for one in read_orchestrations(services, tenant)
    ]


def list_orchestrations(services: Services, tenant: str) -> list[Orchestration]:
    """Return every orchestration, presets included, by name; what this version can't read is left out."""
    return [one for one in read_orchestrations(services, tenant) if not isinstance(one, UnreadableDocument)]


def read_orchestrations(services: Services, tenant: str) -> list[Orchestration | UnreadableDocument]:
    """Return every orchestration, presets included, by name, as far as this version can read them."""
    stored = {one.name: one for one in services.orchestrations.read_all(tenant)}
    return sorted((preset_orchestrations() | stored).values(), key=lambda found: found.name)


def trigger_of(unread: UnreadableDocument) -> Orchestration:
    """Return an orchestration that takes the uploads of one that can't be read, or all if not even its trigger can."""
    try:
        trigger = Trigger.model_validate(unread.document.get("trigger", {}), extra="ignore")
    except ValidationError:
        trigger = Trigger()
    enabled = unread.document.get("enabled") is not False
    return Orchestration.model_construct(name=unread.name, enabled=enabled, trigger=trigger, subtasks=())


def find_orchestration(services: Services, tenant: str, name: str) -> Orchestration | None:
    """Return an orchestration, None when there is none."""
    return services.orchestrations.get(tenant, name) or preset_orchestrations().get(name)


def get_orchestration(services: Services, tenant: str, name: str) -> Orchestration:
    """Return an orchestration; raise NotFound."""
    found = find_orchestration(services, tenant, name)
    if not found:
        message = f"there is no orchestration {name}"
        raise NotFound(message, code="OrchestrationNotFound")
    return found


def put_orchestration(services: Services, tenant: str, document: OrchestrationDocument) -> Orchestration:
    """Store a new version; raise RequestRejected when a template, a parameter or the trigger's bucket is wrong.

    Raise Conflict when there is no room for it.
    """
    refuse_own_output(services, document)
    plan_subtasks(template_reader(services, tenant), document.subtasks)
    refuse_without_room("orchestrations", services.orchestrations.all(tenant), document)
    return store_orchestration(services, tenant, document)


def refuse_own_output(services: Services, document: OrchestrationDocument) -> None:
    """Raise RequestRejected when an orchestration is to take what Reelmill itself writes: it would go on for ever."""
    bucket = document.trigger.bucket
    if bucket and bucket == services.settings.output_bucket:
        message = f"the trigger names {bucket}, the bucket of the outputs, and outputs start no tasks; name another"
        raise RequestRejected(message, code="OwnOutput")


def store_orchestration(services: Services, tenant: str, document: OrchestrationDocument) -> Orchestration:
    """Store a new version as it is; a preset of that name counts as the first. Raise Conflict."""
    preset = preset_orchestrations().get(document.name)
    last = services.orchestrations.last_version(tenant, document.name) or (preset.version if preset else 0)
    fields = {name: getattr(document, name) for name in OrchestrationDocument.model_fields}
    stored = Orchestration(**fields, version=last + 1, updated_at=services.now())
    services.orchestrations.put(tenant, stored)
    return stored


def switch_orchestration(services: Services, tenant: str, name: str, *, enabled: bool) -> Orchestration:
    """Make a new version that is enabled or disabled, unless it is so already. Raise NotFound.

    What can't be planned any more, say for want of a template, can be disabled but not enabled.
    """
    found = get_orchestration(services, tenant, name)
    if found.enabled == enabled:
        return found
    if enabled:
        plan_subtasks(template_reader(services, tenant), found.subtasks)
    return store_orchestration(services, tenant, found.model_copy(update={"enabled": enabled}))


def delete_orchestration(services: Services, tenant: str, name: str) -> None:
    """Forget a stored orchestration; a preset of that name comes back. Raise NotFound or Conflict."""
    if services.orchestrations.delete(tenant, name):
        return
    if name in preset_orchestrations():
        message = f"{name} ships with Reelmill and can't be deleted; disable it instead"
        raise Conflict(message, code="PresetIsReadOnly")
    get_orchestration(services, tenant, name)


def list_templates(services: Services, tenant: str) -> list[Template]:
    """Return every template, presets included, by name."""
    stored = {template.name: template for template in services.templates.all(tenant)}
    return sorted((stored | preset_templates()).values(), key=lambda found: found.name)


def find_template(services: Services, tenant: str, name: str) -> Template | None:
    """Return a template, None when there is none."""
    return preset_templates().get(name) or services.templates.get(tenant, name)


def template_reader(services: Services, tenant: str) -> TemplateReader:
    """Return what finds a tenant's templates by name, for one request: it reads each once at most."""
    return cache(partial(find_template, services, tenant))


def get_template(services: Services, tenant: str, name: str) -> Template:
    """Return a template; raise NotFound."""
    found = find_template(services, tenant, name)
    if not found:
        message = f"there is no template {name}"
        raise NotFound(message, code="TemplateNotFound")
    return found


def put_template(services: Services, tenant: str, document: TemplateDocument) -> Template:
    """Store a new version; raise RequestRejected when a parameter is wrong.

    Raise Conflict when it is a preset's name, or there is no room for it.
    """
    refuse_preset(document.name)
    params = checked_params(document.operation, document.params, f"template {document.name}")
    refuse_without_room("templates", services.templates.all(tenant), document)
    stored = Template(
        name=document.name,
        operation=document.operation,
        summary=document.summary,
        params=params,
        version=services.templates.last_version(tenant, document.name) + 1,
        updated_at=services.now(),
    )
    services.templates.put(tenant, stored)
    return stored


def delete_template(services: Services, tenant: str, name: str) -> None:
    """Forget a template; orchestrations that name it are refused from then on. Raise NotFound or Conflict."""
    refuse_preset(name)
    if not services.templates.delete(tenant, name):
        get_template(services, tenant, name)


def refuse_preset(name: str) -> None:
    """Raise Conflict when a template of that name ships with Reelmill."""
    if name in preset_templates():
        message = f"the template {name} ships with Reelmill and can't be changed; store a copy under another name"
        raise Conflict(message, code="PresetIsReadOnly")


def refuse_without_room(
    kind: str, stored: Iterable[Orchestration | Template], document: OrchestrationDocument | TemplateDocument
) -> None:
    """Raise Conflict when a document is one too many, or too long; what makes one shorter is never refused."""
    sizes = {one.name: answered_size(one) for one in stored}
    before, size = sizes.pop(document.name, 0), answered_size(document)
    total = sum(sizes.values()) + size
    if not before and len(sizes) >= MOST_STORED:
        message = f"{len(sizes)} {kind} are stored already, which is the limit: delete one first"
    elif size > before and total > MOST_STORED_BYTES:
        message = (
            f"it would take {total // 1000} KB with the other {kind}, and the limit is {MOST_STORED_BYTES // 1000}: "
            "make it shorter, or delete another first"
        )
    else:
        return
    raise Conflict(message, code="CatalogFull")


def answered_size(document: BaseModel) -> int:
    """Return how many bytes a document takes in an answer of Lambda's, which is JSON within JSON."""
    return len(json.dumps(json.dumps(document.model_dump(mode="json", by_alias=True))))


def plan_subtasks(templates: TemplateReader, rules: Iterable[SubtaskRule]) -> tuple[Subtask, ...]:
    """Return the subtasks that the rules ask for, templates and defaults filled in.

    Raise RequestRejected when one is wrong, or all together are more than a task has room for.
    """
    rules = tuple(rules)
    numbers = by_name(rules)
    planned: list[Subtask] = []
    size = 0
    for rule in rules:
        subtask = Subtask(
            no=numbers[rule.name],
            name=rule.name,
            type=rule.type,
            params=planned_params(templates, rule),
            template=rule.template,
            needs=tuple(sorted(numbers[name] for name in rule.predecessors)),
            input=numbers[rule.input] if rule.input else None,
            file_name=rule.file_name,
            when=checked_when(rule, rules),
        )
        planned.append(subtask)
        size += stored_size(subtask)
        if size > MAX_PLAN_BYTES:  # told at once: to plan fifty huge ones to their end would take seconds
            message = (
                f"the subtasks up to {rule.name} take {size // 1024} KB with what their templates say, and all of a "
                f"task's may take {MAX_PLAN_BYTES // 1024}: shorten the parameters, or divide the subtasks among "
                "several orchestrations or tasks"
            )
            raise RequestRejected(message, code="TaskTooLarge")
    return tuple(planned)


def checked_when(rule: SubtaskRule, rules: Iterable[SubtaskRule]) -> str | None:
    """Return a subtask's rule; raise RequestRejected when it asks for what its predecessors never find."""
    types = {other.name: other.type for other in rules}
    for field in fields_in(parsed(rule.when)) if rule.when else ():
        result = OPERATIONS[types[field.subtask]].result
        known = {info.alias or name for name, info in result.model_fields.items()} if result else set()
        if field.name not in known:
            has = f"it has {', '.join(sorted(known))}" if known else "it has none"
            message = f"subtask {rule.name}: {field.subtask}, a {types[field.subtask]}, finds no {field.name}; {has}"
            raise RequestRejected(message, code="InvalidRule")
    return rule.when


def planned_params(templates: TemplateReader, rule: SubtaskRule) -> Mapping[str, Any]:
    """Return a subtask's parameters: the template's, overlaid by its own, checked."""
    where = f"subtask {rule.name}"
    base: Mapping[str, Any] = {}
    if rule.template:
        template = templates(rule.template)
        if template is None:
            message = f"{where}: there is no template {rule.template}"
            raise RequestRejected(message, code="UnknownTemplate")
        if template.operation is not rule.type:
            message = f"{where} is a {rule.type}, but the template {template.name} is for {template.operation}"
            raise RequestRejected(message, code="WrongTemplate")
        base = template.params
    return checked_params(rule.type, overlaid(base, rule.params), where)


def overlaid(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with the values of `over` in it, group by group."""
    merged = dict(base)
    for name, value in over.items():
        below = merged.get(name)
        merged[name] = overlaid(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def checked_params(operation: SubtaskType, params: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return parameters in the API's spelling, as far as they are set; raise RequestRejected when one is wrong."""
    model: type[BaseModel] = OPERATIONS[operation].params
    try:
        checked = model.model_validate(params)
    except ValidationError as error:
        wrong = problems(error, params)
        sentence = "; ".join(f"{one['where']}: {one['problem']}" if one["where"] else one["problem"] for one in wrong)
        message = f"{where} has wrong parameters: {sentence}"
        raise RequestRejected(message, code="InvalidParameters", details={"parameters": wrong}) from error
    return checked.model_dump(mode="json", by_alias=True, exclude_unset=True)


def problems(error: ValidationError, document: object) -> list[dict[str, str]]:
    """Return where a document is wrong, and how; what pydantic adds of its own inner workings is left out."""
    found = true_ones(error.errors(include_url=False))
    # A value of several forms is told off once per form; that it isn't the one word is the least telling.
    telling = [e for e in found if not (e["type"] == "literal_error" and str(e["loc"][-1]).startswith("literal"))]
    return [{"where": ".".join(place(e["loc"], document)), "problem": in_words(e)} for e in telling or found]


def place(steps: Iterable[str | int], document: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Yield those of pydantic's steps that lead through the document: the others name forms that it tried."""
    for step in steps:
        known = isinstance(document, Mapping | list | tuple)
        if known and step in (document if isinstance(document, Mapping) else range(len(document))):
            document = document[step]
            yield str(step)
