"""Use cases of links: presigned URLs of what tasks read and wrote."""

from dataclasses import dataclass

from shared.domain.attempt_record import OutputFile
from shared.domain.content_types import browser_safe_type, content_type_of
from shared.domain.subtask import Subtask, SubtaskStatus
from shared.domain.task import Task
from shared.errors import Conflict
from shared.services import Services
from shared.use_cases.tasks import read_task

LINK_SECONDS = 3600  # Long enough to watch, short enough to leak little.


@dataclass(frozen=True)
class Link:
    """A presigned URL of an object; it works until `expires_at` (epoch milliseconds)."""

    url: str
    expires_at: int
    content_type: str


def link_source(services: Services, tenant: str, identifier: str) -> Link:
    """Return a link that plays a task's source in a browser; raise NotFound."""
    source = read_task(services, tenant, identifier).source
    kind = browser_safe_type(content_type_of(source.key))
    url = services.links.link(
        source.bucket,
        source.key,
        LINK_SECONDS,
        version_id=source.version_id,
        content_type=kind,
        attachment=False,
    )
    return Link(url, expiry_after(services, LINK_SECONDS), kind)


def link_output(services: Services, output: OutputFile, seconds: int, *, attachment: bool) -> Link:
    """Return a link to an output that works for that many seconds: one that saves the file, or one that plays it."""
    url = services.links.link(
        output.bucket, output.key, seconds, content_type=output.content_type, attachment=attachment
    )
    return Link(url, expiry_after(services, seconds), output.content_type)


def read_outputs(services: Services, task: Task, subtask: Subtask) -> tuple[OutputFile, ...]:
    """Return the outputs of a subtask; raise Conflict unless it has succeeded."""
    if subtask.status is not SubtaskStatus.SUCCESSFUL or not subtask.record:
        message = f"subtask {subtask.no} of task {task.id} is {subtask.status}; only a SUCCESSFUL subtask has files"
        raise Conflict(message, code="NoOutputs", details={"status": subtask.status})
    record = services.tasks.get_record(task.id, subtask.record)
    return record.outputs if record else ()


def expiry_after(services: Services, seconds: int) -> int:
    """Return when a link that is signed now for that many seconds stops working, in epoch milliseconds."""
    return services.now() + services.links.lifetime(seconds) * 1000
