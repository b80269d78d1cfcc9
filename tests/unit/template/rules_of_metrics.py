"""What CloudWatch requires of alarms, so that they ring: the metrics that they watch, and their periods."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.unit.template.forms import Form, of_kind, properties
from tests.unit.template.rules import (
    FUNCTION,
    Break,
    Check,
    Rule,
    functions,
    referred,
    with_values,
)

# What AWS's services report by which dimensions. SQS's guide, "Available CloudWatch metrics"; Lambda's guide, "Types of
# metrics for Lambda functions"; API Gateway's guide, "Working with metrics for HTTP APIs".
METRICS = {
    "AWS/SQS": ("QueueName", {"ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible"}),
    "AWS/Lambda": ("FunctionName", {"Errors", "Throttles", "DestinationDeliveryFailures"}),
    "AWS/ApiGateway": ("ApiId", {"5xx"}),
}
WATCHED = {"QueueName": "SQS::Queue", "FunctionName": FUNCTION, "ApiId": "ApiGatewayV2::Api"}
DAY = 86_400


def watched(form: Form) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each alarm's metrics."""
    for name, alarm in of_kind(form, "CloudWatch::Alarm"):
        if "Metrics" in alarm:
            yield from ((name, query["MetricStat"]["Metric"]) for query in alarm["Metrics"] if "MetricStat" in query)
        else:
            yield name, alarm


def alarmed_metrics(form: Form) -> Iterator[Check]:
    # An alarm on a metric that is not reported with exactly these dimensions never rings: CloudWatch takes each
    # combination of dimensions for another metric (CloudWatch's guide, "Metrics concepts").
    for name, metric in watched(form):
        dimensions = {one["Name"]: one["Value"] for one in metric["Dimensions"]}
        words = f"{metric['MetricName']} of {name}"
        if metric["Namespace"] in METRICS:
            dimension, names = METRICS[metric["Namespace"]]
            made = {resource for resource, _ in of_kind(form, WATCHED[dimension])}
            yield f"{words} is a metric of the service", metric["MetricName"] in names
            yield f"{words} has its only dimension", set(dimensions) == {dimension}
            yield f"{words} is of a resource", referred(dimensions.get(dimension)) in made
        else:  # ours, counted by shared.telemetry
            yield f"{words} is of a service in this stack", set(dimensions) == {"service", "stack"}
            yield f"{words} is of this stack", dimensions.get("stack") == {"Ref": "AWS::StackName"}
            services = {one["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] for one in functions(form).values()}
            yield f"{words} is of a function", dimensions.get("service") in services


def alarmed_periods(form: Form) -> Iterator[Check]:
    # PutMetricAlarm: a period of 10, 20, 30 or a multiple of 60 seconds; all periods together at most a day if one is
    # shorter than an hour, and at most a week (CloudWatch's API reference). An alarm's metric math has at most ten
    # metrics (CloudWatch's guide, "Create an alarm based on a metric math expression").
    for name, alarm in of_kind(form, "CloudWatch::Alarm"):
        queries = [query["MetricStat"] for query in alarm.get("Metrics", []) if "MetricStat" in query]
        periods = {query["Period"] for query in queries} or {alarm["Period"]}
        yield f"{name} has one period, of whole minutes", len(periods) == 1 and not max(periods) % 60
        together = max(periods) * alarm["EvaluationPeriods"]
        yield f"{name} looks back at most a day", together <= (DAY if max(periods) < 3600 else 7 * DAY)
        yield f"{name} watches at most ten metrics", len(queries) <= 10
        yield (
            f"{name} needs no more points than it has",
            alarm.get("DatapointsToAlarm", 1) <= alarm["EvaluationPeriods"],
        )


def watch(name: str, **values: Any) -> Callable[[Form], Any]:  # noqa: ANN401 - of an alarm
    """Return what changes the metrics of an alarm with metric math."""

    def change(form: Form) -> None:
        for query in properties(form, name)["Metrics"]:
            if "MetricStat" in query:
                query["MetricStat"]["Metric"].update(values)

    return change


RULES: list[Rule] = [
    alarmed_metrics,
    alarmed_periods,
]
BREAKS: dict[str, Break] = {
    "two stacks share a metric": (
        alarmed_metrics,
        with_values("NotHealedAlarm", Dimensions=[{"Name": "service", "Value": "sweep"}]),
    ),
    "an alarm watches a function that is not there": (
        alarmed_metrics,
        watch("ThrottlesAlarm", Dimensions=[{"Name": "FunctionName", "Value": "reelmill-sweep"}]),
    ),
    "an alarm watches a metric that is not there": (
        alarmed_metrics,
        with_values("ApiErrorsAlarm", MetricName="5XXError"),
    ),
    "an alarm looks back for too long": (alarmed_periods, with_values("ApiErrorsAlarm", EvaluationPeriods=300)),
}
