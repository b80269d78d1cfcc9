"""Logs, traces and metrics by Powertools, made on first use: importing this reads no environment."""

import gc
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

Handler = Callable[[dict[str, Any], LambdaContext], Any]


@cache
def logger() -> Logger:
    """Return the function's logger: a constant message, with facts as keys."""
    return Logger()


@cache
def metrics() -> Metrics:
    """Return the function's metrics, which are written as one log line at the end of an invocation."""
    return Metrics(namespace="Reelmill")


def count(name: str, number: int = 1) -> None:
    """Add to a counter."""
    metrics().add_metric(name=name, unit=MetricUnit.Count, value=number)


def instrumented(handler: Handler) -> Handler:
    """Give a handler its log context, its trace and its metrics, on its first invocation."""

    def measured(event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - as below
        try:
            return handler(event, context)
        finally:
            if metrics().metric_set:  # Powertools' own decorator complains of a failure before the first one
                metrics().flush_metrics()

    @cache
    def complete() -> Handler:
        traced = Tracer().capture_lambda_handler(measured, capture_response=False)
        logged: Handler = logger().inject_lambda_context(traced, clear_state=True)
        return logged

    gc.freeze()  # The handler is the last thing that its module makes: what the import made is never looked through,
    gc.enable()  # and only what invocations make is. See functions/__init__.py.

    @wraps(handler)
    def entry(event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - each event has its own reply
        return complete()(event, context)

    return entry
