"""The operations that exist, by the type of the subtask that they do."""

from collections.abc import Mapping
from typing import Any

from shared.operations import screenshot, transcode
from shared.operations.operation import Operation
from shared.task import SubtaskType

OPERATIONS: Mapping[SubtaskType, Operation[Any]] = {
    SubtaskType.TRANSCODE: transcode.OPERATION,
    SubtaskType.SCREENSHOT: screenshot.OPERATION,
}
