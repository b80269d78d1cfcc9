"""Speech from Transcribe: start a job, look at it once, and turn its transcript into sentences.

A job's name is unique in an account, so that no attempt starts it twice, and Transcribe keeps it for 90 days. The
transcript stays in the service's bucket and is deleted with the job: nothing is left in ours. (Transcribe writes a
probe file into any bucket that it should write to and tags nothing, so that no lifecycle rule would find it.) The link
from GetTranscriptionJob needs no S3 permission. The job isn't deleted immediately, because an attempt that died after
that would start it, and pay for it, again.
"""

import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, cast

from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

from shared.domain.output_names import format_of
from shared.domain.task import Source
from shared.errors import AccessDenied, Interrupted, JobRunning, MediaRejected, NotFound, NotReadable
from shared.operations.analysis.speech import split_sentences
from shared.operations.findings import Segment
from shared.providers.aws.calls import (
    JOBS,
    check_media,
    code_of,
    job_failed_error,
    missing_feature_error,
    translate_errors,
)
from shared.providers.aws.transcript import iter_words
from shared.stores.object_store import ObjectStore

if TYPE_CHECKING:
    from botocore.model import StringShape
    from mypy_boto3_transcribe import TranscribeServiceClient

    from shared.operations.operation import OperationContext


SERVICE = "Transcribe"
FORMATS: Mapping[str, str] = {
    **{name: name for name in ("amr", "flac", "m4a", "mp3", "mp4", "ogg", "wav", "webm")},
    "m4v": "mp4",
    "oga": "ogg",
    "opus": "ogg",
}
REMEDY = (
    "It reads AMR, FLAC, M4A, MP3, MP4, Ogg, WAV and WebM with audio: add a TRANSCODE to m4a, and make it "
    "this subtask's input"
)
# The country, if only a language is given and Transcribe has several.
USUAL: Mapping[str, str] = {
    "ar": "ar-SA",
    "ckb": "ckb-IQ",
    "cy": "cy-GB",
    "de": "de-DE",
    "en": "en-US",
    "es": "es-ES",
    "et": "et-EE",
    "fa": "fa-IR",
    "fr": "fr-FR",
    "pt": "pt-BR",
    "sw": "sw-KE",
    "zh": "zh-CN",
    "zh-hans": "zh-CN",
    "zh-hant": "zh-TW",
}
OK = 200
TIMEOUT = 20  # Seconds without a byte of a transcript.


def find_sentences(
    client: "TranscribeServiceClient", objects: ObjectStore, context: "OperationContext", language: str | None
) -> tuple[Segment, ...]:
    """Return the spoken sentences; raise JobRunning until they are ready."""
    reason = ""
    for number in range(1, JOBS + 1):
        name = f"reelmill-{context.job}-speech-{number}"
        job = fetch_job(client, name)
        if job is None:
            start_transcription(client, objects, context.files.input_object, name, language)
        elif job["TranscriptionJobStatus"] == "COMPLETED":
            results = fetch_transcript(job["Transcript"]["TranscriptFileUri"])["results"]
            return split_sentences(tuple(iter_words(results)), job.get("LanguageCode"))
        if job is None or job["TranscriptionJobStatus"] != "FAILED":
            message = f"waiting for {SERVICE} to transcribe the speech"
            raise JobRunning(message)
        reason = job.get("FailureReason", "no reason was given")
        check_media(SERVICE, reason, REMEDY)
    raise job_failed_error(SERVICE, reason)


def fetch_job(client: "TranscribeServiceClient", name: str) -> Mapping[str, Any] | None:
    """Return the job of that name, None if there is none."""
    with translate_errors(SERVICE):
        try:
            return client.get_transcription_job(TranscriptionJobName=name)["TranscriptionJob"]
        except ClientError as error:
            # The first is documented, the second was observed; for a valid name, both mean the same.
            if code_of(error) in {"NotFoundException", "BadRequestException"}:
                return None
            raise


def start_transcription(
    client: "TranscribeServiceClient", objects: ObjectStore, place: Source, name: str, language: str | None
) -> None:
    """Start a job, unless another attempt has started it meanwhile."""
    kind = FORMATS.get(format_of(place.key))
    if kind is None:
        message = f"{SERVICE} can't read a file with this extension. {REMEDY}"
        raise missing_feature_error(message)
    known = cast("StringShape", client.meta.service_model.shape_for("LanguageCode")).enum
    spoken = {"IdentifyLanguage": True} if language is None else {"LanguageCode": language_code(language, known)}
    check_newest(objects, place)
    request: dict[str, Any] = {
        "TranscriptionJobName": name,
        "Media": {"MediaFileUri": f"s3://{place.bucket}/{place.key}"},
        "MediaFormat": kind,
        **spoken,
    }
    with translate_errors(SERVICE):
        try:
            client.start_transcription_job(**request)
        except ClientError as error:
            if code_of(error) != "ConflictException":
                raise


def check_newest(objects: ObjectStore, place: Source) -> None:
    """Raise MediaRejected unless the pinned object is the newest of its key: Transcribe reads no other version."""
    message = f"the source file was deleted before {SERVICE} could read it, and {SERVICE} reads no earlier version"
    deleted = MediaRejected(message, code="SourceFileError.Deleted")
    try:
        newest = objects.read_source(place.bucket, place.key)
    except NotReadable as error:
        raise AccessDenied("S3 denied access to the source file", final=deleted) from error
    except NotFound as error:
        raise deleted from error
    pinned, found = (
        (place.version_id, newest.version_id) if place.version_id else (place.e_tag or newest.e_tag, newest.e_tag)
    )
    if pinned != found:
        message = (
            f"the source file was overwritten after this task was created, and {SERVICE} reads only the newest "
            "version; the newer upload has its own task"
        )
        raise MediaRejected(message, code="SourceFileError.Changed")


def language_code(wanted: str, known: Collection[str]) -> str:
    """Return Transcribe's code for a language, such as `de` or `de-CH`; raise ParametersRejected if it has none."""
    tag = wanted.replace("_", "-").lower()
    codes = {code.lower(): code for code in known}
    found = codes.get(tag) or USUAL.get(tag) or next((codes[c] for c in sorted(codes) if c.startswith(f"{tag}-")), None)
    if found is None:
        message = f"{SERVICE} doesn't support the language {wanted}: omit language, and {SERVICE} detects it"
        raise missing_feature_error(message)
    return found


def fetch_transcript(link: str) -> Mapping[str, Any]:
    """Return the transcript behind a presigned link; each look at the job gives a new link."""
    with translate_errors(SERVICE):
        answer = URLLib3Session(timeout=TIMEOUT).send(AWSRequest(method="GET", url=link).prepare())
    if answer.status_code != OK:
        message = f"{SERVICE} did not return its transcript: HTTP {answer.status_code}"
        raise Interrupted(message, code="InternalError.Service")
    transcript: Mapping[str, Any] = json.loads(answer.content)
    return transcript
