"""Uploads that were answered, and whose event no function has taken in yet: the emulator forgets those at its end."""

import functools
import time
from typing import Any

from ministack.services import lambda_svc, s3  # type: ignore[import-untyped]  # it ships no types

# ruff: noqa: SLF001 - ministack offers none of this in the open


class PendingUploads:
    """Knows since when an upload may not have become a task. `owed` is what an earlier run left to be looked up."""

    def __init__(self, owed: float | None) -> None:
        """Take a time in epoch seconds, None when the earlier run ended in good order."""
        self.owed = owed
        self.bucket = ""  # until the template is deployed
        self._begun: dict[str, float] = {}  # by version ID

    def since(self) -> float | None:
        """Return the time of the oldest, None when there is none."""
        return min([*self._begun.values(), *([] if self.owed is None else [self.owed])], default=None)

    def watch(self) -> None:
        """Follow every upload from before its answer until its event is taken in, or lies in the failures' queue."""
        fire, run, route = s3._fire_s3_event_async, lambda_svc._execute_function_warm, lambda_svc._route_async_failure

        @functools.wraps(fire)
        def begin(bucket: str, key: str, event: str, **facts: Any) -> None:  # noqa: ANN401 - ministack's own
            if bucket == self.bucket and event.startswith("s3:ObjectCreated:"):
                self._begun[facts["version_id"]] = time.time()
            fire(bucket, key, event, **facts)

        @functools.wraps(run)
        def take_in(function: dict[str, Any], event: object, request_id: str) -> Any:  # noqa: ANN401 - ministack's own
            result = run(function, event, request_id)
            if not result.get("error"):
                self._end(event)
            return result

        @functools.wraps(route)
        def set_aside(target: str, function: str, event: object, result: dict[str, Any]) -> None:
            route(target, function, event, result)
            self._end(event)

        s3._fire_s3_event_async = begin
        lambda_svc._execute_function_warm = take_in
        lambda_svc._route_async_failure = set_aside

    def _end(self, event: object) -> None:
        for version in versions_of(event):
            self._begun.pop(version, None)


def versions_of(event: object) -> list[str]:
    """Return the versions of which S3's notification tells; other events tell of none."""
    records = event.get("Records", ()) if isinstance(event, dict) else ()
    return [
        record["s3"]["object"]["versionId"]
        for record in records
        if record.get("eventSource") == "aws:s3" and "versionId" in record["s3"]["object"]
    ]
