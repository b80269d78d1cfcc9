"""The provider `aws`: Rekognition Video for video, Transcribe for speech; both read the input in S3 themselves.

It has no state. A job's name comes from the context's `job`, which is the same in each attempt at a subtask, and both
services answer a name that they know with its job instead of a new one. So an attempt starts its job, looks once and
raises JobRunning; the next attempt sends the same request and gets the same job, whichever attempt died in between.
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

# On any other error the attempt is repeated anyway, and a worker that waits costs money.
CONFIG = Config(connect_timeout=3, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 4})


class Aws:
    """The AWS services as a provider of findings."""

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
        """Return things, scenes and actions, with Rekognition's names."""
        return rekognition.find_labels(self.rekognition, context)

    def moderation(self, context: "OperationContext") -> tuple[Segment, ...]:
        """Return what Rekognition's content moderation reports; `text` has its detailed labels."""
        return rekognition.find_moderation(self.rekognition, context)

    def text(self, context: "OperationContext") -> tuple[Segment, ...]:
        """Return the lines of text in the video, each for as long as it is visible."""
        return rekognition.find_text_lines(self.rekognition, context)

    def speech(self, context: "OperationContext", language: str | None) -> tuple[Segment, ...]:
        """Return Transcribe's sentences; `language` is `de` or `de-CH`, detected if it is None."""
        return transcribe.find_sentences(self.transcribe, self.objects, context, language)


PROVIDER: Provider = Aws()
