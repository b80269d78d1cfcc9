"""TRANSCODE on real footage; what comes out is judged by another decoder."""

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import av
import pytest

from shared.domain.subtask import SubtaskType
from shared.errors import LimitExceeded, MediaRejected
from shared.media.ffmpeg import Ffmpeg, Limits
from shared.media.probe import probe
from shared.operations.transcoding import transcode
from shared.operations.transcoding.transcode_params import TranscodeParams
from tests.support.clips import Clips, brightness, combing, decoded
from tests.support.local_files import LocalFiles, Operate, workbench

if TYPE_CHECKING:
    from shared.operations.operation import OperationResult

QUICK = {"speed": "fastest"}
TINY = {**QUICK, "height": 90}
TOP, BOTTOM = slice(0, 9), slice(27, 36)


@pytest.fixture
def transcoded(operate: Operate) -> "Transcode":
    return Transcode(operate)


class Transcode:
    """What a test does: transcode a clip, and decode what came out."""

    def __init__(self, operate: Operate) -> None:
        self._operate = operate
        self.made: OperationResult

    def __call__(self, source: Path, **params: object) -> Path:
        self.made = self._operate(SubtaskType.TRANSCODE, source, **params)
        return self.made.files[0].path

    @property
    def warnings(self) -> str:
        return "\n".join(self.made.warnings)


@pytest.mark.parametrize(
    ("container", "video", "audio"),
    [
        ("mp4", "h264", "aac"),
        ("mp4", "h265", "aac"),
        ("mp4", "av1", "opus"),
        ("mp4", "vp9", "mp3"),
        ("mkv", "h264", "mp3"),
        ("mkv", "h265", "opus"),
        ("webm", "vp9", "opus"),
        ("webm", "av1", "opus"),
    ],
)
def test_every_codec_decodes_to_its_end_in_every_container(
    clip: Clips, transcoded: Transcode, container: str, video: str, audio: str
) -> None:
    path = transcoded(clip("plain.mp4"), container=container, video={**TINY, "codec": video}, audio={"codec": audio})

    seen = decoded(path)
    facts = transcoded.made.files[0].facts
    assert path.suffix == f".{container}"
    assert seen.size == (160, 90)
    assert len(seen.frames) == pytest.approx(50, abs=1)
    assert seen.audio_seconds == pytest.approx(2, abs=0.1)
    assert (facts["videoCodec"], facts["audioCodec"]) == (video, audio)
    assert (facts["width"], facts["height"], facts["duration"]) == (160, 90, pytest.approx(2, abs=0.1))
    assert transcoded.made.warnings == ()


@pytest.mark.parametrize(
    ("codec", "low", "high"), [("h264", 45, 25), ("h265", 45, 25), ("av1", 60, 30), ("vp9", 60, 30)]
)
def test_a_lower_crf_makes_a_larger_file(clip: Clips, transcoded: Transcode, codec: str, low: int, high: int) -> None:
    sizes = [
        transcoded(clip("plain.mp4"), video={**TINY, "codec": codec, "crf": crf}, audio="none").stat().st_size
        for crf in (low, high)
    ]

    assert sizes[1] > 1.3 * sizes[0]


@pytest.mark.parametrize("codec", ["h264", "h265", "av1", "vp9"])
def test_a_bit_rate_is_met_on_the_whole(clip: Clips, transcoded: Transcode, codec: str) -> None:
    transcoded(clip("plain.mp4"), video={"codec": codec, "speed": "fast", "bitrate": 300}, audio="none")

    assert transcoded.made.files[0].facts["bitRate"] == pytest.approx(300_000, rel=0.4)


@pytest.mark.parametrize(("container", "codec"), [("mp3", "mp3float"), ("m4a", "aac")])
def test_the_audio_alone_is_taken_from_a_video(clip: Clips, transcoded: Transcode, container: str, codec: str) -> None:
    seen = decoded(transcoded(clip("surround.mp4"), container=container, audio={"channels": 2}))

    assert seen.kinds == ["audio"]
    assert seen.audio
    assert (seen.audio.codec_context.name, seen.audio.channels) == (codec, 2)
    assert seen.audio_seconds == pytest.approx(2, abs=0.1)
    assert transcoded.made.files[0].content_type.startswith("audio/")


@pytest.mark.parametrize("name", ["sideways.mp4", "sideways.mkv"])
def test_a_video_that_lies_on_its_side_comes_out_upright(clip: Clips, transcoded: Transcode, name: str) -> None:
    path = transcoded(clip(name), video=QUICK)

    seen = decoded(path)
    assert seen.size == (272, 640)
    assert seen.frames[0].rotation == 0
    assert brightness(seen.frames[0], TOP) < 25 < brightness(seen.frames[0], BOTTOM)


def test_a_video_that_is_upside_down_is_turned(clip: Clips, transcoded: Transcode) -> None:
    seen = decoded(transcoded(clip("upside-down.mp4"), video=QUICK))
    reference = decoded(clip("left-black.mp4"))

    assert seen.size == (640, 272)
    assert brightness(seen.frames[0], TOP) == pytest.approx(brightness(reference.frames[0], BOTTOM), abs=3)


@pytest.mark.parametrize(
    ("name", "asked", "expected"),
    [
        ("odd.mp4", {}, (320, 180)),
        ("anamorphic.mp4", {}, (320, 180)),
        ("anamorphic.mp4", {"width": 160}, (160, 90)),
        ("plain.mp4", {"width": 1920, "height": 1080}, (320, 180)),
        ("plain.mp4", {"width": 640, "upscale": True}, (640, 360)),
        ("plain.mp4", {"width": 200, "height": 50}, (88, 50)),
        ("plain.mp4", {"width": 161}, (160, 90)),
        ("sideways.mp4", {"width": 320, "height": 136}, (58, 136)),
        ("sideways.mp4", {"width": 320, "height": 136, "turnBox": True}, (136, 320)),
    ],
)
def test_a_video_fits_its_box_keeps_its_aspect_and_is_even(
    clip: Clips, transcoded: Transcode, name: str, asked: dict[str, object], expected: tuple[int, int]
) -> None:
    seen = decoded(transcoded(clip(name), video={**QUICK, **asked}, audio="none"))

    assert seen.size == expected
    assert seen.video
    assert seen.video.sample_aspect_ratio in {None, 0, 1}


def test_a_variable_frame_rate_keeps_the_times_of_its_frames(clip: Clips, transcoded: Transcode) -> None:
    source = decoded(clip("variable.mp4"))

    seen = decoded(transcoded(clip("variable.mp4"), video=QUICK))

    assert len({round(b - a, 2) for a, b in pairwise(source.times)}) > 1
    assert seen.times == pytest.approx(source.times, abs=0.01)


@pytest.mark.parametrize(("limit", "frames"), [(10, 20), (60, 50)])
def test_a_frame_rate_is_a_limit(clip: Clips, transcoded: Transcode, limit: int, frames: int) -> None:
    seen = decoded(transcoded(clip("plain.mp4"), video={**TINY, "frameRate": limit}))

    assert len(seen.frames) == pytest.approx(frames, abs=1)


def test_ten_bits_become_eight(clip: Clips, transcoded: Transcode) -> None:
    seen = decoded(transcoded(clip("ten-bit.mkv"), video=QUICK))

    assert seen.frames[0].format.name == "yuv420p"
    assert "10 bits" in transcoded.warnings


@pytest.mark.parametrize("name", ["ten-bit.mkv", "camera.mov", "hdr.mp4"])
def test_ten_bits_are_kept_without_a_word(clip: Clips, transcoded: Transcode, name: str) -> None:
    transcoded(clip(name), video={**QUICK, "codec": "h265", "bitDepth": 10})

    assert "bits" not in transcoded.warnings


def test_what_was_transparent_is_opaque_and_said_so(clip: Clips, transcoded: Transcode) -> None:
    transcoded(clip("title.mov"), video=TINY)

    assert "opaque" in transcoded.warnings


def test_hdr_is_tone_mapped_and_said_so(clip: Clips, transcoded: Transcode) -> None:
    path = transcoded(clip("hdr.mp4"), video=QUICK)

    media = probe(path, "out")
    assert media.video
    assert not media.video.hdr
    assert decoded(path).frames[0].format.name == "yuv420p"
    assert "tone-mapped" in transcoded.warnings


@pytest.mark.parametrize(("name", "percent"), [("white-pq.mp4", 75), ("white-hlg.mp4", 75), ("peak-hlg.mp4", 100)])
def test_the_white_of_hdr_leaves_room_for_what_is_brighter(
    clip: Clips, transcoded: Transcode, name: str, percent: float
) -> None:
    frame = decoded(transcoded(clip(name), video=QUICK)).frames[0]

    luma = bytes(frame.planes[0])[0]
    assert 100 * (luma - 16) / 219 == pytest.approx(percent, abs=1.5)


def test_hdr_that_names_its_curve_alone_is_tone_mapped(clip: Clips, transcoded: Transcode) -> None:
    seen = decoded(transcoded(clip("half-named.mp4"), video=QUICK))

    assert len(seen.frames) == pytest.approx(50, abs=1)


def test_hdr_is_kept_in_ten_bits(clip: Clips, transcoded: Transcode) -> None:
    path = transcoded(clip("hdr.mp4"), video={**QUICK, "codec": "h265", "bitDepth": 10})

    media = probe(path, "out")
    assert media.video
    assert media.video.hdr
    assert decoded(path).frames[0].format.name == "yuv420p10le"


def test_an_interlaced_video_becomes_progressive(clip: Clips, transcoded: Transcode) -> None:
    source = decoded(clip("interlaced.mp4")).frames

    seen = decoded(transcoded(clip("interlaced.mp4"), video=QUICK)).frames

    assert len(seen) == pytest.approx(len(source), abs=1)
    assert not any(frame.interlaced_frame for frame in seen)
    assert max(map(combing, seen)) < 0.7 * max(map(combing, source))
    assert "interlaced" in transcoded.warnings


def test_a_source_without_audio_gives_a_file_without_audio(clip: Clips, transcoded: Transcode) -> None:
    seen = decoded(transcoded(clip("silent.mp4"), video=TINY))

    assert seen.kinds == ["video"]
    assert transcoded.made.warnings == ("the source has no audio: the output has none either",)


@pytest.mark.parametrize("name", ["audio.mp3", "covered.mp3", "covered.m4a"])
def test_a_source_of_audio_alone_gives_audio_alone_and_says_so(clip: Clips, transcoded: Transcode, name: str) -> None:
    seen = decoded(transcoded(clip(name)))

    assert seen.kinds == ["audio"]
    assert transcoded.made.files[0].content_type == "audio/mp4"
    assert "no video" in transcoded.warnings


@pytest.mark.parametrize(
    ("name", "params", "code"),
    [
        ("silent.mp4", {"container": "mp3"}, "SourceFileError.NoAudio"),
        ("silent.mp4", {"video": "none"}, "SourceFileError.NoAudio"),
        ("audio.mp3", {"audio": "none"}, "SourceFileError.NoVideo"),
    ],
)
def test_a_source_that_lacks_all_that_was_asked_for_is_rejected(
    clip: Clips, operate: Operate, name: str, params: dict[str, str], code: str
) -> None:
    with pytest.raises(MediaRejected) as caught:
        operate(SubtaskType.TRANSCODE, clip(name), **params)

    assert caught.value.code == code


@pytest.mark.parametrize("container", ["mp4", "m4a"])
def test_the_index_stands_in_front(clip: Clips, transcoded: Transcode, container: str) -> None:
    video = {"video": TINY} if container == "mp4" else {}

    content = transcoded(clip("plain.mp4"), container=container, **video).read_bytes()

    assert content.index(b"moov") < content.index(b"mdat")


def test_what_already_fits_is_copied_bit_by_bit(clip: Clips, transcoded: Transcode) -> None:
    path = transcoded(clip("plain.mp4"), video={"width": 1280, "height": 720}, copyWhenFits=True)

    assert packets(path) == packets(clip("plain.mp4"))
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize(
    "asked",
    [{"height": 90}, {"codec": "h265"}, {"frameRate": 10}, {"bitrate": 60}, {"width": 640, "upscale": True}],
)
def test_what_does_not_fit_is_encoded(clip: Clips, transcoded: Transcode, asked: dict[str, object]) -> None:
    path = transcoded(clip("plain.mp4"), video={**QUICK, **asked}, copyWhenFits=True)

    copied, source = packets(path), packets(clip("plain.mp4"))
    assert copied["video"] != source["video"]
    assert copied["audio"] == source["audio"]


def test_a_copied_video_stays_upright(clip: Clips, transcoded: Transcode) -> None:
    path = transcoded(clip("sideways.mp4"), copyWhenFits=True)

    assert packets(path) == packets(clip("sideways.mp4"))
    assert decoded(path).frames[0].rotation == decoded(clip("sideways.mp4")).frames[0].rotation != 0


def test_audio_of_another_layout_than_opus_knows_is_encoded(clip: Clips, transcoded: Transcode) -> None:
    seen = decoded(transcoded(clip("side.ac3"), container="webm", audio={"bitrate": 256}))

    assert seen.audio
    assert seen.audio.channels == 6


def test_the_default_track_is_taken_with_its_language_and_little_else(clip: Clips, transcoded: Transcode) -> None:
    path = transcoded(clip("tracks.mp4"), video=TINY)

    seen = decoded(path)
    assert seen.kinds == ["video", "audio"]
    assert seen.audio
    assert seen.audio.channels == 1
    assert seen.audio.metadata["language"] == "deu"
    assert seen.metadata["title"] == "The tower"
    assert not {"location", "timecode"} & seen.metadata.keys()
    assert b"48.8584" not in path.read_bytes()
    assert "number 2 was taken" in transcoded.warnings


@pytest.mark.parametrize("name", ["stream.ts", "old.avi", "web.webm", "audio.wav"])
def test_other_containers_are_read(clip: Clips, transcoded: Transcode, name: str) -> None:
    seen = decoded(transcoded(clip(name), video=TINY, copyWhenFits=True))

    assert seen.audio_seconds == pytest.approx(2, abs=0.1)
    assert len(seen.frames) == pytest.approx(0 if name == "audio.wav" else 50, abs=1)


def test_a_source_that_breaks_off_is_transcoded_as_far_as_it_goes_and_said_so(
    clip: Clips, transcoded: Transcode
) -> None:
    seen = decoded(transcoded(clip.cut("front.mp4", 200_000), video=TINY))

    assert 0 < len(seen.frames) < 40
    assert "of 2.0 s could be read" in transcoded.warnings


def test_a_source_with_nothing_but_an_index_is_rejected(clip: Clips, operate: Operate) -> None:
    index = clip("front.mp4").read_bytes().index(b"mdat")

    with pytest.raises(MediaRejected):
        operate(SubtaskType.TRANSCODE, clip.cut("front.mp4", index + 100))


def test_a_video_too_large_to_decode_is_refused(clip: Clips, tmp_path: Path) -> None:
    source = clip("plain.mp4")
    ffmpeg = Ffmpeg(Limits(60, 10**9, max_pixels=1000), tmp_path, lambda _: None)
    context = workbench(LocalFiles(source), ffmpeg)

    with pytest.raises(LimitExceeded, match="320 by 180"):
        transcode.run(TranscodeParams(), context)


def test_h265_in_mp4_bears_the_name_that_apple_reads(clip: Clips, transcoded: Transcode) -> None:
    content = transcoded(clip("plain.mp4"), video={**TINY, "codec": "h265"}).read_bytes()

    assert b"hvc1" in content
    assert b"hev1" not in content


def packets(path: Path) -> dict[str, list[bytes]]:
    """Return the bytes of each stream, packet by packet."""
    found: dict[str, list[bytes]] = {}
    with av.open(path) as container:
        for packet in container.demux():
            if packet.size:
                found.setdefault(packet.stream.type, []).append(bytes(packet))
    return found
