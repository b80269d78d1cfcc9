"""The attempts at each hostile file: all operations in the long profile, one in the quick one."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from shared.domain.subtask import SubtaskType
from shared.operations import OPERATIONS
from tests.security.worker import Case
from tests.support.hostile.files import Hostile, Role

FASTEST = {"video": {"speed": "fastest"}}
# How each operation is asked: so that all that it can do with a file is done, and quickly.
PARAMS: Mapping[SubtaskType, dict[str, Any]] = {
    SubtaskType.TRANSCODE: {**FASTEST, "audio": {"tracks": "all"}},
    SubtaskType.STREAM: {"speed": "fastest", "ladder": [{"height": 90, "bitrate": 150}]},
    SubtaskType.ENHANCE: {"video": {"denoise": "light"}},
    SubtaskType.SCREENSHOT: {"at": [0, "50%", "100%"]},
    SubtaskType.SAMPLE_SCREENSHOTS: {"every": 0.5},
    SubtaskType.SPRITE: {"every": 0.5, "columns": 2, "rows": 2},
    SubtaskType.ANIMATE: {"frameRate": 5, "width": 96},
    SubtaskType.ANALYZE: {},
    SubtaskType.RECOGNIZE: {},
    SubtaskType.MODERATE: {},
    SubtaskType.INSPECT: {},
    SubtaskType.SEPARATE_AUDIO: {},
}
# Those that load no model.
QUICK = (
    SubtaskType.SCREENSHOT,
    SubtaskType.TRANSCODE,
    SubtaskType.SPRITE,
    SubtaskType.STREAM,
    SubtaskType.ANIMATE,
    SubtaskType.SAMPLE_SCREENSHOTS,
)


def cases(files: Sequence[tuple[Hostile, Path]], *, long: bool) -> Iterator[tuple[Hostile, Case]]:
    """Yield the attempts at each file, which lies at that path."""
    no = 0
    for place, (file, path) in enumerate(files):
        for kind, params in _asked(file, place, long=long):
            yield file, Case(no, str(path), file.key, kind, params, good_source=file.role is not Role.SOURCE)
            no += 1


def _asked(file: Hostile, place: int, *, long: bool) -> list[tuple[SubtaskType, dict[str, Any]]]:
    if file.role is Role.JOINED:
        return [(SubtaskType.TRANSCODE, {**FASTEST, "tail": [file.key]})]
    if file.role is Role.WATERMARK:
        mark = {"watermarks": [{"image": file.key}]}
        asked: list[tuple[SubtaskType, dict[str, Any]]] = [
            (SubtaskType.SCREENSHOT, {"at": [0], **mark}),
            (SubtaskType.TRANSCODE, {"video": {"speed": "fastest"}, **mark}),
        ]
        return asked if long else asked[:1]
    kinds = list(OPERATIONS) if long else [QUICK[place % len(QUICK)]]
    return [(kind, PARAMS[kind]) for kind in kinds]
