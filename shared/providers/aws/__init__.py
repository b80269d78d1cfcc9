"""The provider `aws`: Rekognition Video for videos, Transcribe for speech; both read the input in S3 themselves.

It keeps no state of its own. A job's name is made of the workbench's `job`, which is the same in each attempt at a
subtask, and both services answer a job that they know instead of doing it again. So an attempt starts its job, looks
once and raises JobRunning; the next one asks in the same words and gets the same job, whoever died in between.
"""

from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from shared.operations.findings import Provider, Segment
from shared.providers.aws import rekognition, transcribe
from shared.stores.object_store import ObjectStore
from shared.stores.s3 import S3Connection

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient
    from mypy_boto3_transcribe import TranscribeServiceClient

    from shared.operations.operation import OperationContext

# Whatever else goes wrong, the attempt comes again by itself, and a worker that waits is paid for.
CONFIG = Config(connect_timeout=3, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 4})


class Aws:
    """AWS's own services, as a provider of findings."""

    name = "aws"

    @cached_property
    def rekognition(self) -> "RekognitionClient":
        """The client of Rekognition."""
        return boto3.client("rekognition", config=CONFIG)

    @cached_property
    def transcribe(self) -> "TranscribeServiceClient":
        """The client of Transcribe."""
        return boto3.client("transcribe", config=CONFIG)

    @cached_property
    def objects(self) -> ObjectStore:
        """S3."""
        return ObjectStore(S3Connection())

    def labels(self, context: "OperationContext") -> tuple[Segment, ...]:
        """Return things, scenes and actions, as Rekognition names them."""
        return rekognition.find_labels(self.rekognition, context)

    def moderation(self, context: "OperationContext") -> tuple[Segment, ...]:
        """Return stretches of what Rekognition's content moderation warns of: `text` names it more closely."""
        return rekognition.find_moderation(self.rekognition, context)

    def text(self, context: "OperationContext") -> tuple[Segment, ...]:
        """Return lines of text in the video, for as long as each is to be seen."""
        return rekognition.find_text_lines(self.rekognition, context)

    def speech(self, context: "OperationContext", language: str | None) -> tuple[Segment, ...]:
        """Return sentences, as Transcribe hears them; `language` is `de` or `de-CH`, found out when it is None."""
        return transcribe.find_sentences(self.transcribe, self.objects, context, language)


PROVIDER: Provider = Aws()
