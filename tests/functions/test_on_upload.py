"""S3's events of both kinds, as AWS sends them."""

import json
from typing import Any
from urllib.parse import quote_plus

import pytest

from functions.on_upload.handler import handler
from shared.domain.ids import time_prefix
from shared.domain.orchestration import OrchestrationDocument, TemplateDocument
from shared.domain.subtask import SubtaskType
from shared.domain.task import Source
from shared.errors import ServiceBusy
from shared.services import Services
from shared.use_cases.catalog import store_orchestration, store_template
from shared.use_cases.tasks import read_task
from tests.support.deployment import received
from tests.support.functions import Context, an_event, logged, metrics
from tests.support.outages import outage

KEYS = [
    "a b",
    "a+b",
    "a%20b",
    "100%",
    "a%2Bb+c d",
    "Überraschung é",
    "予告編",
    "😀 👩‍👩‍👧",
    "a&b=c?d#e",
    "e\u0301",
]
AT = 1_750_000_000_123


def a_notification(*keys: str, **thing: object) -> dict[str, Any]:
    """Return S3's own event, whose keys are encoded as in forms."""
    (record,) = an_event("s3-put")["Records"]
    records = []
    for key in keys:
        changed = json.loads(json.dumps(record))
        changed["eventTime"] = "2025-06-15T15:06:40.123Z"
        changed["s3"]["object"] |= {"key": quote_plus(key, safe="/"), **thing}
        records.append(changed)
    return {"Records": records}


def an_eventbridge_event(key: str) -> dict[str, Any]:
    """Return the event of EventBridge, whose keys are not encoded."""
    event = an_event("eventbridge-object-created")
    event["time"] = "2025-06-15T15:06:40Z"
    event["detail"]["object"]["key"] = key
    return event


def a_failure(event: dict[str, Any]) -> dict[str, Any]:
    """Return the message of FailedUploadsQueue with which Lambda returns an event after three attempts."""
    message = an_event("failed-upload")
    (record,) = message["Records"]
    record["body"] = json.dumps(json.loads(record["body"]) | {"requestPayload": event})
    return message


def test_the_event_that_sam_generates_creates_a_task(services: Services, context: Context) -> None:
    (verdict,) = handler(an_event("s3-put"), context)

    assert verdict == {
        "key": "uploads/big buck bunny.mp4",
        "verdict": "MATCHED",
        "reason": "task created",
        "orchestration": "web-video",
        "taskId": verdict["taskId"],
    }
    assert read_task(services, "main", verdict["taskId"]).source == Source(
        "reelmill-input", "uploads/big buck bunny.mp4", 1024, "0123456789abcdef0123456789abcdef"
    )
    assert len(received(services.settings)) == 3


def test_the_event_of_eventbridge_creates_the_same_task(services: Services, context: Context) -> None:
    (verdict,) = handler(an_event("eventbridge-object-created"), context)

    assert verdict["verdict"] == "MATCHED"
    assert read_task(services, "main", verdict["taskId"]).source == Source(
        "reelmill-input",
        "uploads/big buck bunny.mp4",
        1024,
        "0123456789abcdef0123456789abcdef",
        "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
    )


def test_an_event_that_failed_before_creates_a_task_when_its_queue_delivers_it(
    services: Services, context: Context
) -> None:
    (verdict,) = handler(an_event("failed-upload"), context)

    assert verdict["verdict"] == "MATCHED"
    assert read_task(services, "main", verdict["taskId"]).source == Source(
        "reelmill-input",
        "uploads/big buck bunny.mp4",
        1024,
        "0123456789abcdef0123456789abcdef-2",
        "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
    )


def test_an_orchestration_can_use_a_custom_template(services: Services, context: Context) -> None:
    store_template(
        services, "main", TemplateDocument(name="mine", operation=SubtaskType.SCREENSHOT, params={"at": [0]})
    )
    mine = {
        "name": "own",
        "trigger": {"prefix": "own/"},
        "subtasks": [{"name": "cover", "type": "SCREENSHOT", "template": "mine"}],
    }
    store_orchestration(services, "main", OrchestrationDocument.model_validate(mine))

    (verdict,) = handler(a_notification("own/a.mp4"), context)

    assert read_task(services, "main", verdict["taskId"]).subtasks[0].params["at"] == [0]


@pytest.mark.parametrize("name", KEYS)
def test_a_name_is_decoded_exactly_once(services: Services, context: Context, name: str) -> None:
    key = f"uploads/{name}.mp4"
    from_s3, from_eventbridge = a_notification(key), an_eventbridge_event(key)

    for event in (from_s3, from_eventbridge, a_failure(from_s3), a_failure(from_eventbridge)):
        (verdict,) = handler(event, context)
        assert verdict["key"] == key
        assert read_task(services, "main", verdict["taskId"]).source.key == key


@pytest.mark.parametrize("version", ["null", "", None])
def test_an_object_of_a_bucket_without_versions_has_no_version(
    services: Services, context: Context, version: str | None
) -> None:
    from_eventbridge = an_eventbridge_event("uploads/b.mp4")
    from_eventbridge["detail"]["object"]["version-id"] = version

    for event in (a_notification("uploads/a.mp4", versionId=version), from_eventbridge):
        (verdict,) = handler(event, context)
        assert read_task(services, "main", verdict["taskId"]).source.version_id is None


def test_the_version_and_the_time_of_the_event_go_into_the_task(services: Services, context: Context) -> None:
    (verdict,) = handler(a_notification("uploads/a.mp4", versionId="v7"), context)

    assert read_task(services, "main", verdict["taskId"]).source.version_id == "v7"
    assert verdict["taskId"].startswith(time_prefix(AT))


def test_every_record_gets_its_verdict(services: Services, context: Context) -> None:
    assert services
    keys = ["uploads/a.mp4", "uploads/notes.txt", "elsewhere/a.mp4", "uploads/folder/"]

    verdicts = handler(a_notification(*keys), context)

    assert [verdict["key"] for verdict in verdicts] == keys
    assert [verdict["verdict"] for verdict in verdicts] == [
        "MATCHED",
        "WRONG_FORMAT",
        "NO_MATCH",
        "EMPTY_OBJECT",
    ]
    assert json.loads(json.dumps(verdicts)) == verdicts


def test_an_output_of_reelmill_starts_no_task(services: Services, context: Context) -> None:
    event = a_notification("uploads/a.mp4")
    event["Records"][0]["s3"]["bucket"]["name"] = services.settings.output_bucket

    assert [verdict["verdict"] for verdict in handler(event, context)] == ["OWN_OUTPUT"]


def test_the_same_event_again_is_a_duplicate(services: Services, context: Context) -> None:
    event = a_notification("uploads/a.mp4")
    (first,) = handler(event, context)

    (again,) = handler(event, context)

    assert (again["verdict"], again["taskId"]) == ("DUPLICATE", first["taskId"])
    assert len(received(services.settings)) == 3


@pytest.mark.parametrize(
    "event",
    [
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2025-06-15T15:06:40Z", "Bucket": "input"},
        {"Records": []},
        {"Records": [{"eventName": "ObjectRemoved:Delete", "eventTime": "2025-06-15T15:06:40Z"}]},
        {"detail-type": "Object Deleted", "source": "aws.s3", "detail": {"object": {"key": "uploads/a.mp4"}}},
        a_failure({"Records": [{"eventName": "ObjectRemoved:DeleteMarkerCreated"}]}),
    ],
)
def test_an_event_without_a_new_object_creates_no_task(
    services: Services, context: Context, event: dict[str, Any]
) -> None:
    assert handler(event, context) == []
    assert received(services.settings) == []


def test_all_events_of_an_object_create_one_task(services: Services, context: Context) -> None:
    key = "uploads/a.mp4"
    from_s3, from_eventbridge = a_notification(key, versionId="v1"), an_eventbridge_event(key)
    from_eventbridge["detail"]["object"]["version-id"] = "v1"

    verdicts = [
        handler(event, context)[0]
        for event in (from_s3, from_eventbridge, a_failure(from_eventbridge), a_failure(from_s3))
    ]

    assert [verdict["verdict"] for verdict in verdicts] == ["MATCHED", "DUPLICATE", "DUPLICATE", "DUPLICATE"]
    assert len({verdict["taskId"] for verdict in verdicts}) == 1
    assert len(received(services.settings)) == 3


def test_an_event_that_fails_again_stays_in_its_queue(services: Services, context: Context) -> None:
    event = a_failure(a_notification("uploads/a.mp4"))

    with outage("PutItem"), pytest.raises(ServiceBusy):
        handler(event, context)

    assert [verdict["verdict"] for verdict in handler(event, context)] == ["MATCHED"]
    assert len(received(services.settings)) == 3


def test_an_event_that_could_not_be_processed_fails_so_that_lambda_delivers_it_again(
    services: Services, context: Context
) -> None:
    event = a_notification("uploads/a.mp4")

    with outage("PutItem"), pytest.raises(ServiceBusy):
        handler(event, context)

    assert [verdict["verdict"] for verdict in handler(event, context)] == ["MATCHED"]
    assert len(received(services.settings)) == 3


def test_each_verdict_is_logged_and_counted(
    services: Services, context: Context, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    assert services
    (verdict,) = handler(a_notification("uploads/notes.txt"), context)

    judged = logged(caplog, "upload judged")
    assert {name: judged.get(name) for name in verdict} == verdict
    assert judged["function_request_id"] == context.aws_request_id
    assert metrics(capsys)["UploadVerdicts"] == [1.0]
