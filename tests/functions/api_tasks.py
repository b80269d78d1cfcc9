"""Helpers of the API's tests: create tasks, process them, and read them."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from shared.services import Services
from shared.stores.subtask_queue import parse_message_body
from shared.worker.run import run_subtask
from tests.support.deployment import put, received
from tests.support.functions import Api

COVER = {"name": "cover", "type": "SCREENSHOT", "params": {"at": [0]}}
SHOTS = {"name": "shots", "type": "SCREENSHOT", "params": {"at": ["0%", "50%"]}}
LATE = {"name": "late", "type": "SCREENSHOT", "params": {"at": ["01:00:00"]}}
MOMENT = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ")
ODD = "uploads/Ü +%25, é 予告編 😀.mp4"
DOCUMENT = {
    "description": "Überblick",
    "trigger": {"prefix": "films/", "formats": ["MP4"]},
    "priority": -2,
    "subtasks": [{"name": "cover", "type": "SCREENSHOT"}],
}
TEMPLATE = {"operation": "SCREENSHOT", "summary": "early", "params": {"at": [1], "width": 64}}


def a_body(key: str = "uploads/a.mp4", **fields: Any) -> dict[str, Any]:  # noqa: ANN401
    """Put an object; return the body that creates its task."""
    source = put(key, fields.pop("content", b"Dear diary"))
    usual = {} if "orchestration" in fields else {"subtasks": [COVER]}
    return {"source": {"bucket": source.bucket, "key": source.key}, **usual, **fields}


def a_task(api: Api, **fields: Any) -> dict[str, Any]:  # noqa: ANN401
    """Create a task."""
    answer = api.post("/tasks", a_body(**fields))
    assert answer.status == 201
    made: dict[str, Any] = answer.json
    return made


def worked(api: Api, services: Services, made: dict[str, Any]) -> dict[str, Any]:
    """Process the messages of the queue; return the task as the API then shows it."""
    for message in received(services.settings):
        run_subtask(services, parse_message_body(message["Body"]), 60)
    shown: dict[str, Any] = api.get(f"/tasks/{made['taskId']}").json
    return shown


def unexplained(task: dict[str, Any]) -> dict[str, Any]:
    """Return a task without the explanations of its waiting subtasks: only a GET shows the length of the queue."""
    subtasks = [{name: value for name, value in one.items() if name != "waiting"} for one in task["subtasks"]]
    return {**task, "subtasks": subtasks}


def ids(api: Api, **query: Any) -> list[str]:  # noqa: ANN401
    return [task["taskId"] for task in api.get("/tasks", **query).json["tasks"]]


def fetched(url: str) -> bytes:
    answer = requests.get(url, timeout=10)
    assert answer.status_code == 200
    return answer.content


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
