"""Outputs that are copied into the input bucket: their own orchestration does not take them, others do."""

from collections.abc import Sequence
from typing import Any

from shared.domain.orchestration import OrchestrationDocument
from shared.domain.task import OrchestrationRef, Source, Task
from shared.use_cases.catalog import store_orchestration
from tests.support.attempts import COVER, SMALL, a_made_task, accepted, codes, worked
from tests.support.deployment import ClockedServices, client, keys, put
from tests.support.factories import make_upload


def orchestrated(services: ClockedServices, *names: str, rules: Sequence[dict[str, Any]] = (SMALL,)) -> None:
    """Store orchestrations that make a small video of each upload under their name."""
    for name in names:
        document = {"name": name, "trigger": {"prefix": f"{name}/"}, "subtasks": rules}
        store_orchestration(services, "main", OrchestrationDocument.model_validate(document))


def arrived(services: ClockedServices, source: Source) -> Task:
    """Accept an object as an upload, and run its task."""
    facts = {"e_tag": source.e_tag, "version_id": source.version_id, "size": source.size}
    return worked(services, accepted(services, make_upload(source.key, at=services.now(), **facts)))


def copied(task: Task, key: str) -> Source:
    """Copy the output of a task into the input bucket, as `aws s3 cp` and replication do."""
    s3, output = client("s3"), (task.subtasks[0].output or "").removeprefix("s3://output/")
    s3.copy_object(Bucket="input", Key=key, CopySource={"Bucket": "output", "Key": output})
    head = s3.head_object(Bucket="input", Key=key)
    return Source("input", key, head["ContentLength"], head["ETag"].strip('"'), head["VersionId"])


def test_a_copy_of_an_output_is_not_taken_by_the_orchestration_that_made_it(
    services: ClockedServices, blink: bytes
) -> None:
    orchestrated(services, "one")
    first = arrived(services, put("one/clip.mp4", blink))

    task = arrived(services, copied(first, "one/copy.mp4"))

    assert codes(task) == ["SourceFileError.OwnOutput"]
    assert len(keys()) == 1


def test_orchestrations_may_follow_each_other_but_not_in_a_ring(services: ClockedServices, blink: bytes) -> None:
    orchestrated(services, "one", "two")
    first = arrived(services, put("one/clip.mp4", blink))

    second = arrived(services, copied(first, "two/copy.mp4"))
    third = arrived(services, copied(second, "one/copy-of-copy.mp4"))

    assert second.orchestration == OrchestrationRef("two", 1)
    assert codes(second) == [None]
    assert codes(third) == ["SourceFileError.OwnOutput"]


def test_an_output_made_of_another_output_of_its_task_names_its_makers_too(
    services: ClockedServices, blink: bytes
) -> None:
    orchestrated(services, "one", rules=(SMALL, {**COVER, "input": "small"}))

    task = arrived(services, put("one/clip.mp4", blink))

    assert codes(task) == [None, None]
    heads = [client("s3").head_object(Bucket="output", Key=key) for key in keys()]
    assert [head["Metadata"] for head in heads] == [{"reelmill-made-by": "main/one"}] * 2


def test_a_requested_task_without_an_orchestration_is_created(services: ClockedServices, blink: bytes) -> None:
    orchestrated(services, "one")
    first = arrived(services, put("one/clip.mp4", blink))

    task = worked(services, a_made_task(services, copied(first, "elsewhere/copy.mp4"), COVER))

    assert codes(task) == [None]


def test_the_same_file_uploaded_anew_is_a_new_file(services: ClockedServices, blink: bytes) -> None:
    orchestrated(services, "one")
    arrived(services, put("one/clip.mp4", blink))
    [output] = keys()

    body = client("s3").get_object(Bucket="output", Key=output)["Body"].read()

    assert codes(arrived(services, put("one/again.mp4", body))) == [None]
