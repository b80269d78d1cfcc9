"""ANIMATE on real footage. GIFs are judged by another decoder; of WebP it reads single frames, out of their chunks."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import pytest

from shared.domain.subtask import SubtaskType
from shared.errors import MediaRejected, ParametersRejected
from shared.operations.operation import OperationResult
from tests.support.clips import Clips, decoded, distance
from tests.support.local_files import Operate


@dataclass(frozen=True)
class Animation:
    """An animated WebP as its chunks tell: size, how often it is played, and the milliseconds of each frame."""

    size: tuple[int, int]
    loop: int
    durations: list[int]
    first: bytes


def animate(operate: Operate, source: Path, **params: object) -> OperationResult:
    return operate(SubtaskType.ANIMATE, source, **params)


def chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    while len(content) >= 8:
        name, size = struct.unpack("<4sL", content[:8])
        yield name, content[8 : 8 + size]
        content = content[8 + size + size % 2 :]


def webp(path: Path) -> Animation:
    """Read an animated WebP, by the container specification."""
    content = path.read_bytes()
    assert (content[:4], content[8:12]) == (b"RIFF", b"WEBP")
    assert int.from_bytes(content[4:8], "little") == len(content) - 8
    found = list(chunks(content[12:]))
    (canvas,) = [body for name, body in found if name == b"VP8X"]
    (control,) = [body for name, body in found if name == b"ANIM"]
    frames = [body for name, body in found if name == b"ANMF"]
    still = b"WEBP" + frames[0][16:]
    return Animation(
        size=(int.from_bytes(canvas[4:7], "little") + 1, int.from_bytes(canvas[7:10], "little") + 1),
        loop=int.from_bytes(control[4:6], "little"),
        durations=[int.from_bytes(frame[12:15], "little") for frame in frames],
        first=b"RIFF" + struct.pack("<L", len(still)) + still,
    )


def plays(path: Path) -> int | None:
    """Return the repeat count of a GIF, None when it has none."""
    _, mark, rest = path.read_bytes().partition(b"NETSCAPE2.0\x03\x01")
    return int.from_bytes(rest[:2], "little") if mark else None


def nearest(video: av.VideoFrame, frames: list[av.VideoFrame]) -> int:
    return min(range(len(frames)), key=lambda number: distance(video, frames[number]))


def test_a_gif_shows_the_part_that_was_asked_for(clip: Clips, operate: Operate) -> None:
    seen = decoded(clip("silent.mp4"))

    made = animate(operate, clip("silent.mp4"), start=0.8, duration=1)

    (file,) = made.files
    found = decoded(file.path)
    assert (file.content_type, file.path.suffix) == ("image/gif", ".gif")
    assert file.facts == {"width": 320, "height": 136, "duration": 1.0}
    assert found.size == (320, 136)
    assert found.times == pytest.approx([0.1 * number for number in range(10)], abs=0.011)
    assert seen.times[nearest(found.frames[0], seen.frames)] == pytest.approx(0.8, abs=0.061)
    assert seen.times[nearest(found.frames[-1], seen.frames)] == pytest.approx(1.7, abs=0.061)
    assert made.warnings == ()


@pytest.mark.parametrize("params", [{"duration": 1}, {"duration": 2, "spread": 2}])
def test_what_hardly_moves_lasts_no_longer_than_asked(clip: Clips, operate: Operate, params: dict[str, object]) -> None:
    made = animate(operate, clip("slides.mp4"), **params)  # a video every 1.5 s

    with av.open(made.files[0].path) as container:
        lasts = sum(float((packet.duration or 0) * packet.time_base) for packet in container.demux(video=0))
    assert lasts == pytest.approx(params["duration"], abs=0.02)
    assert made.files[0].facts["duration"] == params["duration"]


def test_a_webp_shows_the_part_that_was_asked_for(clip: Clips, operate: Operate, tmp_path: Path) -> None:
    seen = decoded(clip("silent.mp4"))

    made = animate(operate, clip("silent.mp4"), start="40%", duration=1, format="webp", loop=3)

    (file,) = made.files
    found = webp(file.path)
    (tmp_path / "first.webp").write_bytes(found.first)
    first = decoded(tmp_path / "first.webp").frames[0]
    assert file.content_type == "image/webp"
    assert file.facts == {"width": 320, "height": 136, "duration": 1.0}
    assert (found.size, found.loop) == ((320, 136), 3)
    assert sum(found.durations) == pytest.approx(1000, abs=100)
    assert seen.times[nearest(first, seen.frames)] == pytest.approx(0.8, abs=0.061)


@pytest.mark.parametrize(("loop", "repeats"), [(0, 0), (1, None), (2, 1), (5, 4)])
def test_a_gif_is_played_as_often_as_asked(clip: Clips, operate: Operate, loop: int, repeats: int | None) -> None:
    made = animate(operate, clip("blink.mp4"), loop=loop, width=64)

    assert plays(made.files[0].path) == repeats


def test_pieces_are_spread_evenly_over_all_of_the_video(clip: Clips, operate: Operate) -> None:
    seen = decoded(clip("two-cuts.mp4"))

    made = animate(operate, clip("two-cuts.mp4"), spread=3, duration=1.2)

    found = decoded(made.files[0].path)
    starts = [seen.times[nearest(found.frames[number], seen.frames)] for number in (0, 4, 8)]
    assert len(found.frames) == 12
    assert made.files[0].facts["duration"] == pytest.approx(1.2, abs=0.01)
    # 4.2 s in three parts, and from the middle of each 0.4 s
    assert starts == pytest.approx([0.5, 1.9, 3.3], abs=0.061)


@pytest.mark.parametrize("spread", [2, 3])
def test_pieces_that_begin_between_frames_are_no_longer_for_that(clip: Clips, operate: Operate, spread: int) -> None:
    made = animate(operate, clip("silent.mp4"), spread=spread, duration=spread / 2, width=64)

    assert len(decoded(made.files[0].path).frames) == 5 * spread
    assert made.files[0].facts["duration"] == pytest.approx(spread / 2, abs=0.011)


def test_pieces_that_are_longer_than_the_video_are_the_video(clip: Clips, operate: Operate) -> None:
    made = animate(operate, clip("plain.mp4"), spread=4, duration=10)

    assert len(decoded(made.files[0].path).frames) == 20


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_the_colors_are_those_of_the_video(clip: Clips, operate: Operate, kind: str) -> None:
    made = animate(operate, clip("red.mp4"), format=kind, duration=1)  # nothing moves, so the webp is a still

    plane = decoded(made.files[0].path).frames[0].reformat(format="rgb24").planes[0]
    assert tuple(bytes(plane)[:3]) == pytest.approx((220, 40, 30), abs=8)


@pytest.mark.parametrize(
    ("asked", "size"),
    [({}, (360, 202)), ({"width": 100}, (100, 56)), ({"height": 60}, (106, 60)), ({"width": 4000}, (640, 360))],
)
def test_the_video_fits_and_is_never_enlarged(
    clip: Clips, operate: Operate, asked: dict[str, int], size: tuple[int, int]
) -> None:
    made = animate(operate, clip("red.mp4"), duration=0.5, **asked)

    assert decoded(made.files[0].path).size == size
    assert (made.files[0].facts["width"], made.files[0].facts["height"]) == size


@pytest.mark.parametrize(
    ("name", "size", "frames"),
    [
        ("sideways.mp4", (272, 640), 20),
        ("sideways.mkv", (272, 640), 20),
        ("portrait.mp4", (180, 320), 20),
        ("odd.mp4", (320, 180), 20),
        ("hdr.mp4", (320, 180), 20),
        ("ten-bit.mkv", (320, 180), 20),
        ("interlaced.mp4", (320, 180), 20),
        ("variable.mp4", (320, 136), 20),
        ("edited.mp4", (320, 180), 15),
        ("late.mkv", (320, 180), 20),
        ("stream.ts", (320, 180), 20),
        ("old.avi", (320, 180), 20),
        ("tracks.mp4", (320, 180), 20),
        ("poster.mp4", (320, 180), 20),
        ("live.webm", (320, 180), 20),
    ],
)
def test_every_shape_of_video_moves_upright_and_for_as_long(
    clip: Clips, operate: Operate, name: str, size: tuple[int, int], frames: int
) -> None:
    found = decoded(animate(operate, clip(name)).files[0].path)

    assert found.size == size
    assert len(found.frames) == pytest.approx(frames, abs=1)


def test_pieces_are_found_where_a_seek_finds_none(clip: Clips, operate: Operate) -> None:
    made = animate(operate, clip("stream.ts"), spread=2, duration=1)  # its only key frame is the first

    assert len(decoded(made.files[0].path).frames) == 10
    assert made.warnings == ()


def test_where_the_file_breaks_off_the_pieces_before_are_kept_and_it_is_said_so(clip: Clips, operate: Operate) -> None:
    made = animate(operate, clip.cut("front.mp4", 200_000), spread=4, duration=0.8)

    assert 0 < len(decoded(made.files[0].path).frames) < 8
    assert made.warnings[0].endswith("of 4 parts could not be decoded: the source is damaged or truncated")


def test_a_file_without_a_single_video_is_rejected(clip: Clips, operate: Operate) -> None:
    index = clip("front.mp4").read_bytes().index(b"mdat")

    with pytest.raises(MediaRejected):
        animate(operate, clip.cut("front.mp4", index + 100))


def test_audio_alone_cannot_move(clip: Clips, operate: Operate) -> None:
    with pytest.raises(MediaRejected) as caught:
        animate(operate, clip("audio.wav"))

    assert caught.value.code == "SourceFileError.NoVideo"


def test_a_start_past_the_end_is_refused(clip: Clips, operate: Operate) -> None:
    with pytest.raises(ParametersRejected, match="is after the end"):
        animate(operate, clip("plain.mp4"), start=30)
