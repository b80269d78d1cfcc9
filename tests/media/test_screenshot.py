"""SCREENSHOT on real footage; which image was taken is judged by another decoder."""

from pathlib import Path

import av
import pytest

from shared.domain.subtask import SubtaskType
from shared.errors import MediaRejected, ParametersRejected
from shared.operations.operation import OperationResult
from tests.support.clips import Clips, brightness, decoded, distance
from tests.support.local_files import Operate


def shoot(operate: Operate, source: Path, *at: float | str, **params: object) -> OperationResult:
    return operate(SubtaskType.SCREENSHOT, source, at=at, **params)


def image(path: Path) -> av.VideoFrame:
    return decoded(path).frames[0]


def nearest(path: Path, frames: list[av.VideoFrame]) -> int:
    """Return the number of the frame that the image resembles most."""
    shot = image(path)
    return min(range(len(frames)), key=lambda number: distance(shot, frames[number]))


@pytest.mark.parametrize(("kind", "ending"), [("jpeg", "jpg"), ("png", "png"), ("webp", "webp")])
def test_every_format_decodes(clip: Clips, operate: Operate, kind: str, ending: str) -> None:
    made = shoot(operate, clip("plain.mp4"), 1, format=kind, width=160)

    (file,) = made.files
    assert file.path.suffix == f".{ending}"
    assert file.content_type == f"image/{kind}"
    assert file.number is None
    assert file.facts == {"width": 160, "height": 90, "time": 1}
    assert (image(file.path).width, image(file.path).height) == (160, 90)


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_the_colors_are_those_of_the_video(clip: Clips, operate: Operate, kind: str) -> None:
    made = shoot(operate, clip("red.mp4"), 1, format=kind)

    plane = image(made.files[0].path).reformat(format="rgb24").planes[0]
    assert tuple(bytes(plane)[:3]) == pytest.approx((220, 40, 30), abs=8)


@pytest.mark.parametrize("name", ["silent.mp4", "stream.ts", "old.avi", "web.webm", "variable.mp4"])
@pytest.mark.parametrize("share", [0, 0.3, 0.7, 1])
def test_the_image_is_the_one_shown_at_that_time(clip: Clips, operate: Operate, name: str, share: float) -> None:
    seen = decoded(clip(name))
    wanted = round(share * (len(seen.frames) - 1))

    made = shoot(operate, clip(name), seen.times[wanted] - seen.times[0], format="png")

    assert nearest(made.files[0].path, seen.frames) == pytest.approx(wanted, abs=1)
    assert made.warnings == ()


def test_shares_of_the_whole_run_from_the_first_image_to_the_last(clip: Clips, operate: Operate) -> None:
    seen = decoded(clip("silent.mp4"))

    made = shoot(operate, clip("silent.mp4"), "0%", "50%", "100%", format="png")

    assert [nearest(file.path, seen.frames) for file in made.files] == [
        0,
        pytest.approx(len(seen.frames) // 2, abs=1),
        len(seen.frames) - 1,
    ]
    assert [file.number for file in made.files] == [1, 2, 3]
    assert [file.path.name for file in made.files] == ["shot-001.png", "shot-002.png", "shot-003.png"]
    assert made.warnings == ()


def test_a_clock_means_the_same_as_seconds(clip: Clips, operate: Operate) -> None:
    made = shoot(operate, clip("silent.mp4"), "00:00:01.5", 1.5, "1.5", format="png")

    assert len({file.path.read_bytes() for file in made.files}) == 1


def test_an_image_is_never_enlarged(clip: Clips, operate: Operate) -> None:
    made = shoot(operate, clip("plain.mp4"), 0, width=4000)

    assert image(made.files[0].path).width == 320


@pytest.mark.parametrize("name", ["sideways.mp4", "sideways.mkv"])
def test_an_image_that_lies_on_its_side_is_taken_upright(clip: Clips, operate: Operate, name: str) -> None:
    shot = image(shoot(operate, clip(name), 0).files[0].path)

    assert (shot.width, shot.height) == (272, 640)
    assert brightness(shot, slice(0, 9)) < 25 < brightness(shot, slice(27, 36))


@pytest.mark.parametrize("kind", ["jpeg", "webp"])
def test_a_better_quality_makes_a_larger_file(clip: Clips, operate: Operate, kind: str) -> None:
    sizes = [
        shoot(operate, clip("plain.mp4"), 1, format=kind, quality=quality).files[0].path.stat().st_size
        for quality in (20, 60, 95)
    ]

    assert sizes == sorted(sizes)
    assert sizes[2] > 2 * sizes[0]


def test_a_time_past_the_end_is_refused_with_both_times(clip: Clips, operate: Operate) -> None:
    with pytest.raises(ParametersRejected, match=r"00:01:00 is after the end of the video, which lasts 2\.000 s"):
        shoot(operate, clip("plain.mp4"), 1, "00:01:00")


def test_audio_alone_has_no_image_to_take(clip: Clips, operate: Operate) -> None:
    with pytest.raises(MediaRejected) as caught:
        shoot(operate, clip("covered.mp3"), 0)

    assert caught.value.code == "SourceFileError.NoVideo"


def test_where_the_file_breaks_off_the_last_image_before_is_taken_and_said_so(clip: Clips, operate: Operate) -> None:
    made = shoot(operate, clip.cut("front.mp4", 200_000), 0.2, 1.5)

    assert len(made.files) == 2
    assert [warning for warning in made.warnings if warning.startswith("no image could be decoded")] == [
        made.warnings[0]
    ]
    assert made.warnings[0].startswith("no image could be decoded at 1.500 s")


def test_a_file_without_a_single_image_is_rejected(clip: Clips, operate: Operate) -> None:
    index = clip("front.mp4").read_bytes().index(b"mdat")

    with pytest.raises(MediaRejected):
        shoot(operate, clip.cut("front.mp4", index + 100), 0)


def test_hdr_and_interlaced_images_are_taken_as_they_are_shown(clip: Clips, operate: Operate) -> None:
    plain = image(shoot(operate, clip("plain.mp4"), 1).files[0].path)

    for name in ("hdr.mp4", "interlaced.mp4", "ten-bit.mkv"):
        shot = image(shoot(operate, clip(name), 1).files[0].path)
        assert (shot.width, shot.height) == (320, 180)
        assert distance(shot, plain) < 40
