"""Valid and invalid parameters of ENHANCE, checked before a file is read."""

from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from shared.media.probe import Video
from shared.operations.enhancement.enhance_audio import (
    Leveling,
    LevelingMethod,
    cleaning_filters,
    correct_leveling,
    leveling_warnings,
)
from shared.operations.enhancement.enhance_params import EnhanceAudioParams, EnhanceParams, LoudnessParams, Strength
from shared.operations.enhancement.enhance_video import enhancement_filters
from shared.operations.loudness import Loudness

ALL = {
    "deinterlace": "fields",
    "stabilize": "light",
    "denoise": "strong",
    "deband": True,
    "upscale": {"width": 1920},
    "sharpen": "medium",
    "frameRate": 60,
    "motion": "smooth",
}
ASKED = LoudnessParams(target=-16, true_peak=-1)
WAY = Leveling(("anull",), LevelingMethod.LINEAR, gain=4, ceiling=-1.5)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "nothing to enhance"),
        ({"container": "m4a", "video": {"denoise": "light"}}, "holds no video"),
        ({"container": "mp3", "audio": {}, "video": {"encoding": {"crf": 20}}}, "holds no video"),
        ({"container": "webm", "video": {"encoding": {"codec": "h264"}}}, "webm holds vp9 or av1"),
        ({"video": {"encoding": {"crf": 60}}}, "outside the range of h264"),
        ({"video": {"encoding": {"crf": 20, "bitrate": 2000}}}, "not both"),
        ({"video": {}, "audio": {"encoding": {"tracks": "all"}}}, "one audio track"),
        ({"video": {"upscale": {}}}, "upscale has neither width nor height"),
        ({"video": {"motion": "smooth"}}, "give frameRate"),
        ({"video": {"denoise": "extreme"}}, "light"),
        ({"video": {"denoise": "light,drawtext=textfile=/etc/passwd"}}, "light"),
        ({"audio": {"loudness": {"target": -3}}}, "less than or equal to -8"),
        ({"audio": {"loudness": {"truePeak": 1}}}, "less than or equal to 0"),
    ],
)
def test_what_does_not_go_together_is_refused(params: Mapping[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        EnhanceParams.model_validate(params)


def test_an_enhanced_video_is_compressed_less_than_a_transcoded_one() -> None:
    params = EnhanceParams.model_validate({"video": {"denoise": "light"}})

    assert params.encoding.video_params
    assert params.encoding.video_params.crf == 19


def test_filters_stand_in_the_order_in_which_they_help_each_other() -> None:
    params = EnhanceParams.model_validate({"video": ALL})
    assert params.video

    names = [
        entry.partition("=")[0]
        for entry in enhancement_filters(params.video, Video("h264", 640, 360, hdr=True), "yuv420p")
    ]

    found = [names.index(name) for name in ("bwdif", "tonemap", "vidstabtransform", "nlmeans", "deband", "unsharp")]
    assert found == sorted(found)
    assert names[-3:] == ["tpad", "minterpolate", "format"]
    assert names[names.index("deband") + 1] == "scale"


@pytest.mark.parametrize(("loudness", "floor"), [(-23.0, -43), (-70.0, -80), (-1.0, -21)])
def test_noise_is_looked_for_below_the_audio(loudness: float, floor: float) -> None:
    before = Loudness(integrated=loudness, true_peak=-1, range=5)

    filters = cleaning_filters(EnhanceAudioParams(denoise=Strength.MEDIUM), before)

    assert f"afftdn=nr=18:nf={floor:.1f}" in filters


@pytest.mark.parametrize(("loudness", "peak"), [(-16.3, -1.0), (-15.6, -4)])
def test_what_came_out_as_asked_is_left(loudness: float, peak: float) -> None:
    after = Loudness(integrated=loudness, true_peak=peak, range=5)

    assert correct_leveling(WAY, ASKED, after) is None
    assert leveling_warnings(WAY, ASKED, after) == []


def test_a_peak_that_is_too_high_lowers_the_ceiling_by_more_than_it_is_too_high() -> None:
    better = correct_leveling(WAY, ASKED, Loudness(integrated=-16.2, true_peak=-0.4, range=5))

    assert better
    assert better.ceiling == pytest.approx(-1.5 - 0.8)
    assert better.gain == pytest.approx(4.2)
    assert any("alimiter" in entry for entry in better.filters)


def test_what_was_missed_is_said() -> None:
    after = Loudness(integrated=-17, true_peak=-0.5, range=9)

    found = "\n".join(leveling_warnings(WAY, ASKED.model_copy(update={"range": 6.0}), after))

    assert "-17.0 LUFS, not -16" in found
    assert "-0.5 dBTP, above -1" in found
    assert "9.0 LU, above 6" in found
