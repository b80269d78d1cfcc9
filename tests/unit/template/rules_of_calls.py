"""What AWS requires of calls: loops, retries, concurrency, permissions, and the values of event source mappings."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.unit.template.forms import Form, grants, named, of_kind, properties
from tests.unit.template.rules import (
    Break,
    Check,
    Rule,
    default,
    drop,
    functions,
    polled,
    referred,
    with_values,
    without,
)

YOUNG, OLD = 10, 1000  # concurrent executions of an account at first, and by default (Lambda's guide, "Lambda quotas")
UNRESERVED = 100  # Lambda's guide, "Configuring reserved concurrency"


def destinations(form: Form, function: str) -> set[str]:
    """Return the queues to which Lambda sends by the function's role, after asynchronous calls that failed."""
    configs = [config for _, config in of_kind(form, "Lambda::EventInvokeConfig")]
    mine = [config for config in configs if referred(config["FunctionName"]) == function]
    return {referred(place["Destination"]) for config in mine for place in config.get("DestinationConfig", {}).values()}


def written(form: Form, function: str) -> set[str]:
    """Return the queues that a function's code may send to."""
    sends = [statement for _, statement in grants(form, function) if "sqs:SendMessage" in statement["Action"]]
    return {name for statement in sends for name in named(statement["Resource"])} - destinations(form, function)


def flow(form: Form) -> dict[str, set[str]]:
    """Return where a message goes from each function and each queue."""
    found: dict[str, set[str]] = defaultdict(set)
    for function in functions(form):
        found[function] |= written(form, function)
    for function, queue, _ in polled(form):
        found[queue].add(function)
    for name, properties_of in of_kind(form, "SQS::Queue"):
        if "RedrivePolicy" in properties_of:
            found[name].add(referred(properties_of["RedrivePolicy"]["deadLetterTargetArn"]))
    return found


def reached(graph: dict[str, set[str]], start: str) -> set[str]:
    """Return all that is reached from a node, which contains the node itself if it is part of a loop."""
    found: set[str] = set()
    wanted = [start]
    while wanted:
        more = graph.get(wanted.pop(), set()) - found
        found |= more
        wanted += more
    return found


def loops(form: Form) -> Iterator[Check]:
    # Lambda drops the call of a function after about 16 in the same chain of SQS, SNS, S3 and Lambda, unless the
    # function allows it (Lambda's guide, "Use Lambda recursive loop detection to prevent infinite loops").
    graph = flow(form)
    for name, function in functions(form).items():
        if name in reached(graph, name):
            yield f"{name} reads what it has caused", function.get("RecursiveLoop") == "Allow"
        else:
            yield f"{name} is in no loop and keeps the guard", "RecursiveLoop" not in function


def asynchronous(form: Form) -> Iterator[str]:
    """Yield the functions that S3 and EventBridge call, which do not wait for the result."""
    for _, bucket in of_kind(form, "S3::Bucket"):
        for told in bucket.get("NotificationConfiguration", {}).get("LambdaConfigurations", []):
            yield referred(told["Function"])
    for _, rule in of_kind(form, "Events::Rule"):
        yield from (referred(target["Arn"]) for target in rule["Targets"])


def retries(form: Form) -> Iterator[Check]:
    # Lambda repeats a failed asynchronous call twice within six hours, then drops it (Lambda's guide, "Configuring
    # error handling settings for asynchronous invocations"): what must not be lost needs a destination, and what comes
    # again anyway needs neither.
    configs = {referred(config["FunctionName"]): config for _, config in of_kind(form, "Lambda::EventInvokeConfig")}
    for function in asynchronous(form):
        config = configs.get(function, {})
        repeats = config.get("MaximumRetryAttempts")
        kept = "OnFailure" in config.get("DestinationConfig", {})
        yield f"{function} says how often a failed call is repeated", repeats is not None
        yield f"{function} keeps what fails, or does not repeat it", kept or repeats == 0
        age = config.get("MaximumEventAgeInSeconds", 0)
        yield f"{function} takes events of an age that Lambda allows", 60 <= age <= 21_600
    for name, rule in of_kind(form, "Events::Rule"):  # EventBridge's own: 185 times in 24 hours
        for target in rule["Targets"]:
            yield f"{name} is not repeated by EventBridge", target.get("RetryPolicy") == {"MaximumRetryAttempts": 0}


def event_sources(form: Form) -> Iterator[Check]:
    # CreateEventSourceMapping answers "Queue visibility timeout: … is less than Function timeout"
    # (github.com/github-aws-runners/terraform-aws-github-runner/issues/465) and takes a concurrency of 2 to 1,000
    # (Lambda's guide, "Configuring scaling behavior for SQS event source mappings"). FunctionName is a Ref, so that the
    # mapping waits for the function.
    for function, queue, mapping in polled(form):
        name = f"{function} of {queue}"
        exists = set(mapping["FunctionName"]) == {"Ref"} if isinstance(mapping["FunctionName"], dict) else False
        yield f"{name} refers to the function", exists and function in functions(form)
        if function not in functions(form):
            continue
        hidden = properties(form, queue).get("VisibilityTimeout", 30)
        yield f"{name} hides a message while it runs", hidden >= functions(form)[function]["Timeout"]
        for least_or_most in bounds(form, mapping["ScalingConfig"]["MaximumConcurrency"]):
            yield f"{name} has a concurrency of 2 to 1,000", 2 <= least_or_most <= OLD
        # Without a window, a batch holds up to ten messages (Lambda's guide, "Using Lambda with Amazon SQS").
        yield f"{name} has batches of 1 to 10", 1 <= mapping["BatchSize"] <= 10


def bounds(form: Form, value: Any, *which: str) -> list[int]:  # noqa: ANN401 - a number or a reference to a parameter
    """Return the numbers that a value may be: its own, or the least, the default and the most of its parameter."""
    if isinstance(value, dict):
        parameter = form["Parameters"][value["Ref"]]
        return [int(parameter[key]) for key in which or ("MinValue", "Default", "MaxValue")]
    return [int(value)]


def concurrency(form: Form) -> Iterator[Check]:
    # A young account runs 10 functions at a time, others 1,000; 100 of them cannot be reserved (Lambda's guide,
    # "Lambda quotas" and "Configuring reserved concurrency for a function"). The queues' workers must leave room for
    # the API and for uploads; for a young account, the least values of the parameters must fit.
    def workers(which: str) -> int:
        return sum(
            bounds(form, mapping["ScalingConfig"]["MaximumConcurrency"], which)[0] for _, _, mapping in polled(form)
        )

    limits = [one["ReservedConcurrentExecutions"] for one in functions(form).values() if reserved(one)]
    kept = sum(bounds(form, limit, "Default")[0] for limit in limits)
    yield "all workers, what is reserved and what must not be", workers("Default") + kept + UNRESERVED <= OLD
    yield "the fewest workers in a young account", workers("MinValue") <= YOUNG
    for limit in limits:
        yield "a young account can do without a reservation", 0 in bounds(form, limit, "MinValue")
    for name, function in functions(form).items():
        mine = [mapping for reader, _, mapping in polled(form) if reader == name]
        if reserved(function) and mine:
            most = sum(bounds(form, mapping["ScalingConfig"]["MaximumConcurrency"], "Default")[0] for mapping in mine)
            yield (
                f"{name} has what its queues may use",
                most <= bounds(form, function["ReservedConcurrentExecutions"], "Default")[0],
            )


def reserved(function: dict[str, Any]) -> bool:
    """Whether a function reserves concurrency."""
    return "ReservedConcurrentExecutions" in function


def permissions(form: Form) -> Iterator[Check]:
    # A call of EventBridge, S3 or API Gateway needs a permission of the function; without it, the rule's call fails
    # silently (EventBridge's guide, "Using resource-based policies"), and the API answers 500.
    given = {
        (referred(one["FunctionName"]), one["Principal"], next(iter(named(one.get("SourceArn", {}))), ""))
        for _, one in of_kind(form, "Lambda::Permission")
    }
    by_service = {(function, principal) for function, principal, _ in given}
    for name, rule in of_kind(form, "Events::Rule"):
        for target in rule["Targets"]:
            yield f"{name} may call its target", (referred(target["Arn"]), "events.amazonaws.com", name) in given
    for name, bucket in of_kind(form, "S3::Bucket"):
        for told in bucket.get("NotificationConfiguration", {}).get("LambdaConfigurations", []):
            yield f"{name} may call its function", (referred(told["Function"]), "s3.amazonaws.com") in by_service
    for name, integration in of_kind(form, "ApiGatewayV2::Integration"):
        function = referred(integration["IntegrationUri"])
        yield f"{name} may call its function", (function, "apigateway.amazonaws.com") in by_service


RULES: list[Rule] = [
    loops,
    retries,
    event_sources,
    concurrency,
    permissions,
]
BREAKS: dict[str, Break] = {
    "RunSubtask keeps the guard against loops": (loops, without("RunSubtaskFunction", "RecursiveLoop")),
    "a chain by the dead-letter queue is cut": (loops, without("SweepFunction", "RecursiveLoop")),
    "the API is allowed to loop without need": (loops, with_values("TaskApiFunction", RecursiveLoop="Allow")),
    "a failed sweep is repeated": (retries, drop("SweepFunctionEventInvokeConfig")),
    "an upload that fails is dropped": (retries, without("OnUploadFunctionEventInvokeConfig", "DestinationConfig")),
    "EventBridge repeats a sweep": (
        retries,
        lambda form: properties(form, "SweepFunctionEveryMinute")["Targets"][0].pop("RetryPolicy"),
    ),
    "a mapping spells its function": (
        event_sources,
        with_values("RunSubtaskFunctionUrgent", FunctionName="reelmill-run-subtask"),
    ),
    "a message comes again while its worker runs": (event_sources, with_values("SubtaskQueue", VisibilityTimeout=899)),
    "a lane may have one worker": (event_sources, default("MaxConcurrency", MinValue=1)),
    "the workers take the whole quota": (concurrency, default("MaxConcurrency", Default=950)),
    "a young account cannot deploy": (concurrency, default("BackgroundConcurrency", MinValue=5)),
    "uploads always reserve": (concurrency, default("UploadConcurrency", MinValue=1)),
    "the API always reserves": (concurrency, default("ApiConcurrency", MinValue=1)),
    "workers are reserved less than they may use": (
        concurrency,
        with_values("RunSubtaskFunction", ReservedConcurrentExecutions=20),
    ),
    "the schedule may not call its target": (permissions, drop("SweepFunctionEveryMinutePermission")),
    "the permission is for another rule": (
        permissions,
        with_values("SweepFunctionEveryMinutePermission", SourceArn={"Fn::GetAtt": ["AnotherRule", "Arn"]}),
    ),
    "the API may not call its function": (permissions, drop("ApiPermission")),
}
