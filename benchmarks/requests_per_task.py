"""(c) Requests to DynamoDB and SQS per task, counted on the wire, compared with the fewest possible."""

import math
from collections import Counter
from statistics import mean
from typing import Any

from rich.table import Table

from benchmarks import workload
from benchmarks.counting_proxy import CountingProxy, run_counting_proxy
from benchmarks.stack import Stack, client

CLIP_SECONDS = 5
FUNCTIONS = ("OnUploadFunctionName", "RunSubtaskFunctionName")
BATCH = 10  # SQS: messages in one SendMessageBatch
SQS = frozenset({"SendMessageBatch", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"})
# A long attempt sends this every 5 s: it depends on the length of the video, not on the number of subtasks.
BEATS = frozenset({"progress", "renew", "renew, refused"})
MEANINGS = {
    "Query": "read the orchestrations",
    "decision": "put the verdict, which names the task",
    "plan": "put the plan of the task",
    "create": "put the task",
    "SendMessageBatch": "send the messages",
    "mark_sent": "record that they are sent",
    "claim": "take a lease",
    "record": "put an attempt's record",
    "finish": "end a subtask",
    "finish, refused": "last or not: a wrong assumption",
    "GetItem": "read the task before a claim and at a heartbeat, and its plan",
    "progress": "report progress (not in the sum)",
    "renew": "renew the lease (not in the sum)",
}


def min_requests(size: int) -> dict[str, int]:
    """Return the fewest possible requests of each kind for a task of `size` independent subtasks."""
    once = {
        "Query": 1,
        "decision": 1,
        "plan": 1,
        "create": 1,
        "SendMessageBatch": math.ceil(size / BATCH),
        "mark_sent": 1,
    }
    return once | {"GetItem": size + 1, "claim": size, "record": size, "finish": size}


def measure(stack: Stack, tasks: int) -> dict[int, list[Counter[str]]]:
    """Run tasks of each size, one at a time; return the requests of each by kind."""
    with run_counting_proxy(stack.info.aws_endpoint_url) as proxy:
        route_through_proxy(stack, proxy)
        stack.put(workload.clip(1), f"{workload.name_of(4)}/warm-up.mp4")
        return {
            size: [count_requests(stack, proxy, size, number) for number in range(tasks)] for size in workload.TEMPLATES
        }


def count_requests(stack: Stack, proxy: CountingProxy, size: int, number: int) -> Counter[str]:
    """Run a task and return its requests."""
    proxy.take()
    stack.put(workload.clip(CLIP_SECONDS), f"{workload.name_of(size)}/requests-{number:02}.mp4")
    return proxy.take()


def route_through_proxy(stack: Stack, proxy: CountingProxy) -> None:
    """Let the functions that process tasks call DynamoDB and SQS through the proxy.

    The API, which this benchmark asks for progress, and the sweeper go their own ways uncounted.
    """
    functions = client(stack.info, "lambda")
    for output in FUNCTIONS:
        name = stack.info.outputs[output]
        variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        through = {f"AWS_ENDPOINT_URL_{service}": proxy.url for service in ("DYNAMODB", "SQS")}
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables | through})


def figures(found: dict[int, list[Counter[str]]]) -> dict[str, Any]:
    """Return the requests per task of each size with the minimum, and all counts."""
    sizes = {}
    for size, tasks in found.items():
        kinds = [*MEANINGS, *sorted({kind for task in tasks for kind in task} - set(MEANINGS))]
        totals = [sum(number for kind, number in task.items() if kind not in BEATS) for task in tasks]
        least = sum(min_requests(size).values())
        sizes[str(size)] = {
            "min": least,
            "mean": mean(totals),
            "at_minimum": sum(total == least for total in totals),
            "kinds": {kind: mean(task[kind] for task in tasks) for kind in kinds},
            "min_kinds": min_requests(size),
            "sqs": mean(sum(task[kind] for kind in SQS) for task in tasks),
            "tasks": [dict(task) for task in tasks],
        }
    return {"clip_seconds": CLIP_SECONDS, "at_once": workload.AT_ONCE, "sizes": sizes}


def table(found: dict[str, Any]) -> Table:
    """Return the figures as a table: the average per task, then the minimum after the slash."""
    sizes = found["sizes"]
    shown = Table(title="(c) Requests to DynamoDB and SQS per task: on average / at least")
    shown.add_column("request")
    shown.add_column("to")
    for size in sizes:
        shown.add_column(f"n = {size}", justify="right")
    for kind in {kind: None for values in sizes.values() for kind in values["kinds"]}:
        cells = [
            f"{values['kinds'].get(kind, 0):.1f} / {values['min_kinds'].get(kind, 0)}" for values in sizes.values()
        ]
        shown.add_row(kind, MEANINGS.get(kind, ""), *cells)
    sums = [f"{values['mean']:.1f} / {values['min']}" for values in sizes.values()]
    shown.add_row("sum", "", *sums, style="bold")
    shares = [f"{values['at_minimum']} of {len(values['tasks'])}" for values in sizes.values()]
    shown.add_row("tasks at the minimum", "", *shares)
    return shown
