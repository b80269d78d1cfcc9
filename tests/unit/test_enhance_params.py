"""What one may ask of an enhancement, and what is refused before a file is read."""

from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from shared.media.probe import Video
from shared.operations.enhancement.enhance_params import EnhanceParams, LoudnessParams, SoundParams, Strength
from shared.operations.enhancement.enhance_picture import chain
from shared.operations.enhancement.enhance_sound import Levelling, Method, cleaning, corrected, warnings
from shared.operations.loudness import Loudness

ALL = {
    "deinterlace": "fields",
    "stabilise": "light",
    "denoise": "strong",
    "deband": True,
    "upscale": {"width": 1920},
    "sharpen": "medium",
    "frameRate": 60,
    "motion": "smooth",
}
ASKED = LoudnessParams(target=-16, true_peak=-1)
WAY = Levelling(("anull",), Method.LINEAR, gain=4, ceiling=-1.5)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "nothing to enhance"),
        ({"container": "m4a", "picture": {"denoise": "light"}}, "holds no picture"),
        ({"container": "mp3", "sound": {}, "video": {"crf": 20}}, "holds no picture"),
        ({"container": "webm", "picture": {}, "video": {"codec": "h264"}}, "webm holds vp9 or av1"),
        ({"picture": {}, "video": {"crf": 60}}, "outside of what h264 knows"),
        ({"picture": {}, "video": {"crf": 20, "bitrate": 2000}}, "not both"),
        ({"picture": {}, "audio": {"tracks": "all"}}, "one sound track"),
        ({"picture": {"upscale": {}}}, "give upscale a width"),
        ({"picture": {"motion": "smooth"}}, "give a frameRate"),
        ({"picture": {"denoise": "extreme"}}, "light"),
        ({"picture": {"denoise": "light,drawtext=textfile=/etc/passwd"}}, "light"),
        ({"sound": {"loudness": {"target": -3}}}, "less than or equal to -8"),
        ({"sound": {"loudness": {"truePeak": 1}}}, "less than or equal to 0"),
    ],
)
def test_what_does_not_go_together_is_refused(params: Mapping[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        EnhanceParams.model_validate(params)


def test_an_enhanced_picture_is_compressed_less_than_a_transcoded_one() -> None:
    params = EnhanceParams.model_validate({"picture": {"denoise": "light"}})

    assert params.encoding.picture
    assert params.encoding.picture.crf == 19


def test_filters_stand_in_the_order_in_which_they_help_each_other() -> None:
    params = EnhanceParams.model_validate({"picture": ALL})
    assert params.picture

    names = [entry.partition("=")[0] for entry in chain(params.picture, Video("h264", 640, 360, hdr=True), "yuv420p")]

    found = [names.index(name) for name in ("bwdif", "tonemap", "vidstabtransform", "nlmeans", "deband", "unsharp")]
    assert found == sorted(found)
    assert names[-3:] == ["tpad", "minterpolate", "format"]
    assert names[names.index("deband") + 1] == "scale"


@pytest.mark.parametrize(("loudness", "floor"), [(-23.0, -43), (-70.0, -80), (-1.0, -21)])
def test_noise_is_looked_for_below_the_sound(loudness: float, floor: float) -> None:
    before = Loudness(integrated=loudness, true_peak=-1, range=5)

    filters = cleaning(SoundParams(denoise=Strength.MEDIUM), before)

    assert f"afftdn=nr=18:nf={floor:.1f}" in filters


@pytest.mark.parametrize(("loudness", "peak"), [(-16.3, -1.0), (-15.6, -4)])
def test_what_came_out_as_asked_is_left(loudness: float, peak: float) -> None:
    after = Loudness(integrated=loudness, true_peak=peak, range=5)

    assert corrected(WAY, ASKED, after) is None
    assert warnings(WAY, ASKED, after) == []


def test_a_peak_that_is_too_high_lowers_the_ceiling_by_more_than_it_is_too_high() -> None:
    better = corrected(WAY, ASKED, Loudness(integrated=-16.2, true_peak=-0.4, range=5))

    assert better
    assert better.ceiling == pytest.approx(-1.5 - 0.8)
    assert better.gain == pytest.approx(4.2)
    assert any("alimiter" in entry for entry in better.filters)


def test_what_was_missed_is_said() -> None:
    after = Loudness(integrated=-17, true_peak=-0.5, range=9)

    found = "\n".join(warnings(WAY, ASKED.model_copy(update={"range": 6.0}), after))

    assert "-17.0 LUFS, not as -16" in found
    assert "-0.5 dBTP, above -1" in found
    assert "9.0 LU, above 6" in found
