"""Factories: valid tasks, uploads and documents; a test names only the fields that it is about."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.domain.attempt_record import OutputFile
from shared.domain.ids import sortable_id
from shared.domain.orchestration import Orchestration, OrchestrationDocument, TemplateDocument
from shared.domain.subtask import Subtask, SubtaskType
from shared.domain.task import OrchestrationRef, Source, Task
from shared.domain.upload import Upload, UploadDecision, Verdict

NOW = 1_750_000_000_000  # when tests begin, in epoch milliseconds


def make_source(key: str = "uploads/a.mp4", **fields: Any) -> Source:  # noqa: ANN401
    """Return the source of a task; no such object needs to exist."""
    return Source(**{"bucket": "input", "key": key, "size": 1000, "e_tag": "etag", "version_id": "v1", **fields})


def make_subtask(no: int = 1, **fields: Any) -> Subtask:  # noqa: ANN401
    """Return a subtask as its plan has it."""
    usual = {"name": f"s{no}", "type": SubtaskType.TRANSCODE, "params": {"crf": 20.5, "audio": None}}
    return Subtask(**{"no": no, **usual, **fields})


def make_task(
    subtasks: int | Sequence[Subtask] = 2,
    *,
    needs: Mapping[int, tuple[int, ...]] | None = None,
    at: int = NOW,
    name: str = "a",
    **fields: Any,  # noqa: ANN401
) -> Task:
    """Return a new task that is not stored yet; `needs` lists by number the subtasks that a subtask needs."""
    if isinstance(subtasks, int):
        subtasks = [make_subtask(no, needs=(needs or {}).get(no, ())) for no in range(1, subtasks + 1)]
    usual = {
        "id": sortable_id(at, name.encode()),
        "source": make_source(f"uploads/{name}.mp4"),
        "subtasks": tuple(subtasks),
        "created_at": at,
        "output_prefix": "{inputDir}/{inputName}/",
        "orchestration": OrchestrationRef("web-video", 1),
    }
    return Task(**{**usual, **fields}).with_pending()


def make_upload(key: str = "uploads/clip.mp4", *, at: int = NOW, **fields: Any) -> Upload:  # noqa: ANN401
    """Return an upload as its event describes it; no such object needs to exist."""
    usual = {"bucket": "input", "size": 1000, "e_tag": "etag", "version_id": "v1", "sequencer": "0A"}
    return Upload(**{"key": key, "at": at, **usual, **fields})


def make_decision(upload: Upload | None = None, **fields: Any) -> UploadDecision:  # noqa: ANN401
    """Return the decision on an upload that no orchestration takes."""
    usual = {"verdict": Verdict.NO_MATCH, "reason": "no orchestration takes it"}
    return UploadDecision(**{"upload": upload or make_upload(), **usual, **fields})


def make_orchestration(name: str = "mine", **fields: Any) -> OrchestrationDocument:  # noqa: ANN401
    """Return the document of an orchestration that transcodes; it has no trigger."""
    return OrchestrationDocument.model_validate(
        {"name": name, "subtasks": [{"name": "hd", "type": "TRANSCODE"}], **fields}
    )


def make_triggered_orchestration(name: str, prefix: str = "uploads/", **fields: Any) -> OrchestrationDocument:  # noqa: ANN401
    """Return the document of an orchestration that makes a cover of each upload under a prefix."""
    subtasks = [{"name": "cover", "type": "SCREENSHOT"}]
    return make_orchestration(name, **{"trigger": {"prefix": prefix}, "subtasks": subtasks, **fields})


def make_stored_orchestration(name: str = "web", **fields: Any) -> Orchestration:  # noqa: ANN401
    """Return an orchestration as the catalog holds it."""
    return Orchestration.model_validate({"name": name, "subtasks": [{"name": "hd", "type": "TRANSCODE"}], **fields})


def make_template(name: str = "small", **fields: Any) -> TemplateDocument:  # noqa: ANN401
    """Return the document of a template that transcodes."""
    usual = {"operation": "TRANSCODE", "params": {"video": {"width": 640, "crf": 30}}}
    return TemplateDocument.model_validate({"name": name, **usual, **fields})


def make_output(key: str = "a/b/clip.mp4", **fields: Any) -> OutputFile:  # noqa: ANN401
    """Return an output file as an attempt's record lists it."""
    return OutputFile(**{"bucket": "output", "key": key, "size": 4, "content_type": "video/mp4", **fields})
