"""The operations that exist, by the type of the subtask that they do."""

from collections.abc import Mapping
from typing import Any

from shared.operations import (
    analyze,
    animate,
    enhance,
    inspection,
    moderate,
    recognize,
    sample_screenshots,
    screenshot,
    separate_audio,
    sprite,
    stream,
    transcode,
)
from shared.operations.operation import Operation
from shared.task import SubtaskType

OPERATIONS: Mapping[SubtaskType, Operation[Any]] = {
    SubtaskType.TRANSCODE: transcode.OPERATION,
    SubtaskType.STREAM: stream.OPERATION,
    SubtaskType.ENHANCE: enhance.OPERATION,
    SubtaskType.SCREENSHOT: screenshot.OPERATION,
    SubtaskType.SAMPLE_SCREENSHOTS: sample_screenshots.OPERATION,
    SubtaskType.SPRITE: sprite.OPERATION,
    SubtaskType.ANIMATE: animate.OPERATION,
    SubtaskType.ANALYZE: analyze.OPERATION,
    SubtaskType.RECOGNIZE: recognize.OPERATION,
    SubtaskType.MODERATE: moderate.OPERATION,
    SubtaskType.INSPECT: inspection.OPERATION,
    SubtaskType.SEPARATE_AUDIO: separate_audio.OPERATION,
}
