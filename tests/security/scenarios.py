"""Why each permission is needed: a scenario that fails without it."""

import json
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from shared.domain.page_token import write_token
from shared.domain.task import Lane
from shared.use_cases.downloads import ZipLocation
from tests.security.restricted_stack import INTERRUPTED, PRIORITIES, Cloud
from tests.support.permissions import FUNCTIONS, Permission, polled

Scenario = Callable[[Cloud], None]
Subtask = dict[str, Any]

COVER: Subtask = {"name": "cover", "type": "SCREENSHOT", "params": {"at": [0], "width": 32}}
PAIR: Subtask = {"name": "pair", "type": "SCREENSHOT", "params": {"at": [0, 0.3], "width": 32}}
SMALL: Subtask = {"name": "small", "type": "TRANSCODE", "params": {"video": {"speed": "fastest"}, "audio": "none"}}
OF_SMALL: Subtask = {"name": "of-small", "type": "SCREENSHOT", "input": "small", "params": {"at": [0], "width": 16}}
LARGE = 200 * 1024**2  # bytes: past what goes up in one piece


# ---------------------------------------------------------------- OnUpload
def an_upload_becomes_a_task(cloud: Cloud, lane: Lane = Lane.STANDARD) -> None:
    folder = f"lane-{lane.lower()}"
    cloud.call(
        "PUT",
        f"/orchestrations/{folder}",
        {"trigger": {"prefix": f"{folder}/"}, "priority": PRIORITIES[lane], "subtasks": [COVER]},
    )
    key = cloud.key(folder)

    [verdict] = cloud.uploaded(key, cloud.put(key))

    assert verdict["verdict"] == "MATCHED"
    assert cloud.messages(lane, verdict["taskId"])
    assert cloud.subtask(verdict["taskId"])["waiting"]["reason"] == "QUEUED"


def an_upload_without_a_version_is_remembered(cloud: Cloud) -> None:
    key = cloud.key("unversioned")
    cloud.put(key)

    [verdict] = cloud.uploaded(key, "null")

    assert verdict["key"] == key


def an_upload_is_processed_by_a_template_of_ones_own(cloud: Cloud) -> None:
    cloud.call("PUT", "/templates/own", {"operation": "SCREENSHOT", "params": {"at": [0]}})
    subtask = {"name": "cover", "type": "SCREENSHOT", "template": "own"}
    cloud.call("PUT", "/orchestrations/own", {"trigger": {"prefix": "own/"}, "subtasks": [subtask]})
    key = cloud.key("own")

    [verdict] = cloud.uploaded(key, cloud.put(key))

    assert verdict["taskId"]


def an_upload_that_is_told_twice_has_one_task(cloud: Cloud) -> None:
    cloud.call("PUT", "/orchestrations/twice", {"trigger": {"prefix": "twice/"}, "subtasks": [COVER]})
    key = cloud.key("twice")
    version = cloud.put(key)

    [first], [second] = cloud.uploaded(key, version), cloud.uploaded(key, version)

    assert (second["verdict"], second["taskId"]) == ("DUPLICATE", first["taskId"])


# -------------------------------------------------------------- RunSubtask
def a_video_is_made(cloud: Cloud) -> None:
    task = cloud.task(COVER)

    cloud.work(task)

    [output] = cloud.call("GET", f"/tasks/{task}/subtasks/1/outputs")["outputs"]
    tags = cloud.client("s3").get_object_tagging(Bucket=output["bucket"], Key=output["key"])
    assert tags["TagSet"] == []  # so that it stays


def a_video_is_made_of_an_output(cloud: Cloud, lane: Lane = Lane.STANDARD) -> None:
    task = cloud.task(SMALL, OF_SMALL, lane=lane)

    cloud.work(task, lane=lane)
    cloud.work(task, 2, lane=lane)

    assert cloud.subtask(task, 2)["status"] == "SUCCESSFUL"


def a_film_bears_a_mark(cloud: Cloud) -> None:
    mark = cloud.key(ending="jpg")
    cloud.put(mark, video(cloud))
    task = cloud.task({**SMALL, "params": {**SMALL["params"], "watermarks": [{"image": mark}]}})

    cloud.work(task)

    assert cloud.subtask(task)["status"] == "SUCCESSFUL"


def a_film_among_the_outputs_is_read(cloud: Cloud) -> None:
    task = cloud.task(COVER, source=stored_output(cloud))

    cloud.work(task)

    assert cloud.subtask(task)["status"] == "SUCCESSFUL"


def a_lost_attempt_leaves_nothing(cloud: Cloud, lane: Lane = Lane.STANDARD) -> None:
    key = cloud.key()
    cloud.put(key)
    task = cloud.task(PAIR, lane=lane, source={"key": key})

    with cloud.refusing("*-pair-2.jpg"):
        log = cloud.work(task, lane=lane)

    assert INTERRUPTED in log
    assert cloud.subtask(task)["status"] == "WAITING"
    assert not cloud.files(f"{key.removesuffix('.mp4')}/")


def a_day_has_a_budget(cloud: Cloud) -> None:
    with cloud.configured("RunSubtask", REELMILL_DAILY_COMPUTE_SECONDS="86400"):
        a_video_is_made(cloud)


# ------------------------------------------------------------------- Sweep
def a_lost_message_is_sent_again(cloud: Cloud, lane: Lane = Lane.STANDARD) -> None:
    task = cloud.task(COVER, lane=lane)
    cloud.messages(lane, task)
    overdue(cloud, task)

    swept, _ = cloud.invoke("Sweep", {})

    assert swept["checked"]
    assert not swept["failed"]
    assert cloud.messages(lane, task)


def a_dead_letter_ends_its_subtask(cloud: Cloud) -> None:
    task = cloud.task(COVER)
    body = {"taskId": task, "run": 1, "subtask": 1}

    cloud.invoke("Sweep", {"Records": [{"body": json.dumps(body)}]})

    assert cloud.subtask(task)["error"]["code"] == "InternalError.Undeliverable"


# ----------------------------------------------------------------- TaskApi
def a_task_is_asked_for(cloud: Cloud, lane: Lane = Lane.STANDARD) -> None:
    assert cloud.messages(lane, cloud.task(COVER, lane=lane))


def a_task_of_a_version_is_asked_for(cloud: Cloud) -> None:
    key = cloud.key()
    cloud.task(COVER, source={"key": key, "versionId": cloud.put(key)})


def the_source_plays(cloud: Cloud) -> None:
    task = cloud.task(COVER)

    assert cloud.follow("GET", cloud.call("GET", f"/tasks/{task}/source")["url"]).content == cloud.film


def a_source_among_the_outputs_plays(cloud: Cloud) -> None:
    task = cloud.task(COVER, source=stored_output(cloud))

    assert cloud.follow("GET", cloud.call("GET", f"/tasks/{task}/source")["url"]).content == cloud.film


def a_file_goes_up_by_a_link(cloud: Cloud) -> None:
    plan = cloud.call("POST", "/uploads", {"key": cloud.key("none"), "size": len(cloud.film)}, status=201)

    cloud.follow(plan["method"], plan["url"], headers=plan["headers"], content=cloud.film)


def a_large_upload_is_given_up(cloud: Cloud) -> None:
    plan = cloud.call("POST", "/uploads", {"key": cloud.key("none"), "size": LARGE}, status=201)

    cloud.follow(plan["abort"]["method"], plan["abort"]["url"])


def what_was_there_before_is_judged(cloud: Cloud) -> None:
    key = cloud.key("before")
    cloud.put(key)

    [verdict] = cloud.call("POST", "/uploads/backfill", {"prefix": key})["verdicts"]

    assert verdict["key"] == key


def what_had_its_task_is_not_refused_later(cloud: Cloud) -> None:
    name = cloud.key("x", "y").partition("/")[2].replace(".", "-")
    cloud.call("PUT", f"/orchestrations/past-{name}", {"trigger": {"prefix": "past/"}, "subtasks": [COVER]})
    key = cloud.key("past")
    cloud.uploaded(key, cloud.put(key))
    cloud.call("DELETE", f"/orchestrations/past-{name}", status=204)

    [verdict] = cloud.call("POST", "/uploads/backfill", {"prefix": key})["verdicts"]

    assert verdict["verdict"] == "DUPLICATE"


def the_verdicts_are_listed(cloud: Cloud, query: str = "") -> None:
    cloud.call("GET", f"/uploads/verdicts?{query}")


def the_tasks_are_listed(cloud: Cloud, query: str = "") -> None:
    cloud.task(COVER)
    cloud.call("GET", f"/tasks?{query}")


def a_task_is_looked_at(cloud: Cloud) -> None:
    cloud.call("GET", f"/tasks/{cloud.task(COVER)}")


def a_subtask_is_looked_at(cloud: Cloud) -> None:
    cloud.subtask(cloud.task(COVER))


def a_place_in_the_queue_is_shown(cloud: Cloud, lane: Lane) -> None:
    assert cloud.subtask(cloud.task(COVER, lane=lane))["waiting"]["ahead"] is not None


def a_task_is_ended(cloud: Cloud) -> None:
    cloud.call("POST", f"/tasks/{cloud.task(COVER)}/end")


def a_task_is_canceled_with_many(cloud: Cloud) -> None:
    tasks = [cloud.task(COVER), cloud.task(COVER)]

    results = cloud.call("POST", "/tasks/bulk", {"action": "CANCEL", "taskIds": tasks})["results"]

    assert [result["error"] for result in results] == [None, None]


def a_task_is_restarted(cloud: Cloud) -> None:
    task = cloud.task(COVER)
    cloud.call("POST", f"/tasks/{task}/cancel")

    assert cloud.call("POST", f"/tasks/{task}/restart")["run"] == 2


def a_template_comes_and_goes(cloud: Cloud) -> None:
    body = {"operation": "SCREENSHOT", "params": {"at": [0]}}
    cloud.call("PUT", "/templates/passing", body)
    cloud.call("GET", "/templates/passing")
    cloud.call("DELETE", "/templates/passing", status=204)


def the_orchestrations_are_listed(cloud: Cloud) -> None:
    cloud.call("GET", "/orchestrations")


def an_output_is_fetched(cloud: Cloud) -> None:
    [output, _] = cloud.call("GET", f"/tasks/{finished(cloud)}/subtasks/1/outputs")["outputs"]

    cloud.follow("GET", output["url"])


def all_outputs_come_as_a_zip(cloud: Cloud) -> None:
    task = finished(cloud)
    unzipped(cloud, task)

    cloud.follow("GET", cloud.call("GET", f"/tasks/{task}/subtasks/1/download", status=302))


def a_zip_is_gone_on_with(cloud: Cloud) -> None:
    task = finished(cloud)
    place = unzipped(cloud, task)
    begun = cloud.client("s3").create_multipart_upload(Bucket=place.bucket, Key=place.key)
    resume = write_token(begun["UploadId"], place)

    cloud.call("GET", f"/tasks/{task}/subtasks/1/download?{urlencode({'resume': resume})}", status=302)


# --------------------------------------------------------------- beginnings
def video(cloud: Cloud) -> bytes:
    """Return a video that Reelmill made."""
    [output, _] = cloud.call("GET", f"/tasks/{finished(cloud)}/subtasks/1/outputs")["outputs"]
    return cloud.follow("GET", output["url"]).content


def finished(cloud: Cloud) -> str:
    """Return a task that has made two videos; the first scenario that asks has it made."""
    if cloud.finished is None:
        task = cloud.task(PAIR)
        cloud.work(task)
        cloud.finished = task
    return cloud.finished


def stored_output(cloud: Cloud) -> dict[str, str]:
    """Put the film among the outputs, and return its place."""
    key = cloud.key()
    version = cloud.put(key, bucket=cloud.stack.output_bucket)
    return {"bucket": cloud.stack.output_bucket, "key": key, "versionId": version}


def unzipped(cloud: Cloud, task: str) -> ZipLocation:
    """Remove the zip of a finished task, if there is one, and return where it will lie."""
    first, _ = cloud.call("GET", f"/tasks/{task}/subtasks/1/outputs")["outputs"]
    place = ZipLocation(first["bucket"], f"{first['key'].rpartition('/')[0]}/{task}-1.zip")
    cloud.client("s3").delete_object(Bucket=place.bucket, Key=place.key)
    return place


def overdue(cloud: Cloud, task: str) -> None:
    """Let a task's message have got lost, and its look be due."""
    cloud.client("dynamodb").update_item(
        TableName=cloud.stack.outputs["TasksTableName"],
        Key={"pk": {"S": task}, "sk": {"S": "TASK"}},
        UpdateExpression="SET due_at = :past ADD unsent :one",
        ExpressionAttributeValues={":past": {"N": str(int(time.time()))}, ":one": {"NS": ["1"]}},
    )


QUEUES = {Lane.URGENT: "UrgentQueue", Lane.STANDARD: "SubtaskQueue", Lane.BACKGROUND: "BackgroundQueue"}


def by_lane(function: str, action: str, scenario: Callable[..., None]) -> dict[str, Scenario]:
    """Return the same scenario for the queue of each lane."""
    return {f"{function} sqs:{action} {queue}": partial(scenario, lane=lane) for lane, queue in QUEUES.items()}


SCENARIOS: Mapping[str, Scenario] = {
    "OnUpload dynamodb:PutItem TasksTable": an_upload_becomes_a_task,
    "OnUpload dynamodb:UpdateItem TasksTable": an_upload_becomes_a_task,
    "OnUpload dynamodb:GetItem TasksTable": an_upload_that_is_told_twice_has_one_task,
    "OnUpload dynamodb:Query CatalogTable": an_upload_is_processed_by_a_template_of_ones_own,
    "OnUpload dynamodb:PutItem UploadsTable": an_upload_becomes_a_task,
    "OnUpload dynamodb:UpdateItem UploadsTable": an_upload_without_a_version_is_remembered,
    "OnUpload dynamodb:GetItem UploadsTable": an_upload_that_is_told_twice_has_one_task,
    **by_lane("OnUpload", "SendMessage", an_upload_becomes_a_task),
    "RunSubtask s3:GetObject InputBucket/*": a_film_bears_a_mark,
    "RunSubtask s3:GetObjectVersion InputBucket/*": a_video_is_made,
    "RunSubtask s3:GetObject OutputBucket/*": a_video_is_made_of_an_output,
    "RunSubtask s3:GetObjectVersion OutputBucket/*": a_film_among_the_outputs_is_read,
    "RunSubtask s3:PutObject OutputBucket/*": a_video_is_made,
    "RunSubtask s3:DeleteObjectTagging OutputBucket/*": a_video_is_made,
    "RunSubtask s3:DeleteObject OutputBucket/*": a_lost_attempt_leaves_nothing,
    "RunSubtask dynamodb:GetItem TasksTable": a_video_is_made_of_an_output,
    "RunSubtask dynamodb:PutItem TasksTable": a_video_is_made,
    "RunSubtask dynamodb:UpdateItem TasksTable": a_video_is_made,
    "RunSubtask dynamodb:Query TasksTable": a_day_has_a_budget,
    **by_lane("RunSubtask", "SendMessage", a_video_is_made_of_an_output),
    **by_lane("RunSubtask", "ChangeMessageVisibility", a_lost_attempt_leaves_nothing),
    "Sweep dynamodb:GetItem TasksTable": a_lost_message_is_sent_again,
    "Sweep dynamodb:UpdateItem TasksTable": a_dead_letter_ends_its_subtask,
    "Sweep dynamodb:Query TasksTable/index/by_due": a_lost_message_is_sent_again,
    **by_lane("Sweep", "SendMessage", a_lost_message_is_sent_again),
    "TaskApi s3:GetObject InputBucket/*": a_task_is_asked_for,
    "TaskApi s3:GetObjectVersion InputBucket/*": the_source_plays,
    "TaskApi s3:PutObject InputBucket/*": a_file_goes_up_by_a_link,
    "TaskApi s3:AbortMultipartUpload InputBucket/*": a_large_upload_is_given_up,
    "TaskApi s3:ListBucketVersions InputBucket": what_was_there_before_is_judged,
    "TaskApi s3:GetObject OutputBucket/*": an_output_is_fetched,
    "TaskApi s3:GetObjectVersion OutputBucket/*": a_source_among_the_outputs_plays,
    "TaskApi s3:PutObject OutputBucket/*": all_outputs_come_as_a_zip,
    "TaskApi s3:ListMultipartUploadParts OutputBucket/*": a_zip_is_gone_on_with,
    "TaskApi s3:ListBucketMultipartUploads OutputBucket": all_outputs_come_as_a_zip,
    "TaskApi dynamodb:GetItem TasksTable": a_task_is_looked_at,
    "TaskApi dynamodb:PutItem TasksTable": a_task_is_restarted,
    "TaskApi dynamodb:UpdateItem TasksTable": a_task_is_canceled_with_many,
    "TaskApi dynamodb:BatchGetItem TasksTable": the_tasks_are_listed,
    "TaskApi dynamodb:Query TasksTable": a_subtask_is_looked_at,
    "TaskApi dynamodb:Query TasksTable/index/by_age": the_tasks_are_listed,
    "TaskApi dynamodb:Query TasksTable/index/by_status": partial(the_tasks_are_listed, query="outcome=FAILED"),
    "TaskApi dynamodb:Query TasksTable/index/by_source": partial(the_tasks_are_listed, query="sourceKey=a"),
    "TaskApi dynamodb:Query TasksTable/index/by_orchestration": partial(the_tasks_are_listed, query="orchestration=a"),
    "TaskApi dynamodb:GetItem CatalogTable": a_template_comes_and_goes,
    "TaskApi dynamodb:PutItem CatalogTable": a_template_comes_and_goes,
    "TaskApi dynamodb:UpdateItem CatalogTable": a_template_comes_and_goes,
    "TaskApi dynamodb:DeleteItem CatalogTable": a_template_comes_and_goes,
    "TaskApi dynamodb:Query CatalogTable": the_orchestrations_are_listed,
    "TaskApi dynamodb:GetItem UploadsTable": what_had_its_task_is_not_refused_later,
    "TaskApi dynamodb:PutItem UploadsTable": what_was_there_before_is_judged,
    "TaskApi dynamodb:Query UploadsTable/index/by_time": the_verdicts_are_listed,
    "TaskApi dynamodb:Query UploadsTable/index/by_key": partial(the_verdicts_are_listed, query="key=a"),
    **by_lane("TaskApi", "SendMessage", a_task_is_asked_for),
    **by_lane("TaskApi", "GetQueueAttributes", a_place_in_the_queue_is_shown),
}

# More scenarios: everything else that the functions do must work with their permissions.
OTHERS = (a_task_of_a_version_is_asked_for, a_task_is_ended)

POLLING = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
POLLER = "Lambda's poller asks by the function's role, and AWS lists all three; the emulator takes messages by itself"
LOGS = "Lambda writes a function's log by the function's role; the emulator writes it by itself"
TAGS = "S3 asks for it when an object comes with its tags; the emulator doesn't"
JOBS = "the emulator names no job to IAM; tests/unit/providers/test_aws_transcribe.py shows when it is called"
# Why the emulator can do without a permission that AWS asks for.
UNASKED: Mapping[str, str] = {
    **{
        f"{function} logs:{action} {function}Logs": LOGS
        for function in FUNCTIONS
        for action in ("CreateLogStream", "PutLogEvents")
    },
    **{
        f"{function} xray:{action} *": "there is no X-Ray here"
        for function in FUNCTIONS
        for action in ("PutTraceSegments", "PutTelemetryRecords")
    },
    **{
        f"RunSubtask rekognition:{verb}{what} *": "the emulator has no Rekognition; test_aws_rekognition.py shows it"
        for verb in ("Start", "Get")
        for what in ("LabelDetection", "ContentModeration", "TextDetection")
    },
    "RunSubtask transcribe:StartTranscriptionJob *": JOBS,
    "RunSubtask transcribe:GetTranscriptionJob transcription-job/reelmill-*": JOBS,
    "RunSubtask s3:PutObjectTagging OutputBucket/*": TAGS,
    "TaskApi s3:PutObjectTagging OutputBucket/*": TAGS,
    "RunSubtask s3:AbortMultipartUpload OutputBucket/*": "for a part that fails midway; test_media_store has one",
    "TaskApi dynamodb:UpdateItem UploadsTable": "the stack's buckets keep versions; test_backfill.py has one without",
    "OnUpload sqs:SendMessage FailedUploadsQueue": "Lambda sends what has failed; the emulator does it by itself",
}


def unasked(permission: Permission) -> str | None:
    """Return why the emulator can do without a permission; None when it asks for it."""
    if permission.action in POLLING and permission.resource in polled(permission.function):
        return None if str(permission) in SCENARIOS else POLLER
    return UNASKED.get(str(permission))
