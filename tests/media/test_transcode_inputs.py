"""TRANSCODE's defaults on every awkward input: what users of other systems beg for."""

from pathlib import Path

import av
import pytest

from shared.domain.subtask import SubtaskType
from shared.errors import MediaRejected
from shared.operations.operation import OperationResult
from tests.support.clips import Clips, Decoded, brightness, decoded, distance, samples
from tests.support.local_files import Operate

QUICK = {"speed": "fastest", "crf": 12}
FRAME = 0.04

# Name, upright size, frames, seconds of video (0: none) and of audio.
INPUTS = [
    ("plain.mp4", (320, 180), 50, 2, 2),
    ("portrait.mp4", (180, 320), 50, 2, 2),
    ("sideways.mp4", (272, 640), 50, 2, 0),
    ("sideways.mkv", (272, 640), 50, 2, 0),
    ("upside-down.mp4", (640, 272), 50, 2, 0),
    ("odd.mp4", (320, 180), 50, 2, 0),
    ("anamorphic.mp4", (320, 180), 50, 2, 0),
    ("silent.mp4", (320, 136), 50, 2, 0),
    ("audio.mp3", None, 0, 0, 2),
    ("audio.wav", None, 0, 0, 2),
    ("covered.mp3", None, 0, 0, 2),
    ("covered.m4a", None, 0, 0, 2),
    ("poster.mp4", (320, 180), 50, 2, 2),
    ("tracks.mp4", (320, 180), 50, 2, 2),
    ("data.mov", (320, 180), 50, 2, 2),
    ("surround.mp4", (320, 180), 50, 2, 2),
    ("center.mp4", (320, 180), 50, 2, 2),
    ("variable.mp4", (320, 136), 42, 2, 0),
    ("ten-bit.mkv", (320, 180), 50, 2, 0),
    ("hdr.mp4", (320, 180), 50, 2, 0),
    ("interlaced.mp4", (320, 180), 25, 2, 0),
    ("telecined.mp4", (320, 180), 60, 2, 0),
    ("edited.mp4", (320, 180), 38, 1.5, 1.5),
    ("late.mkv", (320, 180), 50, 2, 2),
    ("audio-late.mp4", (320, 180), 50, 2, 2),
    ("video-late.mp4", (320, 180), 50, 2, 2),
    ("open-gop.ts", (320, 180), 50, 2, 2),
    ("stream.ts", (320, 180), 50, 2, 2),
    ("old.avi", (320, 180), 50, 2, 2),
    ("web.webm", (320, 180), 50, 2, 2),
]


def transcoded(operate: Operate, source: Path, **params: object) -> tuple[Decoded, OperationResult]:
    made = operate(SubtaskType.TRANSCODE, source, **{"video": QUICK, **params})
    return decoded(made.files[0].path), made


@pytest.mark.parametrize("container", ["mp4", "mkv", "webm", "mov"])
@pytest.mark.parametrize(("name", "size", "frames", "video", "audio"), INPUTS, ids=[name for name, *_ in INPUTS])
def test_the_defaults_do_what_one_expects(  # noqa: PLR0913, PLR0917 - what an input is
    clip: Clips,
    operate: Operate,
    container: str,
    name: str,
    size: tuple[int, int] | None,
    frames: int,
    video: float,
    audio: float,
) -> None:
    asked = {"speed": "fastest"} if container != "mov" else {}

    seen, made = transcoded(operate, clip(name), container=container, video=asked)

    assert len(seen.frames) == pytest.approx(frames, abs=1)
    assert heard(made.files[0].path) == pytest.approx(audio, abs=0.1)
    assert seen.kinds == ["video"] * bool(size) + ["audio"] * bool(audio)
    assert not size or seen.size == size
    if video:
        late = 0.5 if name == "video-late.mp4" else 0
        assert seen.times[0] == pytest.approx(late, abs=1.5 * FRAME)
        assert seen.times[-1] - seen.times[0] == pytest.approx(video, abs=0.1)
    assert not [warning for warning in made.warnings if "could be read" in warning]


def heard(path: Path) -> float:
    """Return the seconds of audio."""
    with av.open(path) as container:
        if not container.streams.audio:
            return 0
    audio = samples(path)
    return len(audio.values) / audio.rate


@pytest.mark.parametrize("name", ["beeps.mp4", "late-beeps.mkv", "beeps.ts"])
@pytest.mark.parametrize("container", ["mp4", "webm"])
def test_video_and_audio_stay_in_step(clip: Clips, operate: Operate, name: str, container: str) -> None:
    seen, made = transcoded(operate, clip(name), container=container, video={"speed": "fastest"})

    audio = samples(made.files[0].path)
    flash = next(
        time for time, frame in zip(seen.times, seen.frames, strict=True) if brightness(frame, slice(36)) > 128
    )
    beep = next(number for number, value in enumerate(audio.values) if abs(value) > 0.03) / audio.rate
    assert flash == pytest.approx(1, abs=1.6 * FRAME)
    assert beep == pytest.approx(flash, abs=FRAME)


@pytest.mark.parametrize("name", ["audio-late.mp4", "video-late.mp4"])
def test_a_track_that_begins_late_still_does(clip: Clips, operate: Operate, name: str) -> None:
    _, made = transcoded(operate, clip(name))

    ours, theirs = beginnings(made.files[0].path), beginnings(clip(name))
    assert ours["video"] - ours["audio"] == pytest.approx(theirs["video"] - theirs["audio"], abs=FRAME)
    assert min(ours.values()) == pytest.approx(0, abs=FRAME)


def beginnings(path: Path) -> dict[str, float]:
    """Return when the first video is seen and the first audio is heard."""
    found: dict[str, float] = {}
    for kind in ("video", "audio"):
        with av.open(path) as container:
            frame = next(container.decode(getattr(container.streams, kind)[0]))
            found[kind] = float(frame.time or 0)
    return found


@pytest.mark.parametrize("container", ["mp4", "mp3", "webm"])
@pytest.mark.parametrize("name", ["center.mp4", "center.flac"])
def test_the_voice_of_a_film_is_heard_in_stereo(clip: Clips, operate: Operate, container: str, name: str) -> None:
    video = {} if container == "mp3" else {"video": QUICK}
    made = operate(SubtaskType.TRANSCODE, clip(name), container=container, audio={"channels": 2}, **video)

    ours, theirs = loudness(made.files[0].path), loudness(clip(name))

    assert len(ours) == 2
    assert ours[0] == pytest.approx(ours[1], rel=0.02)
    # At -3 dB in both: as loud as from the one in the middle. A resampler that fears to clip makes 0.29 of it.
    assert ours[0] == pytest.approx(0.707 * max(theirs), rel=0.1)


@pytest.mark.parametrize(
    ("container", "channels", "share"),
    [
        ("wav", 1, 1),
        ("flac", 1, 1),
        ("mp3", 1, 1),
        ("m4a", 1, 1),
        ("wav", 3, 1),
        ("m4a", 4, 1),
        ("flac", 5, 1),
        ("webm", 3, 1),
        ("webm", 4, 0.707),  # Opus has no center there.
    ],
)
def test_the_voice_of_a_film_is_turned_down_in_no_number_of_channels(
    clip: Clips, operate: Operate, container: str, channels: int, share: float
) -> None:
    made = operate(SubtaskType.TRANSCODE, clip("center.flac"), container=container, audio={"channels": channels})

    ours, theirs = loudness(made.files[0].path), loudness(clip("center.flac"))

    assert len(ours) == channels
    assert max(ours) == pytest.approx(share * max(theirs), rel=0.1)


def loudness(path: Path) -> list[float]:
    """Return the power of each channel, as a root mean square."""
    with av.open(path) as container:
        resampler = av.AudioResampler(format="fltp")
        blocks = [made for frame in container.decode(audio=0) for made in resampler.resample(frame)]
    sums = [0.0] * len(blocks[0].planes)
    for block in blocks:
        for channel, plane in enumerate(block.planes):
            sums[channel] += sum(value * value for value in memoryview(bytes(plane)).cast("f")[: block.samples])
    return [(each / sum(block.samples for block in blocks)) ** 0.5 for each in sums]


def test_all_audio_tracks_are_kept_when_asked(clip: Clips, operate: Operate) -> None:
    seen, made = transcoded(operate, clip("tracks.mp4"), audio={"tracks": "all"})

    assert seen.kinds == ["video", "audio", "audio"]
    with av.open(made.files[0].path) as container:
        assert [stream.channels for stream in container.streams.audio] == [2, 1]
        assert container.streams.audio[1].metadata["language"] == "deu"
    assert made.warnings == ()


def test_a_telecined_video_is_progressive(clip: Clips, operate: Operate) -> None:
    seen, made = transcoded(operate, clip("telecined.mp4"))

    assert not any(frame.interlaced_frame for frame in seen.frames)
    assert "interlaced" in "".join(made.warnings)


def test_only_what_an_edit_list_shows_is_shown(clip: Clips, operate: Operate) -> None:
    seen, _ = transcoded(operate, clip("edited.mp4"))

    assert distance(seen.frames[0], decoded(clip("plain.mp4")).frames[13]) < 4


def test_open_gops_lose_no_frame(clip: Clips, operate: Operate) -> None:
    seen, _ = transcoded(operate, clip("open-gop.ts"))
    source = decoded(clip("open-gop.ts"))

    assert len(seen.frames) == len(source.frames)
    assert max(distance(ours, theirs) for ours, theirs in zip(seen.frames, source.frames, strict=True)) < 3


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ({"fit": "fill", "upscale": True}, (180, 320)),
        ({"fit": "fill"}, (100, 180)),
        ({"fit": "pad", "upscale": True}, (180, 320)),
        ({"fit": "pad"}, (180, 320)),
        ({"fit": "inside"}, (180, 102)),
    ],
)
def test_a_video_of_another_shape_is_cut_or_padded_as_asked(
    clip: Clips, operate: Operate, asked: dict[str, object], size: tuple[int, int]
) -> None:
    seen, _ = transcoded(
        operate, clip("plain.mp4"), video={**QUICK, "width": 180, "height": 320, **asked}, audio="none"
    )

    assert seen.size == size
    assert (brightness(seen.frames[25], slice(3)) < 20) is (asked["fit"] == "pad")


@pytest.mark.parametrize("name", ["sideways.mp4", "anamorphic.mp4", "hdr.mp4", "interlaced.mp4"])
def test_what_is_cut_to_a_square_is_a_square(clip: Clips, operate: Operate, name: str) -> None:
    video = {**QUICK, "width": 120, "height": 120, "fit": "fill"}

    seen, _ = transcoded(operate, clip(name), video=video)

    assert seen.size == (120, 120)


@pytest.mark.parametrize(
    ("params", "codecs"),
    [
        ({"container": "mov", "video": {}}, ("prores", "pcm")),
        ({"container": "mov", "video": {"codec": "h264", **QUICK, "intra": True}}, ("h264", "pcm")),
        ({"container": "wav", "video": None}, (None, "pcm")),
        ({"container": "flac", "video": None}, (None, "flac")),
    ],
)
def test_what_is_kept_for_editing_is_made(
    clip: Clips, operate: Operate, params: dict[str, object], codecs: tuple[str | None, str]
) -> None:
    seen, made = transcoded(operate, clip("plain.mp4"), **params)

    facts = made.files[0].facts
    assert (facts.get("videoCodec"), facts["audioCodec"]) == codecs
    assert seen.audio_seconds == pytest.approx(2, abs=0.01)
    assert all(frame.key_frame for frame in seen.frames)


def test_a_result_reports_what_was_saved(clip: Clips, operate: Operate) -> None:
    _, made = transcoded(operate, clip("plain.mp4"), video={"crf": 40}, audio={"bitrate": 32})

    assert made.result
    told = made.result.model_dump(by_alias=True)
    size = made.files[0].path.stat().st_size
    source = clip("plain.mp4").stat().st_size
    assert (told["sourceBytes"], told["outputBytes"], told["savedBytes"]) == (source, size, source - size)
    assert told["savedPercent"] == pytest.approx(100 - 100 * size / source, abs=0.1)
    assert told["quality"] is None


def test_a_truncated_tail_is_saved_with_its_marks_and_clip(clip: Clips, operate: Operate) -> None:
    broken = clip.cut("front.mp4", 200_000)

    seen, made = transcoded(
        operate, broken, clip={"start": 0.2}, watermarks=[{"text": {"content": "Reelmill"}, "position": "center"}]
    )

    assert 5 < len(seen.frames) < 40
    assert "could be read" in "".join(made.warnings)


def test_a_file_without_content_is_rejected_when_joined_too(clip: Clips, operate: Operate) -> None:
    index = clip("front.mp4").read_bytes().index(b"mdat")

    with pytest.raises(MediaRejected):
        operate(SubtaskType.TRANSCODE, clip.cut("front.mp4", index + 100), tail=[str(clip("plain.mp4"))])
