"""A quality that is asked for: found on samples, reached, and reported as another measurement sees it."""

from itertools import pairwise
from typing import cast

import pytest

from shared.domain.subtask import SubtaskType
from shared.media.ffmpeg import Ffmpeg
from shared.media.probe import Video
from shared.operations.inspection.similarity import compare_videos
from shared.operations.transcoding.quality import choose_stretches, next_crf, quality_warnings
from shared.operations.transcoding.transcode_params import VideoCodec
from shared.operations.transcoding.transcode_result import Probe, QualityReached, TranscodeResult
from tests.support.clips import Clips, decoded
from tests.support.local_files import LocalFiles, Operate, workbench

FAST = {"speed": "fastest"}


@pytest.mark.timeout(300)  # two encodes a try, each measured, on a machine that others use
@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("front.mp4", {"quality": {"vmaf": 93}, "video": {"speed": "fast"}}),  # the rabbit, 720p
        ("bikes-2s.mp4", {"quality": {"vmaf": 88}, "video": {"speed": "fast"}}),
        ("bikes-2s.mp4", {"quality": {"vmaf": 93}, "video": {"codec": "h265", **FAST}}),
    ],
)
def test_the_target_is_met_within_a_point(
    clip: Clips, operate: Operate, ffmpeg: Ffmpeg, name: str, asked: dict[str, dict[str, object]]
) -> None:
    made = operate(SubtaskType.TRANSCODE, clip(name), **asked, audio="none")

    measured = compare_videos(workbench(LocalFiles(clip(name)), ffmpeg), clip(name), made.files[0].path)
    told = cast("TranscodeResult", made.result).quality
    assert told
    assert measured.vmaf == pytest.approx(asked["quality"]["vmaf"], abs=1)
    assert told.vmaf == pytest.approx(measured.vmaf, abs=0.1)
    assert told.frames == len(decoded(made.files[0].path).frames)
    assert told.crf in {probe.crf for probe in told.probes}
    assert not any("reach" in warning for warning in made.warnings)


@pytest.mark.parametrize("codec", ["av1", "vp9"])
def test_every_codec_is_searched(clip: Clips, operate: Operate, codec: str) -> None:
    video = {"codec": codec, **FAST}

    made = operate(SubtaskType.TRANSCODE, clip("plain.mp4"), container="webm", quality={"vmaf": 88}, video=video)

    told = cast("TranscodeResult", made.result).quality
    assert told
    assert told.vmaf == pytest.approx(88, abs=1)


def test_a_smaller_video_is_measured_against_the_source_in_its_size(clip: Clips, operate: Operate) -> None:
    video = {**FAST, "height": 90, "frameRate": 12.5}
    marks = [{"text": {"content": "Reelmill"}, "start": 1, "position": "center"}]

    made = operate(
        SubtaskType.TRANSCODE,
        clip("plain.mp4"),
        video=video,
        quality={"vmaf": 90},
        watermarks=marks,
        clip={"start": 0.4, "end": 1.8},
    )

    told = cast("TranscodeResult", made.result).quality
    assert told
    assert told.vmaf == pytest.approx(90, abs=1)
    assert decoded(made.files[0].path).size == (160, 90)


def test_what_is_out_of_reach_is_said(clip: Clips, operate: Operate) -> None:
    made = operate(SubtaskType.TRANSCODE, clip("red.mp4"), quality={"vmaf": 40}, video=FAST)

    assert "VMAF 40 is out of reach" in "".join(made.warnings)


def test_a_video_in_full_range_meets_its_target_as_well(clip: Clips, operate: Operate) -> None:
    made = operate(SubtaskType.TRANSCODE, clip("full.mp4"), quality={"vmaf": 90}, video=FAST)

    told = cast("TranscodeResult", made.result).quality
    assert told
    assert told.vmaf == pytest.approx(90, abs=1)


@pytest.mark.parametrize(("vmaf", "said"), [(92.1, False), (93.9, False), (91.1, True), (95, True)])
def test_it_is_the_output_that_must_be_as_good_as_asked(vmaf: float, said: bool) -> None:  # noqa: FBT001
    probes = (Probe(crf=22, vmaf=93),)

    reached = QualityReached(target=93, vmaf=vmaf, psnr=40, ssim=0.99, frames=50, crf=22, probes=probes)

    assert bool(quality_warnings(reached)) is said


def test_audio_alone_has_no_quality_to_reach(clip: Clips, operate: Operate) -> None:
    made = operate(SubtaskType.TRANSCODE, clip("audio.mp3"), quality={"vmaf": 93})

    assert cast("TranscodeResult", made.result).quality is None
    assert "no video" in "".join(made.warnings)


def test_a_long_source_is_sampled_evenly_and_between_frames() -> None:
    video = Video("h264", 1920, 1080, frame_rate=25.0)

    found = choose_stretches(600, video)

    assert len(found) == 5
    assert all(later - earlier == pytest.approx(120, abs=1) for (earlier, _), (later, _) in pairwise(found))
    assert all((start * 25) % 1 == pytest.approx(0.5) for start, _ in found)
    assert sum(seconds or 0 for _, seconds in found) <= 10
    assert sum((seconds or 0) * 25 for _, seconds in found) * 1920 * 1080 * 0.8 <= 300e6


def test_a_long_source_meets_its_target_by_its_samples(clip: Clips, operate: Operate, ffmpeg: Ffmpeg) -> None:
    source = clip("eleven.mp4")

    made = operate(SubtaskType.TRANSCODE, source, quality={"vmaf": 85}, video=FAST)

    measured = compare_videos(workbench(LocalFiles(source), ffmpeg), source, made.files[0].path)
    told = cast("TranscodeResult", made.result).quality
    assert told
    assert told.frames == pytest.approx(250, abs=5)
    assert told.vmaf == pytest.approx(85, abs=1)
    assert measured.vmaf == pytest.approx(told.vmaf, abs=1)


@pytest.mark.parametrize("codec", [VideoCodec.H264, VideoCodec.H265, VideoCodec.AV1, VideoCodec.VP9])
@pytest.mark.parametrize("target", [40, 70, 85, 93, 97])
def test_few_attempts_find_the_crf_of_any_falling_curve(codec: VideoCodec, target: float) -> None:
    def vmaf(crf: float) -> float:
        return float(100 - 0.012 * crf**2.1)

    probes: list[Probe] = []
    guess = 25.0
    while len(probes) < 8 and guess not in {probe.crf for probe in probes}:
        probes.append(Probe(crf=guess, vmaf=vmaf(guess)))
        guess = next_crf(probes, target, codec)

    assert min(abs(probe.vmaf - target) for probe in probes) < 1 or target == 40
