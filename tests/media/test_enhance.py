"""ENHANCE on real footage; what comes out is judged by another decoder, and heard by a meter of our own."""

import wave
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import av
import pytest

from shared.domain.subtask import SubtaskType
from shared.errors import MediaRejected
from shared.media.probe import probe
from shared.operations.enhancement.enhance import EnhanceResult
from shared.operations.enhancement.enhance_audio import LevelingMethod
from tests.media.hearing import RATE, heard, level, loudness, pitch
from tests.support.clips import Clips, combing, decoded, distance
from tests.support.local_files import Operate

if TYPE_CHECKING:
    from shared.operations.operation import OperationResult

QUICK = {"speed": "fastest", "crf": 12}
STRENGTHS = ("light", "medium", "strong")


@pytest.fixture
def enhanced(operate: Operate) -> "Enhance":
    return Enhance(operate)


class Enhance:
    """What a test does: enhance a clip, and look at what came out."""

    def __init__(self, operate: Operate) -> None:
        self._operate = operate
        self.made: OperationResult

    def __call__(self, source: Path, **params: object) -> Path:
        if isinstance(video := params.get("video"), dict):
            params["video"] = {"encoding": QUICK, **video}
        self.made = self._operate(SubtaskType.ENHANCE, source, **params)
        return self.made.files[0].path

    @property
    def result(self) -> EnhanceResult:
        assert isinstance(self.made.result, EnhanceResult)
        return self.made.result

    @property
    def warnings(self) -> str:
        return "\n".join(self.made.warnings)


def luma(frame: av.VideoFrame) -> bytes:
    plane = frame.reformat(format="gray").planes[0]
    rows = bytes(plane)
    return b"".join(rows[row * plane.line_size :][: frame.width] for row in range(frame.height))


def error(one: av.VideoFrame, other: av.VideoFrame) -> float:
    """Return the mean square of the difference between two videos, pixel by pixel."""
    pixels = luma(one)
    return sum((a - b) ** 2 for a, b in zip(pixels, luma(other), strict=True)) / len(pixels)


def edges(frame: av.VideoFrame) -> float:
    """Return how much each pixel differs from its neighbor on the right."""
    pixels = luma(frame)
    return sum(abs(a - b) for a, b in pairwise(pixels)) / len(pixels)


def packets(path: Path, kind: str) -> list[bytes]:
    with av.open(path) as container:
        return [bytes(packet) for packet in container.demux() if packet.stream.type == kind and packet.size]


def onset(path: Path) -> float:
    """Return how many seconds after the video's beginning the audio is first to be heard."""
    samples = heard(path)[0]
    loudest = max(map(abs, samples))
    return next(n for n, sample in enumerate(samples) if abs(sample) > loudest / 20) / RATE - decoded(path).times[0]


@pytest.mark.parametrize(
    "video",
    [
        {"denoise": "light"},
        {"denoise": "strong", "deband": True, "sharpen": "medium"},
        {"stabilize": "light"},
        {"upscale": {"width": 480}},
        {},
    ],
)
def test_frames_and_audio_stay_where_they_were(clip: Clips, enhanced: Enhance, video: Mapping[str, object]) -> None:
    path = enhanced(clip("plain.mp4"), video=video)

    assert decoded(path).times == pytest.approx(decoded(clip("plain.mp4")).times, abs=0.001)
    assert packets(path, "audio") == packets(clip("plain.mp4"), "audio")
    assert enhanced.made.warnings == ()


def test_the_stronger_noise_is_taken_out_the_closer_the_video_comes_to_what_it_was(
    clip: Clips, enhanced: Enhance
) -> None:
    clean, noisy = decoded(clip("plain.mp4")).frames[25], decoded(clip("noisy.mp4")).frames[25]
    made = [decoded(enhanced(clip("noisy.mp4"), video={"denoise": strength})).frames[25] for strength in STRENGTHS]

    errors = [error(noisy, clean), *(error(frame, clean) for frame in made)]

    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.65 * errors[0]


def test_the_more_is_sharpened_the_harder_are_the_edges(clip: Clips, enhanced: Enhance) -> None:
    made = [decoded(enhanced(clip("plain.mp4"), video={"sharpen": strength})).frames[25] for strength in STRENGTHS]

    hardness = [edges(decoded(clip("plain.mp4")).frames[25]), *map(edges, made)]

    assert hardness == sorted(hardness)
    assert hardness[-1] > 1.2 * hardness[0]


def test_steps_become_a_slope(clip: Clips, enhanced: Enhance) -> None:
    source = decoded(clip("banded.mp4")).frames[25]

    made = decoded(enhanced(clip("banded.mp4"), video={"deband": True})).frames[25]

    assert levels(made) > 2 * levels(source)
    assert distance(made, source) < 3


def levels(frame: av.VideoFrame) -> int:
    """Return how many degrees of brightness a hundredth of the video or more has, each."""
    pixels = luma(frame)
    return sum(pixels.count(value) > len(pixels) / 200 for value in range(256))


@pytest.mark.parametrize(("how", "factor"), [("auto", 1), ("frames", 1), ("fields", 2)])
def test_an_interlaced_video_becomes_progressive(clip: Clips, enhanced: Enhance, how: str, factor: int) -> None:
    source = decoded(clip("interlaced.mp4")).frames

    seen = decoded(enhanced(clip("interlaced.mp4"), video={"deinterlace": how})).frames

    assert len(seen) == pytest.approx(factor * len(source), abs=1)
    assert not any(frame.interlaced_frame for frame in seen)
    assert max(map(combing, seen)) < 0.7 * max(map(combing, source))


@pytest.mark.parametrize(
    ("name", "upscale", "expected"),
    [
        ("plain.mp4", {"width": 640, "height": 640}, (640, 360)),
        ("plain.mp4", {"height": 270}, (480, 270)),
        ("plain.mp4", {"width": 160}, (160, 90)),
        ("portrait.mp4", {"width": 480, "height": 270, "turnBox": True}, (270, 480)),
        ("anamorphic.mp4", {"width": 640}, (640, 360)),
        ("odd.mp4", {"width": 642}, (642, 362)),
        ("sideways.mp4", {"height": 960}, (408, 960)),
    ],
)
def test_a_video_is_made_to_fit_its_box(
    clip: Clips, enhanced: Enhance, name: str, upscale: Mapping[str, object], expected: tuple[int, int]
) -> None:
    seen = decoded(enhanced(clip(name), video={"upscale": upscale}))

    assert seen.size == expected
    assert len(seen.frames) == pytest.approx(50, abs=1)


def test_hdr_is_tone_mapped_where_it_is_asked_for(clip: Clips, enhanced: Enhance) -> None:
    path = enhanced(clip("hdr.mp4"), video={"hdrToSdr": True, "denoise": "strong"})

    video = probe(path, "out").video
    assert video
    assert not video.hdr
    assert decoded(path).frames[0].format.name == "yuv420p"
    assert enhanced.made.warnings == ()


def test_hdr_is_kept_in_ten_bits_and_what_knows_eight_alone_is_said(clip: Clips, enhanced: Enhance) -> None:
    encoding = {"codec": "h265", "bitDepth": 10, "speed": "fastest"}

    path = enhanced(clip("hdr.mp4"), video={"denoise": "strong", "encoding": encoding})

    made = probe(path, "out").video
    assert made
    assert made.hdr
    assert decoded(path).frames[0].format.name == "yuv420p10le"
    assert "denoise strong worked in 8 bits" in enhanced.warnings


def test_hdr_that_the_codec_cannot_store_is_tone_mapped_with_a_warning(clip: Clips, enhanced: Enhance) -> None:
    enhanced(clip("hdr.mp4"), video={})

    assert "tone-mapped" in enhanced.warnings


@pytest.mark.parametrize("motion", ["repeat", "smooth"])
@pytest.mark.parametrize("rate", [60, 50, 12.5])
def test_a_frame_rate_is_reached_exactly(clip: Clips, enhanced: Enhance, motion: str, rate: float) -> None:
    seen = decoded(enhanced(clip("plain.mp4"), video={"frameRate": rate, "motion": motion}))

    assert len(seen.frames) == pytest.approx(2 * rate, abs=1)
    assert {round(b - a, 3) for a, b in pairwise(seen.times)} <= {round(1 / rate, 3), round(1 / rate - 0.001, 3)}


def test_smooth_motion_repeats_no_frame(clip: Clips, enhanced: Enhance) -> None:
    repeated, smooth = (
        decoded(enhanced(clip("silent.mp4"), video={"frameRate": 50, "motion": motion})).frames[:-4]
        for motion in ("repeat", "smooth")
    )

    assert still(repeated) > 0.4
    assert still(smooth) < 0.1


def still(frames: Sequence[av.VideoFrame]) -> float:
    """Return the share of frames that are nearly the ones before."""
    pairs = list(pairwise(frames))
    return sum(distance(a, b) < 0.25 for a, b in pairs) / len(pairs)


def test_a_shaky_video_is_stabilized(clip: Clips, enhanced: Enhance) -> None:
    source = decoded(clip("shaky.mp4")).frames

    path = enhanced(clip("shaky.mp4"), video={"stabilize": "medium"})

    seen = decoded(path).frames
    assert len(seen) == len(source)
    assert restlessness(seen) < 0.6 * restlessness(source)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def restlessness(frames: Sequence[av.VideoFrame]) -> float:
    return sum(distance(a, b) for a, b in pairwise(frames)) / (len(frames) - 1)


@pytest.mark.parametrize(
    ("container", "target", "peak"),
    [("mp4", -30, -1), ("mp4", -23, -2), ("m4a", -16, -1), ("mp3", -14, -1.5), ("webm", -16, -1), ("wav", -16, -3)],
)
def test_a_loudness_is_met_and_no_peak_is_too_high(
    clip: Clips, enhanced: Enhance, container: str, target: float, peak: float
) -> None:
    video = {} if container != "webm" else {"video": {"encoding": {"codec": "vp9", "speed": "fastest"}}}

    path = enhanced(
        clip("plain.mp4"),
        container=container,
        audio={"loudness": {"target": target, "truePeak": peak}},
        **video,
    )

    channels = heard(path)
    assert enhanced.result.method is (LevelingMethod.LINEAR if target == -30 else LevelingMethod.LIMITED)
    assert enhanced.result.loudness_after == pytest.approx(target, abs=0.5)
    assert enhanced.result.true_peak_after
    assert enhanced.result.true_peak_after <= peak
    assert loudness(channels) == pytest.approx(target, abs=0.6)
    assert max(abs(sample) for channel in channels for sample in channel) <= 10 ** (peak / 20)
    assert enhanced.result.loudness_before == pytest.approx(loudness(heard(clip("plain.mp4"))), abs=0.3)


def test_linear_changes_nothing_but_the_volume(clip: Clips, enhanced: Enhance) -> None:
    path = enhanced(clip("plain.mp4"), container="wav", audio={"loudness": {"target": -30}})

    (before, _), (after, _) = heard(clip("plain.mp4")), heard(path)
    assert enhanced.result.gain
    factor = 10 ** (enhanced.result.gain / 20)
    difference = [b - factor * a for a, b in zip(before, after, strict=False)]
    assert level(difference) < level(after) - 40


def test_an_audio_track_that_a_codec_made_too_loud_is_made_anew_beside_the_same_video(
    clip: Clips, enhanced: Enhance
) -> None:
    path = enhanced(
        clip("audio-late.mp4"),
        audio={"loudness": {"target": -9}, "encoding": {"bitrate": 24}},
        video={"sharpen": "light"},
    )

    assert path.stem != "out"
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert enhanced.result.true_peak_after
    assert enhanced.result.true_peak_after <= -1
    assert len(decoded(path).frames) == 50
    assert onset(path) == pytest.approx(onset(clip("audio-late.mp4")), abs=0.04)
    assert "peaks were lowered" in enhanced.warnings


@pytest.mark.parametrize("name", ["audio-late.mp4", "video-late.mp4", "late.mkv", "edited.mp4", "stream.ts"])
@pytest.mark.parametrize("video", [{}, {"video": {"sharpen": "light"}}])
def test_audio_stays_in_time_with_the_video(
    clip: Clips, enhanced: Enhance, name: str, video: Mapping[str, object]
) -> None:
    path = enhanced(clip(name), audio={"loudness": {"target": -28}}, **video)

    assert onset(path) == pytest.approx(onset(clip(name)), abs=0.03)


def test_audio_that_begins_late_has_silence_before_where_no_container_could_say_so(
    clip: Clips, enhanced: Enhance
) -> None:
    path = enhanced(clip("audio-late.mp4"), container="wav", audio={"speech": True})

    assert decoded(path).audio_seconds == pytest.approx(2.5, abs=0.03)


def test_a_video_beside_which_the_audio_alone_is_enhanced_is_copied(clip: Clips, enhanced: Enhance) -> None:
    path = enhanced(clip("plain.mp4"), audio={"loudness": {}})

    assert packets(path, "video") == packets(clip("plain.mp4"), "video")


def test_a_range_is_narrowed(clip: Clips, enhanced: Enhance) -> None:
    enhanced(clip("shouting.wav"), container="m4a", audio={"loudness": {"target": -18, "range": 6}})

    assert enhanced.result.method is LevelingMethod.DYNAMIC
    assert enhanced.result.range_before > 12
    assert enhanced.result.range_after <= 6 * 1.25  # its limiter and its codec widen it again, a little
    assert enhanced.result.loudness_after == pytest.approx(-18, abs=0.5)


def test_channels_that_are_mixed_down_are_as_loud_as_asked(clip: Clips, enhanced: Enhance) -> None:
    path = enhanced(
        clip("surround.mp4"), container="m4a", audio={"loudness": {"target": -26}, "encoding": {"channels": 2}}
    )

    channels = heard(path)
    assert len(channels) == 2
    assert loudness(channels) == pytest.approx(-26, abs=0.6)


@pytest.mark.parametrize(
    ("name", "asked", "channels"),
    [
        ("plain.mp4", 1, 1),
        ("surround.mp4", 1, 1),
        ("eight.flac", 6, 6),
        ("eight.flac", None, 8),
        ("twelve.wav", None, 8),
    ],
)
def test_no_more_channels_come_out_than_were_asked_for(
    clip: Clips, enhanced: Enhance, name: str, asked: int | None, channels: int
) -> None:
    path = enhanced(clip(name), container="m4a", audio={"speech": True, "encoding": {"channels": asked}})

    audio = decoded(path).audio
    assert audio
    assert audio.channels == channels
    assert audio.bit_rate == pytest.approx(64_000 * channels, rel=0.3)


@pytest.mark.parametrize(("strength", "gain"), [("light", 0), ("medium", 3), ("strong", 3)])
def test_hiss_is_taken_out_and_the_audio_stays_in_time(
    clip: Clips, enhanced: Enhance, strength: str, gain: float
) -> None:
    (clear,), (hissing,) = heard(clip("clear.wav")), heard(clip("hissing.wav"))

    (made,) = heard(enhanced(clip("hissing.wav"), container="wav", audio={"denoise": strength}))

    assert len(made) == len(clear)
    assert unlike(made, clear) < unlike(hissing, clear) - gain


def unlike(one: Sequence[float], other: Sequence[float]) -> float:
    """Return how strong the difference between two audio tracks is, in dB."""
    return level([a - b for a, b in zip(one, other, strict=True)])


def test_rumble_below_voices_is_taken_out(clip: Clips, enhanced: Enhance) -> None:
    (before,) = heard(clip("humming.wav"))

    (after,) = heard(enhanced(clip("humming.wav"), container="wav", audio={"speech": True}))

    assert pitch(after, 40) < pitch(before, 40) - 15


def test_silence_is_left_as_it_is_and_said_so(enhanced: Enhance, tmp_path: Path) -> None:
    silence = tmp_path / "silence.wav"
    with wave.open(str(silence), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(bytes(2 * RATE))

    enhanced(silence, container="m4a", audio={"loudness": {}, "denoise": "light"})

    assert enhanced.result.method is LevelingMethod.NONE
    assert "silent" in enhanced.warnings


@pytest.mark.parametrize(
    ("name", "params", "code"),
    [
        ("silent.mp4", {"audio": {"denoise": "light"}}, "SourceFileError.NoAudio"),
        ("covered.mp3", {"video": {"denoise": "light"}}, "SourceFileError.NoVideo"),
    ],
)
def test_a_source_that_lacks_what_is_to_be_enhanced_is_rejected(
    clip: Clips, operate: Operate, name: str, params: Mapping[str, object], code: str
) -> None:
    with pytest.raises(MediaRejected) as caught:
        operate(SubtaskType.ENHANCE, clip(name), **params)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("name", "lacks", "kinds"), [("silent.mp4", "no audio", ["video"]), ("covered.m4a", "no video", ["audio"])]
)
def test_what_a_source_has_is_enhanced_and_what_it_lacks_is_said(
    clip: Clips, enhanced: Enhance, name: str, lacks: str, kinds: list[str]
) -> None:
    path = enhanced(clip(name), video={"sharpen": "light"}, audio={"denoise": "light"})

    assert decoded(path).kinds == kinds
    assert lacks in enhanced.warnings


def test_a_source_that_breaks_off_is_enhanced_as_far_as_it_goes(clip: Clips, enhanced: Enhance) -> None:
    seen = decoded(enhanced(clip.cut("front.mp4", 200_000), video={"denoise": "light"}, audio={"loudness": {}}))

    assert 0 < len(seen.frames) < 40
    assert "of 2.0 s could be read" in enhanced.warnings
