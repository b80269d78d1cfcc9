"""Watermarks on real footage: where they lie, how large, how opaque, and when; and what can't become one."""

import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import av
import pytest

from shared.domain.subtask import SubtaskType
from shared.errors import ParametersRejected
from shared.media.ffmpeg import Ffmpeg, binary
from shared.operations.watermarks.watermark import Canvas, Watermark, overlay_watermarks
from tests.support.clips import Clips, decoded, middle
from tests.support.local_files import LocalFiles, Operate, workbench

if TYPE_CHECKING:
    from shared.operations.operation import OperationResult

Mark = Callable[[dict[str, object]], list[av.VideoFrame]]

FLAT = {"speed": "fastest", "crf": 10}
WHITE = 200  # of luma, from which on a pixel counts as part of a white mark


@pytest.fixture
def logo(tmp_path: Path) -> Path:
    """Lend a white image of 60 by 30 pixels."""
    return image(tmp_path / "logo.png", "color=white:s=60x30")


@pytest.fixture
def red(clip: Clips, operate: Operate) -> Mark:
    """Lend what marks two seconds of red, 640 by 360, and returns its videos."""
    return lambda mark: marked(operate, clip("red.mp4"), mark)


def image(path: Path, source: str, *more: str) -> Path:
    """Make an image of what lavfi draws."""
    command = [binary(), "-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", source, "-frames:v", "1"]
    subprocess.run([*command, *more, "-update", "1", path], check=True)
    return path


def marked(operate: Operate, source: Path, mark: dict[str, object], **video: object) -> list[av.VideoFrame]:
    made: OperationResult = operate(
        SubtaskType.TRANSCODE, source, video={**FLAT, **video}, watermarks=[mark], audio="none"
    )
    return decoded(made.files[0].path).frames


def plane(frame: av.VideoFrame, number: int = 0) -> list[bytes]:
    """Return the rows of the luma of a video, or of its blue (1) or red (2)."""
    whole = frame.reformat(format="yuv444p").planes[number]
    pixels = bytes(whole)
    return [pixels[row * whole.line_size :][: frame.width] for row in range(frame.height)]


def box(spots: list[list[bool]]) -> tuple[int, int, int, int]:
    """Return the box of what is true: left, top, right, bottom; all zero when nothing is."""
    down = [number for number, row in enumerate(spots) if any(row)]
    across = [number for number in range(len(spots[0])) if any(row[number] for row in spots)]
    return (across[0], down[0], across[-1] + 1, down[-1] + 1) if down else (0, 0, 0, 0)


def lit(frame: av.VideoFrame) -> tuple[int, int, int, int]:
    """Return the box of the bright pixels."""
    return box([[pixel > WHITE for pixel in row] for row in plane(frame)])


def luma(frame: av.VideoFrame, x: int, y: int) -> int:
    return plane(frame)[y][x]


@pytest.mark.parametrize(
    ("position", "across", "down"),
    [
        ("top-left", 0, 0),
        ("top", 0.5, 0),
        ("top-right", 1, 0),
        ("left", 0, 0.5),
        ("center", 0.5, 0.5),
        ("right", 1, 0.5),
        ("bottom-left", 0, 1),
        ("bottom", 0.5, 1),
        ("bottom-right", 1, 1),
    ],
)
def test_a_mark_lies_at_its_anchor_in_its_share_of_the_video(
    red: Mark, logo: Path, position: str, across: float, down: float
) -> None:
    mark = {"image": str(logo), "position": position, "width": 0.25, "x": 0.1, "y": 0.1}

    left, top, right, bottom = lit(red(mark)[0])

    inwards = {0: 0.1, 0.5: 0.1, 1: -0.1}
    assert [right - left, bottom - top] == pytest.approx([160, 80], abs=2)
    assert left == pytest.approx((640 - 160) * across + 640 * inwards[across], abs=2)
    assert top == pytest.approx((360 - 80) * down + 360 * inwards[down], abs=2)


@pytest.mark.parametrize(
    ("name", "asked", "width"),
    [
        ("red.mp4", {}, 64),
        ("red.mp4", {"width": 320}, 32),
        ("sideways.mp4", {}, 27),
        ("sideways.mkv", {}, 27),
        ("portrait.mp4", {}, 18),
    ],
)
def test_a_mark_keeps_its_share_for_any_size_and_direction_of_the_video(
    clip: Clips, operate: Operate, name: str, asked: dict[str, object], width: int
) -> None:
    blue = image(clip.folder / "blue.png", "color=blue:s=60x30")
    mark = {"image": str(blue), "width": 0.1, "position": "top-left"}
    plain: OperationResult = operate(SubtaskType.TRANSCODE, clip(name), video={**FLAT, **asked}, audio="none")
    before = plane(decoded(plain.files[0].path).frames[0], 1)

    after = plane(marked(operate, clip(name), mark, **asked)[0], 1)

    bluer = [[b > a + 40 for a, b in zip(*rows, strict=True)] for rows in zip(before, after, strict=True)]
    left, top, right, bottom = box(bluer)
    assert [right - left, bottom - top] == pytest.approx([width, width / 2], abs=3)


def test_a_mark_too_tall_for_its_width_stays_inside(red: Mark, tmp_path: Path) -> None:
    tower = image(tmp_path / "tower.png", "color=white:s=20x400")

    left, top, right, bottom = lit(red({"image": str(tower), "width": 1, "x": 0, "y": 0})[0])

    assert [right - left, bottom - top] == pytest.approx([18, 360], abs=2)


@pytest.mark.parametrize(("opacity", "level"), [(1, 235), (0.5, 158), (0.1, 97)])
def test_a_mark_is_as_opaque_as_asked(red: Mark, logo: Path, opacity: float, level: int) -> None:
    mark = {"image": str(logo), "position": "center", "width": 0.5, "opacity": opacity}

    frame = red(mark)[0]

    assert luma(frame, 320, 180) == pytest.approx(level, abs=4)
    assert luma(frame, 10, 10) == pytest.approx(81, abs=3)


def test_a_mark_is_see_through_where_its_image_is(red: Mark, tmp_path: Path) -> None:
    holed = image(
        tmp_path / "holed.png", "color=white:s=60x30,format=rgba,drawbox=x=20:w=20:color=white@0:t=fill:replace=1"
    )

    frame = red({"image": str(holed), "position": "center", "width": 0.6})[0]

    assert [luma(frame, 200, 180), luma(frame, 320, 180)] == pytest.approx([235, 81], abs=4)


@pytest.mark.parametrize(
    ("times", "shown"),
    [
        ({}, range(50)),
        ({"start": 0.5}, range(13, 50)),
        ({"end": "25%"}, range(13)),
        ({"start": "00:00:00.48", "end": 1.0}, range(12, 25)),
        ({"start": 1, "end": 60}, range(25, 50)),
    ],
)
def test_a_mark_is_shown_from_its_start_to_its_end(
    red: Mark, logo: Path, times: dict[str, object], shown: range
) -> None:
    frames = red({"image": str(logo), "position": "center", **times})

    assert [number for number, frame in enumerate(frames) if luma(frame, 320, 180) > WHITE] == list(shown)


def test_the_times_of_a_mark_are_those_of_the_clip(clip: Clips, operate: Operate, logo: Path) -> None:
    mark = {"image": str(logo), "position": "center", "start": 0.2, "end": "60%"}

    made: OperationResult = operate(
        SubtaskType.TRANSCODE, clip("red.mp4"), video=FLAT, watermarks=[mark], clip={"start": 0.8, "end": 1.8}
    )

    lights = [luma(frame, 320, 180) > WHITE for frame in decoded(made.files[0].path).frames]
    assert lights == [5 <= number < 15 for number in range(25)]


@pytest.mark.parametrize("ending", ["png", "jpg", "webp"])
def test_images_of_three_kinds_are_accepted_under_any_name(red: Mark, tmp_path: Path, ending: str) -> None:
    made = image(tmp_path / f"logo.{ending}", "color=white:s=60x30")
    misnamed = made.rename(tmp_path / "logo-%03d.txt")

    frame = red({"image": str(misnamed), "position": "center"})[0]

    assert luma(frame, 320, 180) > WHITE


def test_colors_arrive_as_they_are(red: Mark, tmp_path: Path) -> None:
    same = image(tmp_path / "same.png", "color=0xdc281e:s=60x30")

    frame = red({"image": str(same), "position": "center", "width": 0.5})[0]

    inside, outside = ([plane(frame, number)[y][x] for number in range(3)] for x, y in ((320, 180), (10, 10)))
    assert inside == pytest.approx(outside, abs=3)


@pytest.mark.parametrize("container", ["mp4", "mov"])
@pytest.mark.parametrize("name", ["gray-nameless.mp4", "gray-full.mp4"])
def test_a_marks_colors_do_not_depend_on_the_colors_that_a_film_states(
    clip: Clips, operate: Operate, tmp_path: Path, name: str, container: str
) -> None:
    mark = {"image": str(image(tmp_path / "red.png", "color=0xdc281e:s=60x60")), "position": "center", "width": 0.5}
    video = FLAT if container == "mp4" else {"codec": "prores"}

    made: OperationResult = operate(
        SubtaskType.TRANSCODE, clip(name), container=container, video=video, watermarks=[mark]
    )
    shot: OperationResult = operate(SubtaskType.SCREENSHOT, clip(name), at=[0], watermarks=[mark])

    for file in (*made.files, *shot.files):
        assert middle(decoded(file.path).frames[0]) == pytest.approx((220, 40, 30), abs=8)


def test_a_white_mark_is_not_too_bright_on_an_hdr_video(clip: Clips, operate: Operate, logo: Path) -> None:
    mark = {"image": str(logo), "position": "center", "width": 0.5}

    frame = marked(operate, clip("hdr.mp4"), mark, codec="h265", bitDepth=10)[0]

    assert frame.format.name == "yuv420p10le"
    level = int.from_bytes(bytes(frame.planes[0])[90 * frame.planes[0].line_size + 2 * 160 :][:2], "little")
    assert level == pytest.approx(64 + 876 * 0.6, abs=20)


def test_many_marks_lie_over_each_other_in_their_order(
    clip: Clips, operate: Operate, logo: Path, tmp_path: Path
) -> None:
    black = image(tmp_path / "black.png", "color=black:s=60x30")
    marks = [
        {"image": str(logo), "position": "center", "width": 0.6},
        {"image": str(black), "position": "center", "width": 0.3},
        {"image": str(logo), "position": "center", "width": 0.1},
    ]

    made: OperationResult = operate(SubtaskType.TRANSCODE, clip("red.mp4"), video=FLAT, watermarks=marks)

    frame = decoded(made.files[0].path).frames[0]
    assert [luma(frame, x, 180) > WHITE for x in (320, 250, 180)] == [True, False, True]


def test_one_video_bears_the_marks_of_its_moment(clip: Clips, ffmpeg: Ffmpeg, logo: Path) -> None:
    context = workbench(LocalFiles(clip("red.mp4")), ffmpeg)
    marks = [
        Watermark(image=str(logo), start=start, end=end) for start, end in ((None, None), (0, 1), (1, 2), (1.5, None))
    ]

    inputs = overlay_watermarks(marks, context, "a", "b", 1, canvas=Canvas(still_at=1.0)).inputs

    assert inputs.count("-i") == 2


def test_no_mark_at_all_is_a_graph_too(clip: Clips, ffmpeg: Ffmpeg) -> None:
    overlay = overlay_watermarks([], workbench(LocalFiles(clip("red.mp4")), ffmpeg), "a", "b", 1)

    assert (overlay.inputs, overlay.chains) == ([], ["[a]null[b]"])


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_of(width: int, height: int) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes((width + 1) * height))) + chunk(b"IEND", b"")
    )


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (SVG, "not a still PNG, JPEG or WebP"),
        (b"#EXTM3U\n/etc/passwd", "not a still PNG, JPEG or WebP"),
        (b"GIF89a" + bytes(100), "not a still PNG, JPEG or WebP"),
        (b"", "not a still PNG, JPEG or WebP"),
        (b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\x02" + bytes(20), "not a still PNG, JPEG or WebP"),
        (png_of(2, 2).replace(b"IDAT", b"acTL", 1) + b"IDAT", "not a still PNG, JPEG or WebP"),
        (b"\x89PNG\r\n\x1a\n" + SVG, "damaged"),
        (png_of(60, 30)[:40], "damaged"),
        (png_of(5000, 5000), "more than 4096 by 4096"),
        (b"\xff\xd8\xff" + bytes(21_000_000), "larger than 20 MB"),
    ],
)
def test_a_file_that_is_not_a_still_image_of_a_decent_size_is_refused(
    clip: Clips, operate: Operate, tmp_path: Path, content: bytes, sentence: str
) -> None:
    path = tmp_path / "logo.png"
    path.write_bytes(content)

    with pytest.raises(ParametersRejected, match=sentence) as caught:
        operate(SubtaskType.TRANSCODE, clip("red.mp4"), watermarks=[{"image": str(path)}])

    assert caught.value.code == "ParameterError.Watermark"


def test_an_image_that_is_not_there_and_a_time_past_the_end_are_refused(
    clip: Clips, operate: Operate, logo: Path
) -> None:
    codes = []
    for mark in ({"image": "lost.png"}, {"image": str(logo), "start": 5}, {"image": str(logo), "start": 1.5, "end": 1}):
        with pytest.raises(ParametersRejected) as caught:
            operate(SubtaskType.TRANSCODE, clip("red.mp4"), watermarks=[mark])
        codes.append(caught.value.code)

    assert codes == ["ParameterError.AssetNotFound", "ParameterError.PastTheEnd", "ParameterError.EmptyRange"]
