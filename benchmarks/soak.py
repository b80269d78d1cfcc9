"""(f) A burst of uploads, some with a duplicate event: each must become exactly one task, and it must succeed."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from rich.table import Table

from benchmarks import workload
from benchmarks.stack import Stack, client

CLIP_SECONDS = 1
NAME = "bench-soak"
PREFIX = f"{NAME}/"
# The cheapest subtask, because this measures everything except ffmpeg.
ORCHESTRATION = {
    "trigger": {"prefix": PREFIX},
    "subtasks": [{"name": "cover", "type": "SCREENSHOT", "params": {"at": [0], "width": 64}}],
}
UPLOADERS = 16
DUPLICATE_EVERY = 5  # every fifth upload has a duplicate event
LOOK_EVERY = 2.0
PATIENCE = 1800.0


def measure(stack: Stack, uploads: int) -> dict[str, Any]:
    """Upload objects as fast as possible, wait until all their tasks end, and count the results."""
    stack.api.send("PUT", f"/orchestrations/{NAME}", ORCHESTRATION)
    body = workload.clip(CLIP_SECONDS).read_bytes()
    functions = client(stack.info, "lambda")

    def upload(number: int) -> tuple[str, str]:
        key = f"{PREFIX}{number:05} burst.mp4"
        version = stack.s3.put_object(Bucket=stack.info.input_bucket, Key=key, Body=body)["VersionId"]
        if number % DUPLICATE_EVERY == 0:
            functions.invoke(
                FunctionName=stack.info.outputs["OnUploadFunctionName"],
                InvocationType="Event",
                Payload=json.dumps(make_event(stack.info.input_bucket, key, version, len(body))),
            )
        return key, version

    begun = time.monotonic()
    with ThreadPoolExecutor(UPLOADERS) as pool:
        put = list(pool.map(upload, range(uploads)))
    uploaded = time.monotonic()
    tasks = wait_for_tasks(stack, uploads)
    done = time.monotonic()
    made = Counter((task["source"]["key"], task["source"]["versionId"]) for task in tasks)
    matched = Counter((one["key"], one["versionId"]) for one in list_verdicts(stack) if one["verdict"] == "MATCHED")
    return {
        "uploads": len(put),
        "events_sent_again": len(range(0, uploads, DUPLICATE_EVERY)),
        "tasks_made": len(tasks),
        "duplicates": sum(count - 1 for count in made.values()),
        "lost": sum(1 for one in put if one not in made),
        "without_a_verdict": sum(1 for one in put if matched[one] != 1),
        "outcomes": dict(Counter(task["outcome"] or task["status"] for task in tasks)),
        "upload_seconds": uploaded - begun,
        "seconds": done - begun,
    }


def wait_for_tasks(stack: Stack, uploads: int) -> list[dict[str, Any]]:
    """Return all tasks of the burst when there are enough and all have ended, or when the time is up."""
    deadline = time.monotonic() + PATIENCE
    while True:
        tasks = list(list_items(stack, "/tasks", "tasks", orchestration=NAME))
        unfinished = sum(task["status"] != "COMPLETED" for task in tasks)
        if (len(tasks) >= uploads and not unfinished) or time.monotonic() > deadline:
            return tasks
        time.sleep(LOOK_EVERY)


def list_verdicts(stack: Stack) -> Iterator[dict[str, Any]]:
    """Yield the verdicts on all uploads."""
    yield from list_items(stack, "/uploads/verdicts", "verdicts")


def list_items(stack: Stack, path: str, name: str, **filters: str) -> Iterator[dict[str, Any]]:
    """Yield the items of a list, page by page."""
    token: str | None = None
    while True:
        page = stack.api.get(path, maxResults=100, nextToken=token, **filters)
        yield from page[name]
        token = page["nextToken"]
        if token is None:
            return


def make_event(bucket: str, key: str, version: str, size: int) -> dict[str, Any]:
    """Return the event of an object in the form of EventBridge: later than S3's own, and of the same version."""
    return {
        "detail-type": "Object Created",
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "detail": {"bucket": {"name": bucket}, "object": {"key": key, "size": size, "version-id": version}},
    }


def figures(found: dict[str, Any]) -> dict[str, Any]:
    """Return the counts and the rate."""
    return {**found, "tasks_per_second": found["tasks_made"] / found["seconds"]}


def table(found: dict[str, Any]) -> Table:
    """Return the figures as a table."""
    shown = Table(
        title=f"(f) A burst of {found['uploads']} uploads, {found['events_sent_again']} of them with a duplicate event"
    )
    shown.add_column("what")
    shown.add_column("how many", justify="right")
    for name in ("uploads", "tasks_made", "duplicates", "lost", "without_a_verdict"):
        shown.add_row(name.replace("_", " "), str(found[name]))
    for outcome, number in found["outcomes"].items():
        shown.add_row(f"tasks {outcome}", str(number))
    shown.add_row("seconds to upload", f"{found['upload_seconds']:.0f}")
    shown.add_row("seconds to the end of the last task", f"{found['seconds']:.0f}")
    shown.add_row("tasks per second", f"{found['tasks_per_second']:.1f}")
    return shown
