"""The operations, by the type of the subtask that runs them."""

from collections.abc import Mapping
from typing import Any

from shared.domain.subtask import SubtaskType
from shared.operations.analysis import analyze, moderate, recognize
from shared.operations.enhancement import enhance
from shared.operations.inspection import inspection
from shared.operations.operation import Operation
from shared.operations.separation import separate_audio
from shared.operations.stills import animate, sample_screenshots, screenshot, sprite
from shared.operations.streaming import stream
from shared.operations.transcoding import transcode

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
