"""The API's links: they fetch what they say, under the right name."""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import requests

from shared.services import Services
from tests.deployment import keys, put
from tests.functions.conftest import Api
from tests.functions.test_task_api import COVER, MOMENT, SHOTS, a_task, worked

ODD = "uploads/Ü +%25, é 予告編 😀.mp4"


def fetched(url: str) -> bytes:
    answer = requests.get(url, timeout=10)
    assert answer.status_code == 200
    return answer.content


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@pytest.fixture
def done(api: Api, world: Services, blink: bytes) -> dict[str, Any]:
    """A task with one file of its first subtask and two of its second."""
    return worked(api, world, a_task(api, key=ODD, content=blink, subtasks=[COVER, SHOTS]))


def test_the_source_plays_as_it_was_pinned(api: Api) -> None:
    made = a_task(api, key=ODD, content=b"first")
    put(ODD, b"second")

    link = api.get(f"/tasks/{made['taskId']}/source").json

    assert set(link) == {"url", "expiresAt", "contentType"}
    assert link["contentType"] == query(link["url"])["response-content-type"] == "video/mp4"
    assert MOMENT.fullmatch(link["expiresAt"])
    assert query(link["url"])["response-content-disposition"].startswith("inline")
    assert fetched(link["url"]) == b"first"


def test_outputs_can_be_played_and_saved(api: Api, done: dict[str, Any]) -> None:
    (output,) = api.get(f"/tasks/{done['taskId']}/subtasks/1/outputs").json["outputs"]

    assert f"s3://{output['bucket']}/{output['key']}" == done["subtasks"][0]["output"]
    assert output["fileName"] == "Ü +%25, é 予告編 😀-cover.jpg"
    assert fetched(output["url"]) == fetched(output["downloadUrl"])
    assert len(fetched(output["url"])) == output["size"]
    assert query(output["url"])["response-content-disposition"].startswith("inline")
    saved = query(output["downloadUrl"])["response-content-disposition"]
    assert saved.startswith("attachment")
    assert unquote(saved).endswith(output["fileName"])


def test_a_download_leads_to_the_file(api: Api, done: dict[str, Any]) -> None:
    answer = api.get(f"/tasks/{done['taskId']}/subtasks/1/download")

    assert (answer.status, answer.text) == (302, "")
    assert fetched(answer.headers["location"])[:3] == b"\xff\xd8\xff"
    assert query(answer.headers["location"])["response-content-disposition"].startswith("attachment")


def test_of_several_files_one_must_be_named(api: Api, done: dict[str, Any]) -> None:
    path = f"/tasks/{done['taskId']}/subtasks/2"
    outputs = api.get(f"{path}/outputs").json["outputs"]

    which = api.get(f"{path}/download")
    second = api.get(f"{path}/download", number=2)

    assert [output["number"] for output in outputs] == [1, 2]
    assert (which.code, which.json["details"]) == ("409 SeveralOutputs", {"numbers": [1, 2]})
    assert fetched(second.headers["location"]) == fetched(outputs[1]["url"])
    assert api.get(f"{path}/download", number=3).code == "404 OutputNotFound"
    assert api.get(f"{path}/download", number=0).code == "400 InvalidRequest"


def test_the_files_of_an_earlier_run_stay_in_reach(api: Api, world: Services, done: dict[str, Any]) -> None:
    path = f"/tasks/{done['taskId']}"
    before = api.get(f"{path}/subtasks/1/outputs").json["outputs"][0]
    again = worked(api, world, api.post(f"{path}/restart").json)

    old = api.get(f"{path}/subtasks/1/outputs", run=1).json["outputs"][0]
    new = api.get(f"{path}/subtasks/1/outputs").json["outputs"][0]

    assert again["run"] == 2
    assert old["key"] == before["key"] != new["key"]
    assert fetched(old["url"]) == fetched(new["url"])
    assert api.get(f"{path}/subtasks/1/download", run=1).status == 302
    assert len(keys()) == 6
