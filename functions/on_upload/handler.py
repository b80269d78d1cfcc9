"""Creates tasks for new objects, from events of S3, of EventBridge, or of earlier failures of this function."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.domain.task import parse_version_id
from shared.domain.timestamps import epoch_milliseconds
from shared.domain.upload import Upload
from shared.services import services

# Every invocation uses these stores. The others are imported when they are first used: see shared/services.py.
from shared.stores import catalog_store, decision_store, subtask_queue, task_store  # noqa: F401
from shared.telemetry import count, instrument, logger
from shared.use_cases.uploads import accept_upload


@instrument
def handler(event: dict[str, Any], _context: LambdaContext) -> list[dict[str, Any]]:
    """Return a verdict for each object and orchestration; a failure makes Lambda deliver the event again."""
    verdicts = []
    for upload in uploads_in(event):
        owned = replace(upload, tenant=services().tenant_of(upload.key))
        for decision in accept_upload(services(), owned):
            verdict: dict[str, Any] = {
                "key": upload.key,
                "verdict": decision.verdict,
                "reason": decision.reason,
                "orchestration": decision.orchestration,
                "taskId": decision.task_id,
            }
            logger().info("upload judged", **verdict)
            verdicts.append(verdict)
    count("UploadVerdicts", len(verdicts))
    return verdicts


def uploads_in(event: dict[str, Any]) -> Iterator[Upload]:
    """Yield the new objects of an event; S3's own test event has none."""
    if event.get("detail-type") == "Object Created":
        yield upload_from_eventbridge(event)
    for record in event.get("Records", ()):
        if record.get("eventSource") == "aws:sqs":  # an event that failed before, from FailedUploadsQueue
            yield from uploads_in(json.loads(record["body"])["requestPayload"])
        elif record["eventName"].startswith("ObjectCreated:"):
            yield upload_from_record(record)


def upload_from_record(record: dict[str, Any]) -> Upload:
    """Return the upload of an S3 notification's record, whose key is URL-encoded with `+` for a space."""
    stored = record["s3"]["object"]
    return Upload(
        bucket=record["s3"]["bucket"]["name"],
        key=unquote_plus(stored["key"]),
        size=stored.get("size", 0),
        e_tag=stored.get("eTag", ""),
        at=epoch_milliseconds(datetime.fromisoformat(record["eventTime"])),
        version_id=parse_version_id(stored.get("versionId")),
        sequencer=stored.get("sequencer", ""),
    )


def upload_from_eventbridge(event: dict[str, Any]) -> Upload:
    """Return the upload of an "Object Created" event, whose key is not encoded."""
    stored = event["detail"]["object"]
    return Upload(
        bucket=event["detail"]["bucket"]["name"],
        key=stored["key"],
        size=stored.get("size", 0),
        e_tag=stored.get("etag", ""),
        at=epoch_milliseconds(datetime.fromisoformat(event["time"])),
        version_id=parse_version_id(stored.get("version-id")),
        sequencer=stored.get("sequencer", ""),
    )
