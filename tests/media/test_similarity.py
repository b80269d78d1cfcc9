"""The similarity of two videos: for any container, size, rate or beginning, the same frames are compared."""

import subprocess
from pathlib import Path

import pytest

from shared.domain.subtask import SubtaskType
from shared.errors import MediaRejected
from shared.media.ffmpeg import Ffmpeg, Limits, binary
from shared.operations.inspection.similarity import Similarity, compare_videos
from tests.support.clips import Clips
from tests.support.hostile.sizes import noted
from tests.support.local_files import LocalFiles, Operate, workbench

# dB: less is what a frame gets that is compared with the one beside it.
BESIDE = 32
GOOD = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-an")


class Compare:
    """What a test does: make something of a clip, and compare it with the clip."""

    def __init__(self, ffmpeg: Ffmpeg, folder: Path) -> None:
        self.ffmpeg = ffmpeg
        self._folder = folder

    def made(self, name: str, *arguments: str | Path) -> Path:
        path = self._folder / name
        subprocess.run([binary(), "-nostdin", "-loglevel", "error", "-y", *arguments, path], check=True)
        return path

    def __call__(self, reference: Path, distorted: Path, **how: object) -> Similarity:
        return compare_videos(workbench(LocalFiles(reference), self.ffmpeg), reference, distorted, **how)  # type: ignore[arg-type]


@pytest.fixture
def compare(ffmpeg: Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> Compare:
    return Compare(ffmpeg, tmp_path_factory.mktemp("made"))


def test_a_copy_is_as_good_as_can_be(clip: Clips, compare: Compare) -> None:
    seen = compare(clip("plain.mp4"), clip("plain.mp4"))

    assert seen.vmaf > 97
    assert seen.psnr == 60
    assert seen.ssim == pytest.approx(1)
    assert seen.frames == len(seen.series) == 50
    assert [each.time for each in seen.series[:3]] == pytest.approx([0, 0.04, 0.08])


def test_the_worse_the_encoding_the_lower_every_number(clip: Clips, compare: Compare) -> None:
    good, poor = (
        compare(clip("plain.mp4"), compare.made("made.mp4", "-i", clip("plain.mp4"), *GOOD, "-crf", crf))
        for crf in ("18", "38")
    )

    assert good.vmaf > poor.vmaf + 20
    assert good.psnr > poor.psnr + 5
    assert good.ssim > poor.ssim + 0.02


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts", "webm"])
def test_containers_that_begin_and_round_otherwise_make_no_difference(
    clip: Clips, compare: Compare, ending: str
) -> None:
    source = clip("plain.mp4")
    # With their audio, whose encoder's delay moves the beginning of some of them.
    plain = compare.made("plain.mkv", "-i", source, *GOOD[:-1])
    codec = ("-c:v", "copy", "-c:a", "copy") if ending != "webm" else ("-c:v", "libvpx-vp9", "-crf", "20", "-b:v", "0")
    other = compare.made(f"other.{ending}", "-i", plain, *codec)

    seen = compare(source, other)

    assert seen.frames == 50
    assert min(each.psnr for each in seen.series) > BESIDE


def test_times_that_a_container_rounds_still_meet(clip: Clips, compare: Compare) -> None:
    film = compare.made("film.mp4", "-i", clip("plain.mp4"), "-vf", "fps=24000/1001", *GOOD)
    rounded = compare.made("rounded.mkv", "-i", film, "-c", "copy")

    assert min(each.psnr for each in compare(film, rounded).series) == 60


@pytest.mark.parametrize("rate", [10, 12.5, 30])
def test_another_frame_rate_is_compared_frame_by_frame(clip: Clips, compare: Compare, rate: float) -> None:
    other = compare.made("other.mp4", "-i", clip("plain.mp4"), "-vf", f"fps={rate}", *GOOD)

    seen = compare(clip("plain.mp4"), other)

    assert seen.frames == pytest.approx(2 * rate, abs=1)
    assert min(each.psnr for each in seen.series) > BESIDE


@pytest.mark.parametrize("name", ["sideways.mp4", "sideways.mkv", "odd.mp4", "anamorphic.mp4", "ten-bit.mkv"])
def test_awkward_videos_are_like_what_was_made_of_them(clip: Clips, compare: Compare, name: str) -> None:
    upright = "scale=2*trunc(iw*sar/2):2*trunc(ih/2),setsar=1,format=yuv420p"
    other = compare.made("other.mp4", "-i", clip(name), "-vf", upright, *GOOD, "-crf", "10")

    assert compare(clip(name), other).psnr > 36


def test_hdr_is_compared_as_it_is_shown(clip: Clips, compare: Compare, operate: Operate) -> None:
    made = operate(SubtaskType.TRANSCODE, clip("hdr.mp4"), video={"crf": 12, "speed": "fastest"})

    assert compare(clip("hdr.mp4"), made.files[0].path).psnr > 36


def test_a_smaller_video_is_enlarged_to_the_sources_size(clip: Clips, compare: Compare) -> None:
    half = compare.made("half.mp4", "-i", clip("plain.mp4"), "-vf", "scale=160:90", *GOOD)

    assert 10 < compare(clip("plain.mp4"), half).vmaf < 80


def test_a_window_is_measured_alone(clip: Clips, compare: Compare) -> None:
    spoilt = compare.made(
        "spoilt.mp4", "-i", clip("plain.mp4"), "-vf", "gblur=sigma=4:enable='between(t,0.5,0.99)'", *GOOD
    )

    whole = compare(clip("plain.mp4"), spoilt)
    outside = compare(clip("plain.mp4"), spoilt, seconds=(1.01, 1.99))
    inside = compare(clip("plain.mp4"), spoilt, seconds=(0.49, 0.97))

    assert inside.vmaf < whole.vmaf < outside.vmaf
    assert [each.time for each in outside.series] == pytest.approx([1.04 + 0.04 * n for n in range(24)], abs=0.001)
    assert min(each.psnr for each in outside.series) > BESIDE


@pytest.mark.parametrize("start", [0, 0.62, 1.013])
def test_a_sample_is_compared_with_the_window_it_was_made_of(clip: Clips, compare: Compare, start: float) -> None:
    sample = compare.made("sample.mp4", "-ss", str(start), "-t", "0.8", "-i", clip("plain.mp4"), *GOOD)

    seen = compare(clip("plain.mp4"), sample, seconds=(start, start + 0.8), sample=True)

    assert seen.frames == pytest.approx(20, abs=1)
    assert min(each.psnr for each in seen.series) > BESIDE


def test_fewer_frames_give_nearly_the_same_result(clip: Clips, compare: Compare) -> None:
    other = compare.made("other.mp4", "-i", clip("plain.mp4"), *GOOD, "-crf", "30")

    every, some = compare(clip("plain.mp4"), other), compare(clip("plain.mp4"), other, every=5)

    assert some.frames == 10
    assert some.vmaf == pytest.approx(every.vmaf, abs=2)


def test_nothing_of_the_measuring_stays_in_the_folder(clip: Clips, compare: Compare) -> None:
    compare(clip("plain.mp4"), clip("plain.mp4"))

    assert not list(compare.ffmpeg.folder.iterdir())


def test_audio_alone_can_not_be_compared(clip: Clips, compare: Compare) -> None:
    with pytest.raises(MediaRejected) as caught:
        compare(clip("plain.mp4"), clip("audio.mp3"))

    assert caught.value.code == "SourceFileError.NoVideo"


def test_what_frames_say_of_themselves_fills_no_disk(compare: Compare) -> None:
    film = compare.made("film.mp4", "-f", "lavfi", "-i", "color=black:s=256x256:r=5:d=1")
    other = film.with_name("noted.mkv")
    other.write_bytes(noted({"note": b"a" * 3 * 10**6}))
    compare.ffmpeg.limits = Limits(wall_seconds=60, output_bytes=5 * 10**6)

    assert compare(film, other).frames == 3
