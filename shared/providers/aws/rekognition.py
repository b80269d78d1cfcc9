"""Findings of Rekognition Video: start a job, look at it once, and read its answer page by page.

No job ID is stored: the same ClientRequestToken gets the same JobId for seven days, as long as the answer is kept, and
the job isn't repeated: https://docs.aws.amazon.com/rekognition/latest/dg/api-video.html. A subtask that waits for its
job ends within hours.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from shared.domain.output_names import format_of
from shared.domain.task import Source
from shared.errors import JobRunning
from shared.media.ffmpeg import AttemptProgress
from shared.operations.findings import Segment
from shared.providers.aws.calls import (
    JOBS,
    check_media,
    code_of,
    job_failed_error,
    missing_feature_error,
    translate_errors,
)
from shared.providers.aws.sightings import GAP_MS, Sighting, merge_sightings, to_segments

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient

    from shared.operations.operation import OperationContext


SERVICE = "Rekognition"
FORMATS = frozenset({"mp4", "m4v", "mov", "qt"})  # MPEG-4 and MOV, by all their extensions
REMEDY = "It reads MP4 and MOV with H.264 video: add a TRANSCODE to mp4, and make it this subtask's input"
PAGE = 1000  # Rekognition: the largest effective MaxResults.
# Percent; Rekognition's default is 50, but the operation's parameters decide which findings are too uncertain.
UNSURE = 20
# The categories of content moderation 7 with our names, which other providers share:
# https://docs.aws.amazon.com/rekognition/latest/dg/moderation-api.html
CATEGORIES: Mapping[str, str] = {
    "Explicit": "NUDITY",
    "Non-Explicit Nudity of Intimate parts and Kissing": "SUGGESTIVE",
    "Swimwear or Underwear": "SWIMWEAR",
    "Violence": "VIOLENCE",
    "Visually Disturbing": "DISTURBING",
    "Drugs & Tobacco": "DRUGS",
    "Alcohol": "ALCOHOL",
    "Rude Gestures": "RUDE_GESTURES",
    "Gambling": "GAMBLING",
    "Hate Symbols": "HATE_SYMBOLS",
}
OTHER = "OTHER"  # a category of a later model
DETAILS = 5  # the maximum number of detailed labels of a segment

Requests = Mapping[str, Any]


@dataclass(frozen=True)
class Job:
    """A kind of job: its name in tokens, its purpose for people, and its two requests."""

    name: str
    goal: str
    start: "Callable[[RekognitionClient, dict[str, Any]], Requests]"
    get: "Callable[[RekognitionClient, dict[str, Any]], Requests]"


LABELS = Job(
    "labels",
    "find labels",
    lambda client, request: client.start_label_detection(**request, MinConfidence=UNSURE),
    lambda client, request: client.get_label_detection(**request, AggregateBy="SEGMENTS", SortBy="TIMESTAMP"),
)
MODERATION = Job(
    "moderation",
    "moderate the video",
    lambda client, request: client.start_content_moderation(**request, MinConfidence=UNSURE),
    lambda client, request: client.get_content_moderation(**request, AggregateBy="SEGMENTS", SortBy="TIMESTAMP"),
)
TEXT = Job(
    "text",
    "read text",
    lambda client, request: client.start_text_detection(**request),
    lambda client, request: client.get_text_detection(**request),
)


def find_labels(client: "RekognitionClient", context: "OperationContext") -> tuple[Segment, ...]:
    """Return each label for as long as it is visible."""
    return to_segments(
        merge_sightings(
            parse_sighting(found, found["Label"]["Name"], found["Label"]["Confidence"])
            for page in iter_answer_pages(client, LABELS, context)
            for found in page.get("Labels", [])
        )
    )


def find_moderation(client: "RekognitionClient", context: "OperationContext") -> tuple[Segment, ...]:
    """Return each category for as long as it is visible, with its detailed labels.

    Rekognition lists a finding three times, as itself and as its ancestors; they become one segment.
    """
    found = [
        each for page in iter_answer_pages(client, MODERATION, context) for each in page.get("ModerationLabels", [])
    ]
    parents = {each["ModerationLabel"]["Name"]: each["ModerationLabel"].get("ParentName", "") for each in found}
    seen = [
        parse_sighting(
            each,
            CATEGORIES.get(top_category(each["ModerationLabel"]["Name"], parents), OTHER),
            each["ModerationLabel"]["Confidence"],
            each["ModerationLabel"]["Name"],
        )
        for each in found
    ]
    stretches = merge_sightings(replace(each, text=None) for each in seen)
    return to_segments(replace(stretch, text=subcategories(stretch, seen)) for stretch in stretches)


def find_text_lines(client: "RekognitionClient", context: "OperationContext") -> tuple[Segment, ...]:
    """Return each line of text for as long as it is visible: until the first look without it."""
    looks: set[int] = set()
    length = 0

    def lines() -> Iterator[Sighting]:
        nonlocal length
        for page in iter_answer_pages(client, TEXT, context):
            length = page.get("VideoMetadata", {}).get("DurationMillis", 0)
            for found in page.get("TextDetections", []):
                looks.add(found["Timestamp"])
                line = found["TextDetection"]
                if line["Type"] == "LINE":  # its words follow as separate entries
                    yield parse_sighting(found, "TEXT", line["Confidence"], line["DetectedText"])

    seen = merge_sightings(lines())
    step = min((later - earlier for earlier, later in pairwise(sorted(looks))), default=0)
    lasting = min(step, GAP_MS)
    return to_segments(replace(line, end=max(line.end, min(line.end + lasting, length))) for line in seen)


def iter_answer_pages(client: "RekognitionClient", job: Job, context: "OperationContext") -> Iterator[Requests]:
    """Yield the answer's pages; raise JobRunning until it is ready."""
    reason = ""
    for number in range(1, JOBS + 1):
        identifier = start_job(client, job, context.files.input_object, f"{context.job}-{job.name}-{number}")
        if identifier is None:
            continue
        page = fetch_page(client, job, identifier)
        if page["JobStatus"] == "IN_PROGRESS":
            message = f"waiting for {SERVICE} to {job.goal}"
            raise JobRunning(message)
        if page["JobStatus"] == "SUCCEEDED":
            yield page
            while following := page.get("NextToken"):
                context.report(AttemptProgress(0, "reading findings"))
                page = fetch_page(client, job, identifier, NextToken=following)
                yield page
            return
        reason = page.get("StatusMessage", "no reason was given")
        check_media(SERVICE, reason, REMEDY)
    raise job_failed_error(SERVICE, reason or "its jobs had been started with other parameters")


def start_job(client: "RekognitionClient", job: Job, place: Source, token: str) -> str | None:
    """Start a job, or find the one started with this token; None if that one has other parameters."""
    if format_of(place.key) not in FORMATS:
        message = f"{SERVICE} can't read a file with this extension. {REMEDY}"
        raise missing_feature_error(message)
    here = {"Bucket": place.bucket, "Name": place.key, **({"Version": place.version_id} if place.version_id else {})}
    with translate_errors(SERVICE):
        try:
            identifier: str = job.start(client, {"Video": {"S3Object": here}, "ClientRequestToken": token})["JobId"]
        except ClientError as error:
            # A deployment since then sends other parameters, and the earlier job can't be reached any more.
            if code_of(error) == "IdempotentParameterMismatchException":
                return None
            raise
    return identifier


def fetch_page(client: "RekognitionClient", job: Job, identifier: str, **more: str) -> Requests:
    """Return a page of a job's answer."""
    with translate_errors(SERVICE):
        return job.get(client, {"JobId": identifier, "MaxResults": PAGE, **more})


def parse_sighting(found: Mapping[str, Any], label: str, confidence: float, line: str | None = None) -> Sighting:
    """Return a finding as a sighting; one without a duration lasts for a moment."""
    start = found.get("StartTimestampMillis", found["Timestamp"])
    return Sighting(start, max(start, found.get("EndTimestampMillis", start)), label, confidence, line)


def top_category(name: str, parents: Mapping[str, str]) -> str:
    """Return the ancestor of a moderation label at the top of its hierarchy."""
    for _ in parents:
        if not (parent := parents.get(name)):
            break
        name = parent
    return name


def subcategories(stretch: Sighting, seen: list[Sighting]) -> str | None:
    """Return the labels below a category that were seen in one of its segments, the most certain first."""
    within = [
        each for each in seen if each.label == stretch.label and each.start <= stretch.end and each.end >= stretch.start
    ]
    within.sort(key=lambda each: -each.confidence)
    names = dict.fromkeys(each.text for each in within if each.text and each.text not in CATEGORIES)
    return ", ".join(list(names)[:DETAILS]) or None
