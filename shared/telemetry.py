"""Logs, traces and metrics by Powertools, created on first use: importing this module reads no environment."""

import gc
import os
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

Handler = Callable[[dict[str, Any], LambdaContext], Any]


@cache
def logger() -> Logger:
    """Return the function's logger. Use a constant message, with facts as keys."""
    return Logger()


@cache
def metrics() -> Metrics:
    """Return the function's metrics, which become one log line at the end of an invocation.

    The stack is one of their dimensions: two stacks in a region must not count for each other's alarms.
    """
    found = Metrics(namespace="Reelmill")
    if stack := os.environ.get("REELMILL_STACK"):
        found.set_default_dimensions(stack=stack)
    return found


def count(name: str, number: int = 1) -> None:
    """Add to a counter."""
    metrics().add_metric(name=name, unit=MetricUnit.Count, value=number)


def instrument(handler: Handler) -> Handler:
    """Return a handler that adds log context, a trace and metrics, from its first invocation on."""

    def measured(event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - as below
        try:
            return handler(event, context)
        finally:
            if metrics().metric_set:  # Powertools' decorator warns if a failure comes before the first metric
                metrics().flush_metrics()

    measured.__name__ = f"{handler.__module__}.{handler.__name__}"  # X-Ray shows it as the name of the segment

    @cache
    def complete() -> Handler:
        traced = Tracer().capture_lambda_handler(measured, capture_response=False)
        logged: Handler = logger().inject_lambda_context(traced, clear_state=True)
        return logged

    # The handler is the last object that its module creates. The garbage collector never scans objects of the import
    # again, only those of invocations. See functions/__init__.py.
    gc.freeze()
    gc.enable()

    @wraps(handler)
    def entry(event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - each event has its own reply
        return complete()(event, context)

    return entry
