"""(c) Requests to DynamoDB and SQS per task, counted on the wire, beside the fewest that would do."""

import math
from collections import Counter
from statistics import mean
from typing import Any

from rich.table import Table

from benchmarks import workload
from benchmarks.counting_proxy import CountingProxy, counting
from benchmarks.stack import Stack, client

CLIP_SECONDS = 5
FUNCTIONS = ("OnUploadFunctionName", "RunSubtaskFunctionName")
BATCH = 10  # SQS: messages in one SendMessageBatch
SQS = frozenset({"SendMessageBatch", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"})
# What a long attempt sends every 5 s: it depends on the length of the video, not on the number of subtasks.
BEATS = frozenset({"renew", "renew, refused"})
MEANINGS = {
    "Query": "read the orchestrations",
    "verdict": "note the verdict, which names the task",
    "create": "put the task",
    "SendMessageBatch": "send the messages",
    "mark_sent": "note that they are sent",
    "claim": "take a lease",
    "record": "put an attempt's record",
    "finish": "end a subtask",
    "finish, refused": "last or not: a wrong guess",
    "GetItem": "look again after it",
    "renew": "show progress (not in the sum)",
}


def fewest(size: int) -> dict[str, int]:
    """Return the fewest requests of each kind for a task of so many subtasks without links."""
    once = {"Query": 1, "verdict": 1, "create": 1, "SendMessageBatch": math.ceil(size / BATCH), "mark_sent": 1}
    return once | {"claim": size, "record": size, "finish": size}


def measure(stack: Stack, tasks: int) -> dict[int, list[Counter[str]]]:
    """Run so many tasks of each size, one at a time; return each one's requests by kind."""
    with counting(stack.info.aws_endpoint_url) as proxy:
        lead_through(stack, proxy)
        stack.put(workload.clip(1), f"{workload.name_of(4)}/warm-up.mp4")
        return {
            size: [requests_of(stack, proxy, size, number) for number in range(tasks)] for size in workload.TEMPLATES
        }


def requests_of(stack: Stack, proxy: CountingProxy, size: int, number: int) -> Counter[str]:
    """Run a task and return its requests."""
    proxy.taken()
    stack.put(workload.clip(CLIP_SECONDS), f"{workload.name_of(size)}/requests-{number:02}.mp4")
    return proxy.taken()


def lead_through(stack: Stack, proxy: CountingProxy) -> None:
    """Let the functions that a task needs speak to DynamoDB and SQS through the proxy.

    The API, which this benchmark asks for progress, and the sweeper go their own ways uncounted.
    """
    functions = client(stack.info, "lambda")
    for output in FUNCTIONS:
        name = stack.info.outputs[output]
        variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        through = {f"AWS_ENDPOINT_URL_{service}": proxy.url for service in ("DYNAMODB", "SQS")}
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables | through})


def figures(found: dict[int, list[Counter[str]]]) -> dict[str, Any]:
    """Return each size's requests per task beside the floor, and all that were counted."""
    sizes = {}
    for size, tasks in found.items():
        kinds = [*MEANINGS, *sorted({kind for task in tasks for kind in task} - set(MEANINGS))]
        totals = [sum(number for kind, number in task.items() if kind not in BEATS) for task in tasks]
        floor = sum(fewest(size).values())
        sizes[str(size)] = {
            "floor": floor,
            "mean": mean(totals),
            "at_the_floor": sum(total == floor for total in totals),
            "kinds": {kind: mean(task[kind] for task in tasks) for kind in kinds},
            "floor_kinds": fewest(size),
            "sqs": mean(sum(task[kind] for kind in SQS) for task in tasks),
            "tasks": [dict(task) for task in tasks],
        }
    return {"clip_seconds": CLIP_SECONDS, "at_once": workload.AT_ONCE, "sizes": sizes}


def table(found: dict[str, Any]) -> Table:
    """Return the figures as a table: per task on average, and after the slash the floor."""
    sizes = found["sizes"]
    shown = Table(title="(c) Requests to DynamoDB and SQS per task: on average / at least")
    shown.add_column("request")
    shown.add_column("to")
    for size in sizes:
        shown.add_column(f"n = {size}", justify="right")
    for kind in {kind: None for values in sizes.values() for kind in values["kinds"]}:
        cells = [
            f"{values['kinds'].get(kind, 0):.1f} / {values['floor_kinds'].get(kind, 0)}" for values in sizes.values()
        ]
        shown.add_row(kind, MEANINGS.get(kind, ""), *cells)
    sums = [f"{values['mean']:.1f} / {values['floor']}" for values in sizes.values()]
    shown.add_row("sum", "", *sums, style="bold")
    shares = [f"{values['at_the_floor']} of {len(values['tasks'])}" for values in sizes.values()]
    shown.add_row("tasks at the floor", "", *shares)
    return shown
