"""Logs, traces and metrics that say which stack and which handler they come from."""

import json
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from shared import telemetry
from tests.support.functions import Context


@pytest.fixture(autouse=True)
def _anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Read the environment anew, and leave nothing of it behind."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "sweep")
    telemetry.metrics.cache_clear()
    telemetry.metrics().clear_metrics()
    telemetry.metrics.cache_clear()
    yield
    telemetry.metrics().clear_default_dimensions()
    telemetry.metrics().clear_metrics()
    telemetry.metrics.cache_clear()


def handler(_event: dict[str, Any], _context: LambdaContext) -> None:
    telemetry.count("TasksNotHealed")


def test_each_metric_names_the_stack_that_counts_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REELMILL_STACK", "reelmill-test")

    for _ in range(2):  # the dimension stays from one invocation to the next
        telemetry.instrument(handler)({}, Context())

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "CloudWatchMetrics" in line]
    assert [(line["stack"], line["service"]) for line in lines] == [("reelmill-test", "sweep")] * 2
    for line in lines:
        [metric] = line["_aws"]["CloudWatchMetrics"]
        assert sorted(metric["Dimensions"][0]) == ["service", "stack"]


class Tracing:
    """Powertools' tracer, which names a trace after the function that it wraps."""

    names: ClassVar[list[str]] = []

    def capture_lambda_handler(self, wrapped: telemetry.Handler, *, capture_response: bool) -> telemetry.Handler:
        assert not capture_response
        self.names.append(wrapped.__name__)
        return wrapped


def test_a_trace_names_the_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "Tracer", Tracing)

    telemetry.instrument(handler)({}, Context())

    assert Tracing.names == [f"{__name__}.handler"]
