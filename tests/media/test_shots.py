"""Cuts and samples on real footage; where the video changes is judged by another decoder."""

from pathlib import Path

import av
import pytest

from shared.errors import MediaRejected
from shared.media.ffmpeg import Ffmpeg
from shared.operations import video_filters
from shared.operations.analysis import sampling, shots
from shared.operations.operation import OperationContext
from tests.support.clips import Clips, decoded, distance
from tests.support.local_files import LocalFiles, workbench

SIZE = video_filters.Box(320, 320)


def bench_on(source: Path, ffmpeg: Ffmpeg) -> OperationContext:
    return workbench(LocalFiles(source), ffmpeg)


def changes(path: Path, count: int) -> list[float]:
    """Return when the video changes most, by time: in seconds from its first frame."""
    seen = decoded(path)
    steps = [distance(one, other) for one, other in zip(seen.frames, seen.frames[1:], strict=False)]
    largest = sorted(range(len(steps)), key=lambda number: -steps[number])[:count]
    return sorted(seen.times[number + 1] - seen.times[0] for number in largest)


@pytest.mark.parametrize(("name", "count"), [("two-cuts.mp4", 2), ("bikes.mp4", 5)])
def test_cuts_are_where_the_video_changes_most(clip: Clips, ffmpeg: Ffmpeg, name: str, count: int) -> None:
    source = clip.folder / name if name == "bikes.mp4" else clip(name)

    found = shots.find_shots(bench_on(source, ffmpeg), share=(0, 100))

    end = decoded(source).times[-1] + 0.04
    # That of bikes.mp4 at 9.68 s would leave a shot shorter than there is one.
    wanted = [time for time in changes(source, count) if time < end - shots.SHORTEST]
    assert [shot.start for shot in found] == pytest.approx([0, *wanted], abs=0.001)
    assert found[-1].end == pytest.approx(end, abs=0.04)
    assert list(ffmpeg.folder.iterdir()) == []


@pytest.mark.parametrize("name", ["plain.mp4", "stream.ts", "late.mkv", "open-gop.ts", "variable.mp4", "hdr.mp4"])
def test_shots_last_as_long_as_the_video_and_a_single_one_has_no_cut(clip: Clips, ffmpeg: Ffmpeg, name: str) -> None:
    seen = decoded(clip(name))

    found = shots.find_shots(bench_on(clip(name), ffmpeg), share=(0, 100))

    assert [shot.start for shot in found] == ([0, 1.2] if name == "variable.mp4" else [0])
    assert found[-1].end == pytest.approx(seen.times[-1] - seen.times[0] + 0.04, abs=0.081)


def test_a_video_that_can_not_be_decoded_has_no_shots(clip: Clips, ffmpeg: Ffmpeg) -> None:
    with pytest.raises(MediaRejected):
        shots.find_shots(bench_on(clip.cut("front.mp4", 30_000), ffmpeg), share=(0, 100))


@pytest.mark.parametrize("name", ["two-cuts.mp4", "late.mkv", "variable.mp4", "web.webm"])
def test_each_sample_is_what_is_shown_at_its_moment(clip: Clips, ffmpeg: Ffmpeg, name: str) -> None:
    context = bench_on(clip(name), ffmpeg)
    seen = decoded(clip(name))
    times = [time - seen.times[0] for time in seen.times]
    wanted = sampling.choose_moments(shots.find_shots(context, share=(0, 50)), every=0.7, most=20)

    with sampling.take_samples(context, wanted, size=SIZE, share=(50, 100)) as stills:
        assert [still.moment for still in stills] == list(wanted)
        for still in stills:
            still_frame = decoded_still(still.path)
            near = [number for number, time in enumerate(times) if abs(time - still.moment.time) <= 0.15]
            others = [number for number, time in enumerate(times) if abs(time - still.moment.time) > 1]
            assert min(distance(still_frame, seen.frames[number]) for number in near) < 4
            assert not others or min(distance(still_frame, seen.frames[n]) for n in others) > 1

    assert list(ffmpeg.folder.iterdir()) == []


def test_a_slide_is_shown_until_the_next_one_comes(clip: Clips, ffmpeg: Ffmpeg) -> None:
    slides = decoded(clip("slides.mp4")).frames
    wanted = [sampling.LookMoment(time, time, time) for time in (1.3, 2.8, 3.2)]

    with sampling.take_samples(bench_on(clip("slides.mp4"), ffmpeg), wanted, size=SIZE, share=(0, 100)) as stills:
        assert [nearest(still.path, slides) for still in stills] == [0, 1, 2]


def nearest(path: Path, frames: list[av.VideoFrame]) -> int:
    return min(range(len(frames)), key=lambda number: distance(decoded_still(path), frames[number]))


def decoded_still(path: Path) -> av.VideoFrame:
    return decoded(path).frames[0]


@pytest.mark.parametrize(
    ("name", "size"),
    [("sideways.mp4", (136, 320)), ("anamorphic.mp4", (320, 180)), ("odd.mp4", (320, 180)), ("poster.mp4", (320, 180))],
)
def test_samples_are_upright_and_of_the_video(clip: Clips, ffmpeg: Ffmpeg, name: str, size: tuple[int, int]) -> None:
    context = bench_on(clip(name), ffmpeg)

    with sampling.take_samples(context, [sampling.LookMoment(1, 0, 2)], size=SIZE, share=(0, 100)) as stills:
        assert decoded(stills[0].path).size == size


def test_no_file_is_left_when_the_reader_of_the_samples_fails(clip: Clips, ffmpeg: Ffmpeg) -> None:
    context = bench_on(clip("plain.mp4"), ffmpeg)

    with (
        pytest.raises(KeyError),
        sampling.take_samples(context, [sampling.LookMoment(1, 0, 2)], size=SIZE, share=(0, 100)) as stills,
    ):
        raise KeyError(stills)

    assert list(ffmpeg.folder.iterdir()) == []
