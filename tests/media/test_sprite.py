"""SPRITE on real footage: what a player would show at each time, judged by another decoder."""

import re
from dataclasses import dataclass
from pathlib import Path

import av
import pytest

from shared.domain.subtask import SubtaskType
from shared.errors import MediaRejected
from shared.operations.operation import OperationResult
from shared.operations.stills import snapshot
from tests.support.clips import Clips, decoded, distance
from tests.support.local_files import Operate

CUE = re.compile(r"([\d:.]+) --> ([\d:.]+)\n(.+)#xywh=(\d+),(\d+),(\d+),(\d+)\n")


@dataclass(frozen=True)
class Cue:
    start: float
    end: float
    sheet: str
    box: tuple[int, int, int, int]


def sprite(operate: Operate, source: Path, **params: object) -> OperationResult:
    return operate(SubtaskType.SPRITE, source, **params)


def clock(text: str) -> float:
    hours, minutes, seconds = text.split(":")
    assert (len(hours), len(minutes), len(seconds)) == (2, 2, 6)
    return 3600 * int(hours) + 60 * int(minutes) + float(seconds)


def cues(made: OperationResult) -> list[Cue]:
    """Return the cues of the WebVTT file, which must hold nothing else."""
    text = made.files[0].path.read_text()
    found = [
        Cue(clock(start), clock(end), sheet, (int(x), int(y), int(width), int(height)))
        for start, end, sheet, x, y, width, height in CUE.findall(text)
    ]
    assert text == "WEBVTT\n\n" + "\n".join(match[0] for match in CUE.finditer(text))
    return found


def tile(made: OperationResult, cue: Cue) -> av.VideoFrame:
    """Return the image that a cue names."""
    (sheet,) = [file for file in made.files if file.path_name == cue.sheet]
    frame = decoded(sheet.path).frames[0].reformat(format="rgb24")
    x, y, width, height = cue.box
    assert x + width <= frame.width
    assert y + height <= frame.height
    plane = frame.planes[0]
    pixels = bytes(plane)
    rows = [pixels[(y + row) * plane.line_size + 3 * x :][: 3 * width] for row in range(height)]
    found = av.VideoFrame(width, height, "rgb24")
    found.planes[0].update(b"".join(row.ljust(found.planes[0].line_size, b"\0") for row in rows))
    return found


def test_the_index_comes_first_and_all_keep_their_names(clip: Clips, operate: Operate) -> None:
    made = sprite(operate, clip("plain.mp4"), every=0.25, columns=3, rows=2)

    index, *sheets = made.files
    assert (index.content_type, index.path_name, index.number) == ("text/vtt", "sprite.vtt", None)
    assert index.facts == {"tiles": 8, "every": 0.25, "duration": 2.0}
    assert [(sheet.path_name, sheet.number) for sheet in sheets] == [("sprite-001.jpg", 1), ("sprite-002.jpg", 2)]
    assert [sheet.facts for sheet in sheets] == [{"width": 480, "height": 180}, {"width": 320, "height": 90}]
    assert [decoded(sheet.path).size for sheet in sheets] == [(480, 180), (320, 90)]
    assert {file.path.name for file in made.files} == {file.path_name for file in made.files}


@pytest.mark.parametrize("way", ["decoding all", "seeking"])
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_each_cue_shows_what_is_shown_when_it_begins(
    clip: Clips, operate: Operate, monkeypatch: pytest.MonkeyPatch, kind: str, way: str
) -> None:
    monkeypatch.setattr(snapshot, "SPARSE", 0 if way == "seeking" else 1000)
    seen = decoded(clip("silent.mp4"))

    # 320 by 136, as the source is: so nothing has to be padded.
    made = sprite(operate, clip("silent.mp4"), every=0.25, columns=2, rows=2, width=320, height=136, format=kind)

    shown = cues(made)
    assert len(shown) == 8
    for cue in shown:
        image = tile(made, cue)
        number = min(range(len(seen.frames)), key=lambda number: distance(image, seen.frames[number]))
        assert seen.times[number] == pytest.approx(cue.start, abs=0.041)
    assert made.warnings == ()


@pytest.mark.parametrize(
    "name", ["plain.mp4", "audio-late.mp4", "video-late.mp4", "late.mkv", "live.webm", "blink.mp4"]
)
@pytest.mark.parametrize("every", [None, 0.3, 60])
def test_the_cues_fill_the_whole_duration_without_a_gap(
    clip: Clips, operate: Operate, name: str, every: float | None
) -> None:
    made = sprite(operate, clip(name), every=every)

    found = cues(made)
    with av.open(clip(name)) as container:
        ends = [
            float((packet.pts + (packet.duration or 0)) * packet.time_base)
            for packet in container.demux()
            if packet.pts is not None
        ]
        whole = max(ends) - (container.start_time or 0) / av.time_base
    assert [cue.start for cue in found] == [0.0, *(cue.end for cue in found[:-1])]
    assert all(cue.start < cue.end for cue in found)
    assert found[-1].end == pytest.approx(whole, abs=0.06)
    assert found[-1].end == made.files[0].facts["duration"]


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("plain.mp4", (160, 90)),
        ("portrait.mp4", (90, 160)),
        ("sideways.mp4", (90, 160)),
        ("sideways.mkv", (160, 90)),  # only ffmpeg knows that it is upright
        ("odd.mp4", (160, 90)),
        ("hdr.mp4", (160, 90)),
        ("interlaced.mp4", (160, 90)),
        ("poster.mp4", (160, 90)),
        ("open-gop.ts", (160, 90)),
        ("old.avi", (160, 90)),
    ],
)
def test_every_shape_of_video_has_tiles_of_one_size(
    clip: Clips, operate: Operate, name: str, size: tuple[int, int]
) -> None:
    made = sprite(operate, clip(name))

    assert {cue.box[2:] for cue in cues(made)} == {size}
    assert len(cues(made)) >= made.files[0].facts["tiles"] >= 2  # the audio may be longer


def test_an_image_keeps_its_aspect_on_black(clip: Clips, operate: Operate) -> None:
    made = sprite(operate, clip("red.mp4"), every=1, width=160, height=160, format="png")

    frame = tile(made, cues(made)[1])
    plane = frame.planes[0]
    middle, top, bottom = (bytes(plane)[row * plane.line_size + 240 :][:3] for row in (80, 33, 126))
    assert tuple(middle) == pytest.approx((220, 40, 30), abs=8)
    assert max(*top, *bottom) < 20


def test_past_the_last_image_that_could_be_decoded_it_stays(clip: Clips, operate: Operate) -> None:
    made = sprite(operate, clip.cut("front.mp4", 200_000), every=0.25)

    found = cues(made)
    tiles = made.files[0].facts["tiles"]
    assert 0 < tiles < len(found) == 9
    assert len({cue.box for cue in found[tiles - 1 :]}) == 1
    assert found[-1].end == pytest.approx(2, abs=0.05)
    assert made.warnings[0].startswith(f"no image could be decoded from {0.25 * tiles:.3f} s on")


def test_tiles_that_would_be_too_many_lie_further_apart(clip: Clips, operate: Operate) -> None:
    made = sprite(operate, clip("plain.mp4"), every=0.1, columns=1, rows=1)

    assert made.files[0].facts["tiles"] == 20  # 20 sheets of at most 100
    assert made.warnings == ()


def test_audio_alone_has_no_sprite(clip: Clips, operate: Operate) -> None:
    with pytest.raises(MediaRejected) as caught:
        sprite(operate, clip("covered.mp3"))

    assert caught.value.code == "SourceFileError.NoVideo"
