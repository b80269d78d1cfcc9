"""Red of every origin stays red on every path, and a video states how to read its colors."""

from typing import Any

import pytest

from shared.domain.subtask import SubtaskType
from tests.support.clips import Clips, decoded, middle
from tests.support.local_files import Operate

RED = (220, 40, 30)
FAST = {"speed": "fastest"}
SOURCES = (
    *("red.mp4", "red-601.mp4", "red-nameless.mp4", "red-nameless-small.mp4", "red-rgb.mov", "red-rgb.mkv"),
    *("red-jpeg.avi", "red-full.mp4"),
)
BT_709, BT_470_BG, BT_601 = 1, 5, 6  # ITU-T H.273, table 4
MATRICES = {"red-601.mp4": BT_601, "red-nameless-small.mp4": BT_601, "red-jpeg.avi": BT_470_BG}
LIMITED = 1


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize(
    ("kind", "params"),
    [
        (SubtaskType.SCREENSHOT, {"format": "jpeg"}),
        (SubtaskType.SCREENSHOT, {"format": "png"}),
        (SubtaskType.SPRITE, {}),
        (SubtaskType.ANIMATE, {"format": "gif", "duration": 0.3}),
    ],
)
def test_a_video_is_as_red_as_the_video(
    clip: Clips, operate: Operate, kind: SubtaskType, params: dict[str, Any], name: str
) -> None:
    made = operate(kind, clip(name), **params)

    (video,) = (file for file in made.files if file.content_type.startswith("image/"))
    assert middle(decoded(video.path).frames[0]) == pytest.approx(RED, abs=8)


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize(
    ("kind", "params"),
    [
        (SubtaskType.TRANSCODE, {"video": {**FAST, "height": 90}}),
        (SubtaskType.TRANSCODE, {"video": {**FAST, "width": 90, "height": 90, "fit": "fill"}}),
        (SubtaskType.TRANSCODE, {"container": "mov", "video": {"codec": "prores", "height": 90}}),
        (SubtaskType.STREAM, {**FAST, "ladder": [{"height": 180, "bitrate": 400}, {"height": 90, "bitrate": 200}]}),
        (SubtaskType.ENHANCE, {"video": {"denoise": "light", "upscale": {"height": 720}, "encoding": FAST}}),
    ],
)
def test_a_video_is_as_red_as_its_source_and_says_so(
    clip: Clips, operate: Operate, kind: SubtaskType, params: dict[str, Any], name: str
) -> None:
    made = operate(kind, clip(name), **params)

    frames = [decoded(file.path).frames[0] for file in made.files if file.content_type.startswith("video/")]
    assert frames
    for frame in frames:
        assert middle(frame) == pytest.approx(RED, abs=8)
        assert (frame.colorspace, frame.color_range) == (MATRICES.get(name, BT_709), LIMITED)
