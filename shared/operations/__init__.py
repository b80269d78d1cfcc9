"""The operations, by the type of the subtask that runs them."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from shared.domain.subtask import SubtaskType

if TYPE_CHECKING:
    from shared.operations.operation import Operation

MODULES: Mapping[SubtaskType, str] = {
    SubtaskType.TRANSCODE: "transcoding.transcode",
    SubtaskType.STREAM: "streaming.stream",
    SubtaskType.ENHANCE: "enhancement.enhance",
    SubtaskType.SCREENSHOT: "stills.screenshot",
    SubtaskType.SAMPLE_SCREENSHOTS: "stills.sample_screenshots",
    SubtaskType.SPRITE: "stills.sprite",
    SubtaskType.ANIMATE: "stills.animate",
    SubtaskType.ANALYZE: "analysis.analyze",
    SubtaskType.RECOGNIZE: "analysis.recognize",
    SubtaskType.MODERATE: "analysis.moderate",
    SubtaskType.INSPECT: "inspection.inspection",
    SubtaskType.SEPARATE_AUDIO: "separation.separate_audio",
}


class _Operations(Mapping[SubtaskType, "Operation[Any]"]):
    """The operations. Each is imported when it is first used, because all of them take half of a cold start."""

    def __getitem__(self, kind: SubtaskType) -> "Operation[Any]":
        module = import_module(f"{__name__}.{MODULES[kind]}")
        return cast("Operation[Any]", module.OPERATION)

    def __iter__(self) -> Iterator[SubtaskType]:
        return iter(MODULES)

    def __len__(self) -> int:
        return len(MODULES)


OPERATIONS: Mapping[SubtaskType, "Operation[Any]"] = _Operations()
