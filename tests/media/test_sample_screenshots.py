"""SAMPLE_SCREENSHOTS on real footage; which images were taken is judged by another decoder."""

import subprocess
from pathlib import Path

import pytest

from shared.domain.subtask import SubtaskType
from shared.errors import LimitExceeded, MediaRejected
from shared.media.ffmpeg import Ffmpeg, Limits, binary
from shared.operations import OPERATIONS
from shared.operations.operation import OperationResult
from shared.operations.stills import snapshot
from tests.support.clips import Clips, Decoded, decoded, distance
from tests.support.local_files import LocalFiles, Operate, workbench


def sample(operate: Operate, source: Path, **params: object) -> OperationResult:
    return operate(SubtaskType.SAMPLE_SCREENSHOTS, source, **params)


def nearest(path: Path, seen: Decoded) -> float:
    """Return the time, from the first frame on, of the frame that an image resembles most."""
    shot = decoded(path).frames[0]
    number = min(range(len(seen.frames)), key=lambda number: distance(shot, seen.frames[number]))
    return seen.times[number] - seen.times[0]


def shown(seen: Decoded, moment: float) -> float:
    """Return when the frame begins that is shown at a moment, both from the first frame on."""
    return max(time - seen.times[0] for time in seen.times if time - seen.times[0] <= moment + 1e-6)


@pytest.mark.parametrize("way", ["decoding all", "seeking"])
@pytest.mark.parametrize("name", ["silent.mp4", "variable.mp4", "stream.ts", "open-gop.ts", "web.webm", "late.mkv"])
def test_each_image_is_the_one_shown_at_its_moment_and_states_its_time(
    clip: Clips, operate: Operate, monkeypatch: pytest.MonkeyPatch, name: str, way: str
) -> None:
    monkeypatch.setattr(snapshot, "SPARSE", 0 if way == "seeking" else 1000)
    seen = decoded(clip(name))

    made = sample(operate, clip(name), every=0.27, format="png")

    moments = [0.27 * number for number in range(len(made.files))]
    assert len(made.files) == 8
    assert [file.facts["time"] for file in made.files] == pytest.approx(
        [shown(seen, moment) for moment in moments], abs=0.002
    )
    assert [nearest(file.path, seen) for file in made.files] == pytest.approx(
        [file.facts["time"] for file in made.files], abs=0.041
    )
    assert made.warnings == ()


@pytest.mark.parametrize("name", ["silent.mp4", "late.mkv"])
def test_both_ways_take_the_same_images(
    clip: Clips, operate: Operate, ffmpeg: Ffmpeg, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    taken = []
    for sparse in (1000, 0):
        monkeypatch.setattr(snapshot, "SPARSE", sparse)
        made = sample(operate, clip(name), every=0.3, format="png")
        taken.append([(file.facts, file.path.read_bytes()) for file in made.files])

    assert taken[0] == taken[1]
    assert len(ffmpeg.commands) == 1 + 7  # all in one pass, and a seek for each


def test_a_share_of_the_whole_makes_as_many_images_for_any_length(clip: Clips, operate: Operate) -> None:
    made = sample(operate, clip("plain.mp4"), width=160)

    assert len(made.files) == 10
    assert [file.number for file in made.files] == list(range(1, 11))
    assert [file.facts["time"] for file in made.files] == pytest.approx([0.2 * n for n in range(10)], abs=0.041)
    assert {(file.facts["width"], file.facts["height"]) for file in made.files} == {(160, 90)}
    assert [decoded(file.path).size for file in made.files] == [(160, 90)] * 10


def test_too_many_images_lie_further_apart_and_reach_the_end_all_the_same(clip: Clips, operate: Operate) -> None:
    made = sample(operate, clip("plain.mp4"), every=0.1, max=4)

    assert [file.facts["time"] for file in made.files] == pytest.approx([0, 0.5, 1, 1.5], abs=0.041)
    assert made.warnings == ("an image every 0.1 s would make 20 images: one every 0.500 s makes 4",)


def test_a_distance_past_the_end_makes_one_image(clip: Clips, operate: Operate) -> None:
    made = sample(operate, clip("plain.mp4"), every="00:01:00")

    assert [file.facts["time"] for file in made.files] == [0]


@pytest.mark.parametrize(("kind", "ending"), [("jpeg", "jpg"), ("png", "png"), ("webp", "webp")])
def test_every_kind_decodes(clip: Clips, operate: Operate, kind: str, ending: str) -> None:
    made = sample(operate, clip("plain.mp4"), every=1, format=kind)

    assert [file.path.suffix for file in made.files] == [f".{ending}"] * 2
    assert {file.content_type for file in made.files} == {f"image/{kind}"}
    assert [decoded(file.path).size for file in made.files] == [(320, 180)] * 2


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("sideways.mp4", (272, 640)),
        ("sideways.mkv", (272, 640)),
        ("portrait.mp4", (180, 320)),
        ("odd.mp4", (320, 180)),
        ("anamorphic.mp4", (320, 180)),
        ("interlaced.mp4", (320, 180)),
        ("hdr.mp4", (320, 180)),
        ("ten-bit.mkv", (320, 180)),
        ("edited.mp4", (320, 180)),
        ("old.avi", (320, 180)),
        ("tracks.mp4", (320, 180)),
        ("data.mov", (320, 180)),
        ("poster.mp4", (320, 180)),
        ("live.webm", (320, 180)),
    ],
)
def test_every_shape_of_video_is_sampled_upright(
    clip: Clips, operate: Operate, name: str, size: tuple[int, int]
) -> None:
    made = sample(operate, clip(name), every="50%")

    assert [decoded(file.path).size for file in made.files] == [size] * 2
    assert [(file.facts["width"], file.facts["height"]) for file in made.files] == [size] * 2


@pytest.mark.parametrize("way", ["decoding all", "seeking"])
def test_where_the_file_breaks_off_the_images_before_are_kept_and_it_is_said_so(
    clip: Clips, operate: Operate, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(snapshot, "SPARSE", 0 if way == "seeking" else 1000)

    made = sample(operate, clip.cut("front.mp4", 200_000), every=0.25)

    assert 0 < len(made.files) < 8
    assert made.warnings[0].startswith(f"no image could be decoded from {0.25 * len(made.files):.3f} s on")


def test_a_file_without_a_single_image_is_rejected(clip: Clips, operate: Operate) -> None:
    index = clip("front.mp4").read_bytes().index(b"mdat")

    with pytest.raises(MediaRejected):
        sample(operate, clip.cut("front.mp4", index + 100))


@pytest.mark.parametrize("name", ["audio.wav", "covered.mp3"])
def test_audio_alone_has_nothing_to_be_sampled(clip: Clips, operate: Operate, name: str) -> None:
    with pytest.raises(MediaRejected) as caught:
        sample(operate, clip(name))

    assert caught.value.code == "SourceFileError.NoVideo"


def test_an_image_too_large_to_decode_is_refused(clip: Clips, tmp_path: Path) -> None:
    limits = Limits(wall_seconds=60, output_bytes=10**9, max_pixels=100)
    context = workbench(LocalFiles(clip("plain.mp4")), Ffmpeg(limits, tmp_path, lambda _: None))
    operation = OPERATIONS[SubtaskType.SAMPLE_SCREENSHOTS]

    with pytest.raises(LimitExceeded):
        operation.run(operation.params(), context)


def test_a_watermark_lies_on_the_images_of_its_time_alone(
    clip: Clips, operate: Operate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    logo = tmp_path / "logo.png"
    white = ["-f", "lavfi", "-i", "color=white:s=64x36", "-frames:v", "1"]
    subprocess.run([binary(), "-nostdin", "-loglevel", "error", *white, logo], check=True)
    mark = {"image": str(logo), "position": "top-left", "width": 0.5, "x": 0, "y": 0, "start": 0.9}

    for sparse in (0, 1000):
        monkeypatch.setattr(snapshot, "SPARSE", sparse)
        made = sample(operate, clip("left-black.mp4"), every=1, format="png", watermarks=[mark])

        corners = [bytes(decoded(file.path).frames[0].reformat(format="gray").planes[0])[0] for file in made.files]
        assert corners[0] < 30
        assert corners[1] > 200
