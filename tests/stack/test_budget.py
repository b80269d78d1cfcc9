"""A stack with a budget: what is over it waits, says so in every list, and can be ended."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from infra.local.stack import StackInfo
from tests.stack.conftest import Client
from tests.stack.test_end_to_end import Api, eventually, put

COVER = {"name": "cover", "type": "SCREENSHOT", "params": {"at": [0], "width": 64}}


@pytest.fixture(scope="module")
def api(stack: StackInfo) -> Iterator[Api]:
    with httpx.Client(timeout=30, trust_env=False) as http:
        yield Api(stack, http)


@pytest.fixture
def budget(stack: StackInfo, client: Client) -> Iterator[Callable[..., None]]:
    """Deploy other limits; the old ones are back afterwards."""
    functions, name = client("lambda"), stack.outputs["RunSubtaskFunctionName"]
    before: dict[str, str] = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]

    def deploy(**limits: int) -> None:
        variables = before | {name: str(limit) for name, limit in limits.items()}
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})

    yield deploy
    deploy()


def test_a_task_over_the_days_budget_waits_and_is_never_started_once_it_is_ended(
    api: Api, stack: StackInfo, client: Client, budget: Callable[..., None], blink: bytes
) -> None:
    api.call("PUT", "/orchestrations/counted", {"trigger": {"prefix": "counted/"}, "subtasks": [COVER]})
    budget(REELMILL_DAILY_TASKS=1)
    put(client, stack, "counted/first.mp4", blink)
    assert api.completed(api.task_of("counted/first.mp4")["taskId"])["outcome"] == "SUCCEEDED"
    put(client, stack, "counted/second.mp4", blink)
    identifier = api.task_of("counted/second.mp4")["taskId"]

    def held() -> dict[str, Any] | None:
        waiting: dict[str, Any] = api.call("GET", f"/tasks/{identifier}")["subtasks"][0]["waiting"]
        return waiting if waiting["reason"] == "BUDGET" else None

    assert "as many tasks have started today as may (DailyTasks: 1)" in eventually(held)["message"]
    listed = {task["taskId"]: task["status"] for task in api.call("GET", "/tasks", orchestration="counted")["tasks"]}
    assert listed[identifier] == "WAITING"
    assert api.call("POST", f"/tasks/{identifier}/end")["outcome"] == "ENDED"
    client("lambda").invoke(FunctionName=stack.outputs["SweepFunctionName"], Payload=json.dumps({}))
    assert api.call("GET", f"/tasks/{identifier}")["startedAt"] is None
