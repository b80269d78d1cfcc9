"""Uploads that were acknowledged before a function processed their event: the emulator forgets those when it ends."""

import functools
import time
from collections.abc import Callable
from typing import Any

from infra.local.emulator_patches import Wrappers


class PendingUploads:
    """The time since which an upload may lack its task. `owed` is that time of an earlier run, to be checked yet."""

    def __init__(self, owed: float | None) -> None:
        """Take a time in epoch seconds, None if the earlier run stopped in order."""
        self.owed = owed
        self.bucket = ""  # until the template is deployed
        self._started: dict[str, float] = {}  # by version ID

    def since(self) -> float | None:
        """Return the time of the oldest pending upload, None if there are none."""
        return min([*self._started.values(), *([] if self.owed is None else [self.owed])], default=None)

    def wrappers(self) -> Wrappers:
        """Return what follows each upload: from before its answer until its event is processed or has failed."""
        return {
            "s3._fire_s3_event_async": self._note_upload,
            "lambda_svc._execute_function_warm": self._cross_off_processed,
            "lambda_svc._route_async_failure": self._cross_off_failed,
        }

    def _note_upload(self, fire: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(fire)
        def note(bucket: str, key: str, event: str, **facts: Any) -> None:  # noqa: ANN401 - ministack's own
            if bucket == self.bucket and event.startswith("s3:ObjectCreated:"):
                self._started[facts["version_id"]] = time.time()
            fire(bucket, key, event, **facts)

        return note

    def _cross_off_processed(self, run: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(run)
        def run_and_cross_off(function: dict[str, Any], event: object, request_id: str) -> Any:  # noqa: ANN401 - the same
            result = run(function, event, request_id)
            if not result.get("error"):
                self._cross_off(event)
            return result

        return run_and_cross_off

    def _cross_off_failed(self, route: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(route)
        def route_and_cross_off(target: str, function: str, event: object, result: dict[str, Any]) -> None:
            route(target, function, event, result)
            self._cross_off(event)

        return route_and_cross_off

    def _cross_off(self, event: object) -> None:
        for version in version_ids(event):
            self._started.pop(version, None)


def version_ids(event: object) -> list[str]:
    """Return the version IDs in a notification of S3; other events have none."""
    records = event.get("Records", ()) if isinstance(event, dict) else ()
    return [
        record["s3"]["object"]["versionId"]
        for record in records
        if record.get("eventSource") == "aws:s3" and "versionId" in record["s3"]["object"]
    ]
