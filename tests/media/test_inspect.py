"""INSPECT on real footage, good and spoilt in known places: each fault is found where it is, and nothing else."""

import json
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import av
import pytest

from shared.domain.subtask import SubtaskType
from shared.errors import LimitExceeded, MediaRejected
from shared.media.ffmpeg import Ffmpeg, Limits, binary
from shared.operations.findings import Segment
from shared.operations.inspection import inspection
from shared.operations.inspection.inspection_result import InspectResult
from shared.operations.inspection.score import FULL, RATES
from tests.support.clips import Clips
from tests.support.hostile.sizes import noted
from tests.support.local_files import LocalFiles, Operate, workbench

if TYPE_CHECKING:
    from shared.operations.operation import OperationResult

GOOD = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-g", "25", "-bf", "0")
AUDIO = ("-c:a", "aac", "-ac", "2")
BASE = ("-t", "4", "-i", "bigbuckbunny.mp4", "-vf")
SMALL = "scale=320:180"
SECOND = "enable='between(t,1.5,2.49)'"  # the frames from 1.52 on, up to that of 2.48
BARS = f"drawbox=w=iw:h=24:color=black:t=fill:{SECOND},drawbox=y=ih-24:w=iw:h=24:color=black:t=fill:{SECOND}"
NEAR = 0.2  # seconds
SEED = 1  # of all noise, so that it does not depend on the tests that ran before
# What to give ffmpeg for each clip; a name of another clip stands for its path.
SPOILT = {
    "good.mp4": (*BASE, SMALL, *GOOD, *AUDIO, "-movflags", "+faststart"),
    "black.mp4": (*BASE, f"{SMALL},drawbox=color=black:t=fill:{SECOND}", *GOOD, *AUDIO),
    "frozen.mp4": (*BASE, f"{SMALL},loop=loop=25:size=1:start=38,setpts=N/25/TB", *GOOD, *AUDIO, "-t", "4"),
    "silent.mp4": ("-i", "good.mp4", "-af", f"volume=0:{SECOND}", "-c:v", "copy", *AUDIO),
    "clipped.mp4": ("-i", "good.mp4", "-af", f"volume=80dB:{SECOND},aformat=s16", "-c:v", "copy", *AUDIO),
    "letterboxed.mp4": (*BASE, f"{SMALL},{BARS}", *GOOD, *AUDIO),
    "blurred.mp4": (*BASE, f"{SMALL},gblur=sigma=5:{SECOND}", *GOOD, *AUDIO),
    "crushed.avi": (*BASE, SMALL, "-c:v", "mpeg4", "-q:v", "31", "-an"),
    "blocky.mp4": (
        *("-i", "good.mp4", "-i", "crushed.avi", "-filter_complex", f"[0:v][1:v]overlay={SECOND}"),
        *(*GOOD, "-c:a", "copy"),
    ),
    "heavy.mp4": ("-i", "good.mp4", "-c:v", "libx264", "-preset", "veryfast", "-crf", "51", "-c:a", "copy"),
    "late.mp4": ("-i", "good.mp4", "-itsoffset", "0.5", "-i", "good.mp4", "-map", "0:v", "-map", "1:a", "-c", "copy"),
    "short.mp4": ("-i", "good.mp4", "-af", "atrim=end=3", "-c:v", "copy", *AUDIO),
    "spoken.mp4": (
        # Audio that rises and falls, as speech does, and never twice alike.
        *("-i", "good.mp4", "-f", "lavfi", "-t", "4", "-i"),
        "aevalsrc='0.5*sin(2000*t)*pow(sin(5.3*t+1)*sin(8.9*t+0.4)*sin(3.1*t*t),2)':s=48000",
        *("-map", "0:v", "-map", "1:a", "-c:v", "copy", *AUDIO),
    ),
    "again.mp4": ("-i", "spoken.mp4", "-c", "copy"),
    "out-of-sync.mp4": ("-i", "spoken.mp4", "-af", "adelay=300:all=1,atrim=end=4", "-c:v", "copy", *AUDIO),
    "drifting.mp4": ("-i", "spoken.mp4", "-af", "atempo=0.93,atrim=end=4", "-c:v", "copy", *AUDIO),
    "combed.mp4": ("-i", "good.mp4", "-vf", "interlace", *GOOD, "-c:a", "copy"),
    "poor.mp4": ("-i", "good.mp4", "-vf", "scale=80:-2", *GOOD, "-c:a", "copy"),
    "mute.mp4": ("-i", "good.mp4", "-c", "copy", "-an"),
    "hole.ts": ("-i", "good.mp4", "-c", "copy"),
}


@dataclass(frozen=True)
class SpoiltClips:
    """Makes each clip at its first use, of the packages' footage."""

    clips: Clips

    def __call__(self, name: str) -> Path:
        if name not in SPOILT:
            return self.clips(name) if name not in {"bigbuckbunny.mp4", "bikes.mp4"} else self.clips.folder / name
        folder = self.clips.folder / "spoilt"
        folder.mkdir(exist_ok=True)
        path = folder / name
        if not path.exists():
            known = {*SPOILT, "bigbuckbunny.mp4"}
            recipe = [str(self(part)) if part in known else part for part in SPOILT[name]]
            subprocess.run([binary(), "-nostdin", "-loglevel", "error", *recipe, path], check=True)
        return path


@pytest.fixture(scope="module")
def spoilt(clip: Clips) -> SpoiltClips:
    return SpoiltClips(clip)


class Inspect:
    """What a test does: inspect a file, and look at what was found."""

    def __init__(self, operate: Operate) -> None:
        self._operate = operate
        self.made: OperationResult

    def __call__(self, source: Path, first: Path | None = None, **params: object) -> InspectResult:
        self.made = self._operate(SubtaskType.INSPECT, LocalFiles(source, first), **params)
        assert isinstance(self.made.result, InspectResult)
        return self.made.result


@pytest.fixture
def inspect(operate: Operate) -> Inspect:
    return Inspect(operate)


def only(found: InspectResult, label: str) -> Segment:
    (segment,) = (segment for segment in found.segments if segment.label == label)
    return segment


@pytest.mark.parametrize("name", ["bigbuckbunny.mp4", "bikes.mp4", "good.mp4"])
def test_a_good_video_has_no_fault(spoilt: SpoiltClips, inspect: Inspect, name: str) -> None:
    found = inspect(spoilt(name))

    assert found.segments == ()
    assert found.reasons == ()
    assert found.score == 100
    assert (found.damaged, found.truncated, found.interlaced, found.letterboxed) == (False, False, False, False)
    assert found.readable


@pytest.mark.parametrize(
    ("name", "label", "span"),
    [
        ("black.mp4", "BLACK", (1.52, 2.52)),
        ("frozen.mp4", "FROZEN", (1.48, 2.52)),
        ("silent.mp4", "SILENT", (1.5, 2.5)),
        ("clipped.mp4", "CLIPPED", (1.5, 2.5)),
        ("letterboxed.mp4", "LETTERBOXED", (1.52, 2.52)),
        ("blurred.mp4", "BLURRED", (1.52, 2.52)),
        ("blocky.mp4", "BLOCKY", (1.52, 2.52)),
        ("short.mp4", "AUDIO_MISSING", (3, 4)),
    ],
)
def test_a_fault_is_found_where_it_is_alone_and_takes_points(
    spoilt: SpoiltClips, inspect: Inspect, name: str, label: str, span: tuple[float, float]
) -> None:
    found = inspect(spoilt(name))

    (segment,) = found.segments
    assert segment.label == label
    assert (segment.start, segment.end) == pytest.approx(span, abs=NEAR)
    assert [reason.label for reason in found.reasons] == [label]
    assert found.reasons[0].seconds == pytest.approx(segment.end - segment.start, abs=0.01)
    assert found.score == round(100 - found.reasons[0].points)
    assert found.score <= 96


@pytest.mark.parametrize(
    "name",
    ["edited.mp4", "open-gop.ts", "late.mkv", "old.avi", "web.webm", "variable.mp4", "ten-bit.mkv", "tracks.mp4"],
)
def test_awkward_files_are_whole(spoilt: SpoiltClips, inspect: Inspect, name: str) -> None:
    found = inspect(spoilt(name), checks=["DAMAGED", "SYNC", "INTERLACED"])

    assert found.reasons == ()


def test_heavy_compression_shows_blocks_all_over(spoilt: SpoiltClips, inspect: Inspect) -> None:
    found = inspect(spoilt("heavy.mp4"), checks=["BLOCKY"])

    segment = only(found, "BLOCKY")
    assert (segment.start, segment.end) == pytest.approx((0, 4), abs=NEAR)
    assert found.score <= 70


def test_the_video_inside_the_bars_is_reported(spoilt: SpoiltClips, inspect: Inspect) -> None:
    found = inspect(spoilt("letterboxed.mp4"))

    assert found.letterboxed
    assert found.active_area == "320x132+0+24"


def test_audio_that_begins_late_lacks_at_the_beginning(spoilt: SpoiltClips, inspect: Inspect) -> None:
    found = inspect(spoilt("late.mp4"))

    assert found.audio_offset == pytest.approx(0.5, abs=0.03)
    missing = only(found, "AUDIO_MISSING")
    assert (missing.start, missing.end) == pytest.approx((0, 0.5), abs=0.03)
    assert found.score < 90


def flipped(path: Path, kind: str, seconds: tuple[float, float], target: Path) -> Path:
    """Write the file with every tenth byte of the packets of that time changed."""
    content, noise = bytearray(path.read_bytes()), Random(SEED)  # noqa: S311 - the same bytes in each run
    with av.open(path) as container:
        stream = next(stream for stream in container.streams if stream.type == kind)
        for packet in container.demux(stream):
            if packet.pts is not None and seconds[0] <= float(packet.pts * packet.time_base) < seconds[1]:
                assert packet.pos is not None
                for at in range(packet.pos + 6, packet.pos + packet.size, 10):
                    content[at] ^= noise.randrange(1, 256)
    target.write_bytes(content)
    return target


@pytest.mark.parametrize("kind", ["video", "audio"])
def test_flipped_bytes_are_found_where_they_are(
    spoilt: SpoiltClips, inspect: Inspect, tmp_path_factory: pytest.TempPathFactory, kind: str
) -> None:
    target = tmp_path_factory.mktemp("flipped") / "flipped.mp4"

    found = inspect(flipped(spoilt("good.mp4"), kind, (2, 2.9), target))

    assert found.damaged
    assert found.readable
    damage = [segment for segment in found.segments if segment.label == "DAMAGED"]
    assert min(segment.start for segment in damage) == pytest.approx(2, abs=NEAR)
    assert max(segment.end for segment in damage) == pytest.approx(2.9, abs=NEAR)
    assert found.score < 85


def test_packets_that_are_gone_leave_a_gap_that_is_found(
    spoilt: SpoiltClips, inspect: Inspect, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = spoilt("hole.ts").read_bytes()
    packet = 188
    half = len(whole) // packet // 2 * packet
    target = tmp_path_factory.mktemp("hole") / "hole.ts"
    target.write_bytes(whole[:half] + whole[half + len(whole) // packet // 8 * packet :])

    found = inspect(target)

    assert found.damaged
    assert found.damaged_seconds > 0.3
    assert found.score < 85


@pytest.mark.parametrize("share", [0.5, 0.75])
def test_a_file_that_breaks_off_is_truncated_from_there_on(
    spoilt: SpoiltClips, inspect: Inspect, tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    content = spoilt("good.mp4").read_bytes()
    target = tmp_path_factory.mktemp("cut") / "cut.mp4"
    target.write_bytes(content[: int(share * len(content))])
    with av.open(target) as container:
        last = max(
            float(packet.pts * packet.time_base) for packet in container.demux(video=0) if packet.pts is not None
        )

    found = inspect(target)

    assert found.truncated
    segment = only(found, "TRUNCATED")
    assert (segment.start, segment.end) == pytest.approx((last, 4), abs=NEAR)
    assert found.score < 70


def test_a_file_without_its_index_can_not_be_played_which_is_a_finding(
    clip: Clips, inspect: Inspect, tmp_path_factory: pytest.TempPathFactory
) -> None:
    target = tmp_path_factory.mktemp("index") / "index.mp4"
    target.write_bytes(clip("plain.mp4").read_bytes()[:50_000])

    found = inspect(target)

    assert (found.score, found.readable, found.damaged) == (0, False, True)
    assert [reason.label for reason in found.reasons] == ["UNREADABLE"]


def test_noise_in_place_of_the_media_can_not_be_played_which_is_a_finding(
    spoilt: SpoiltClips, inspect: Inspect, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = spoilt("good.mp4").read_bytes()
    begin = content.index(b"mdat") + 4
    target = tmp_path_factory.mktemp("noise") / "noise.mp4"
    noise = Random(SEED).randbytes(len(content) - begin)  # noqa: S311 - the same bytes in each run
    target.write_bytes(content[:begin] + noise)

    found = inspect(target)

    assert (found.score, found.readable, found.damaged) == (0, False, True)
    assert found.has_video


def test_a_file_that_is_not_media_is_rejected(inspect: Inspect, tmp_path: Path) -> None:
    (tmp_path / "letter.mp4").write_text("Dear Sir or Madam")

    with pytest.raises(MediaRejected) as caught:
        inspect(tmp_path / "letter.mp4")

    assert caught.value.code == "SourceFileError.NotMedia"


def test_an_output_is_measured_against_its_source(spoilt: SpoiltClips, inspect: Inspect) -> None:
    good, poor = (inspect(spoilt(name), spoilt("bigbuckbunny.mp4")) for name in ("good.mp4", "poor.mp4"))

    assert good.compared
    assert good.vmaf is not None
    assert poor.vmaf is not None
    assert good.vmaf > poor.vmaf + 10
    assert (poor.psnr or 0) < (good.psnr or 0)
    assert 0 < (poor.ssim or 0) < (good.ssim or 0) < 1
    assert poor.score < good.score
    assert "UNLIKE_SOURCE" in {reason.label for reason in poor.reasons}


def test_the_source_itself_is_compared_with_nothing(spoilt: SpoiltClips, inspect: Inspect) -> None:
    alone = inspect(spoilt("good.mp4"))
    unasked = inspect(spoilt("poor.mp4"), spoilt("good.mp4"), againstSource=False)

    assert (alone.compared, alone.vmaf) == (False, None)
    assert (unasked.compared, unasked.vmaf) == (False, None)


@pytest.mark.parametrize(
    ("name", "lag", "drift"), [("again.mp4", 0, 0), ("out-of-sync.mp4", 0.3, 0), ("drifting.mp4", 0.2, 0.13)]
)
def test_audio_that_runs_away_from_the_sources_is_out_of_sync(
    spoilt: SpoiltClips, inspect: Inspect, name: str, lag: float, drift: float
) -> None:
    found = inspect(spoilt(name), spoilt("spoken.mp4"), checks=["SYNC"])

    assert found.audio_lag == pytest.approx(lag, abs=0.06)
    assert found.audio_drift == pytest.approx(drift, abs=0.06)
    assert ("OUT_OF_SYNC" in {reason.label for reason in found.reasons}) == (lag > 0.1)


def test_audio_that_an_output_has_lost_takes_points(spoilt: SpoiltClips, inspect: Inspect) -> None:
    found = inspect(spoilt("mute.mp4"), spoilt("good.mp4"))

    assert (found.has_video, found.has_audio) == (True, False)
    assert [reason.label for reason in found.reasons] == ["LOST"]
    assert found.score == 50


def test_an_output_too_damaged_to_compare_is_inspected_and_said_so(
    spoilt: SpoiltClips, inspect: Inspect, tmp_path_factory: pytest.TempPathFactory
) -> None:
    target = tmp_path_factory.mktemp("ruined") / "ruined.mp4"

    found = inspect(flipped(spoilt("good.mp4"), "video", (0.1, 4), target), spoilt("bigbuckbunny.mp4"))

    assert found.damaged
    assert found.damaged_seconds > 3
    assert found.score <= FULL - RATES["DAMAGED"].most  # the few frames left may show other faults too
    assert found.vmaf is not None or "could not be compared" in "\n".join(inspect.made.warnings)


def test_a_video_too_large_to_decode_is_refused(spoilt: SpoiltClips, tmp_path: Path) -> None:
    ffmpeg = Ffmpeg(Limits(60, 10**9, max_pixels=1000), tmp_path, lambda _: None)

    with pytest.raises(LimitExceeded, match="320 by 180"):
        inspection.OPERATION.done({}, workbench(LocalFiles(spoilt("good.mp4")), ffmpeg))


def test_combed_frames_are_found_though_the_file_calls_them_progressive(spoilt: SpoiltClips, inspect: Inspect) -> None:
    found = inspect(spoilt("combed.mp4"))

    assert (found.interlaced, found.telecined) == (True, False)
    assert [reason.label for reason in found.reasons] == ["INTERLACED"]


@pytest.mark.parametrize(("name", "telecined"), [("interlaced.mp4", False), ("telecined.mp4", True)])
def test_a_file_that_says_it_is_interlaced_is_at_no_fault(
    spoilt: SpoiltClips, inspect: Inspect, name: str, *, telecined: bool
) -> None:
    found = inspect(spoilt(name))

    assert (found.interlaced, found.telecined) == (True, telecined)
    assert "INTERLACED" not in {reason.label for reason in found.reasons}


def test_loudness_and_peak_are_reported(spoilt: SpoiltClips, inspect: Inspect) -> None:
    found = inspect(spoilt("clipped.mp4"))

    assert found.integrated_loudness is not None
    assert -12 < found.integrated_loudness < 3
    assert found.true_peak is not None
    assert found.true_peak > 0


@pytest.mark.parametrize(
    ("name", "video", "audio"),
    [("audio.mp3", False, True), ("covered.mp3", False, True), ("bikes-2s.mp4", True, False)],
)
def test_what_lacks_video_or_audio_is_inspected_for_the_other(
    spoilt: SpoiltClips, inspect: Inspect, name: str, *, video: bool, audio: bool
) -> None:
    found = inspect(spoilt(name))

    assert (found.has_video, found.has_audio) == (video, audio)
    assert found.score == 100


def test_a_variable_frame_rate_is_a_fact_and_no_fault(spoilt: SpoiltClips, inspect: Inspect) -> None:
    assert inspect(spoilt("variable.mp4"), checks=["DAMAGED", "SYNC"]).variable_frame_rate
    assert not inspect(spoilt("good.mp4"), checks=["DAMAGED"]).variable_frame_rate


def test_what_is_not_looked_for_is_not_found(spoilt: SpoiltClips, inspect: Inspect) -> None:
    found = inspect(spoilt("black.mp4"), checks=["FROZEN", "BLOCKY"])

    assert found.segments == ()
    assert found.score == 100


def test_a_stretch_shorter_than_asked_for_does_not_count(spoilt: SpoiltClips, inspect: Inspect) -> None:
    assert inspect(spoilt("black.mp4"), checks=["BLACK"], minBlack=1.2).segments == ()


def test_the_chart_is_a_drawing_by_itself_and_the_findings_are_whole(spoilt: SpoiltClips, inspect: Inspect) -> None:
    found = inspect(spoilt("black.mp4"), spoilt("good.mp4"))

    chart, findings = inspect.made.files
    drawing = ET.fromstring(chart.path.read_text(encoding="utf-8"))  # noqa: S314 - it is ours
    tags = {element.tag.rpartition("}")[2] for element in drawing.iter()}
    text = " ".join(drawing.itertext())
    assert chart.content_type == "image/svg+xml"
    assert {"polyline", "rect", "text"} <= tags
    assert not tags & {"script", "image", "foreignObject", "use"}
    assert "prefers-color-scheme:dark" in text
    assert all(word in text for word in ("VMAF", "Brightness", "Blur", "Blocks", "Loudness", "Black", "0:02"))
    whole = json.loads(findings.path.read_text(encoding="utf-8"))
    assert whole["score"] == found.score
    assert whole["segments"][0]["label"] == "BLACK"
    assert len(whole["series"]) == 20
    assert len(found.model_dump_json(by_alias=True)) < 64_000


def test_nothing_but_the_chart_and_the_findings_is_left(spoilt: SpoiltClips, inspect: Inspect) -> None:
    inspect(spoilt("poor.mp4"), spoilt("good.mp4"))

    folder = inspect.made.files[0].path.parent
    assert {path.name for path in folder.iterdir()} == {file.path.name for file in inspect.made.files}


@pytest.mark.parametrize("note", [("lavfi.cropdetect.w", b"abc"), ("note", b"a" * 3 * 10**6)])
@pytest.mark.parametrize("kind", [SubtaskType.INSPECT, SubtaskType.ANALYZE])
def test_what_frames_say_of_themselves_is_not_a_measurement(
    operate: Operate, ffmpeg: Ffmpeg, tmp_path: Path, kind: SubtaskType, note: tuple[str, bytes]
) -> None:
    ffmpeg.limits = Limits(wall_seconds=60, output_bytes=5 * 10**6)
    film = tmp_path / "noted.mkv"
    film.write_bytes(noted(dict([note])))

    made = operate(kind, film, **({"checks": ["BLOCKY"]} if kind is SubtaskType.INSPECT else {}))

    assert made.result
