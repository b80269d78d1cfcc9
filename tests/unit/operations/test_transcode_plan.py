"""What a transcode decides to do with each stream; no process runs here."""

from dataclasses import replace

import pytest

from shared.media.ffmpeg import Limits
from shared.media.probe import Audio, Media, Subtitle, Video
from shared.operations.clip import Clip, clip_span
from shared.operations.transcoding.transcode import plan_transcode
from shared.operations.transcoding.transcode_params import TranscodeParams

LIMITS = Limits(60, 10**9)
VIDEO = Video("h264", 1920, 1080, frame_rate=30.0, bit_depth=8, chroma="4:2:0", duration=60.0, bit_rate=4_000_000)
AUDIO = Audio("aac", 2, sample_rate=48000, duration=60.0, bit_rate=128_000)
MEDIA = Media("MPEG-4", 30_000_000, duration=60.0, videos=(VIDEO,), audios=(AUDIO,))


def arguments(params: dict[str, object], media: Media = MEDIA) -> list[str]:
    return list(plan_transcode(TranscodeParams.model_validate(params), media, LIMITS).arguments)


def after(option: str, params: dict[str, object], media: Media = MEDIA) -> str:
    """Return what follows that option on the command line."""
    found = arguments(params, media)
    return found[found.index(option) + 1]


def with_video(**changes: object) -> Media:
    return replace(MEDIA, videos=(replace(VIDEO, **changes),))  # type: ignore[arg-type]  # any field


def with_audio(**changes: object) -> Media:
    return replace(MEDIA, audios=(replace(AUDIO, **changes),))  # type: ignore[arg-type]  # any field


@pytest.mark.parametrize(
    ("asked", "media"),
    [
        ({}, MEDIA),
        ({"width": 1920, "height": 1080}, MEDIA),
        ({"height": 2160}, MEDIA),
        ({"frameRate": 30}, MEDIA),
        ({"bitrate": 4000}, MEDIA),
        ({}, replace(MEDIA, format="Matroska")),
        ({"width": 1920, "height": 1080, "turnBox": True}, with_video(width=1080, height=1920)),
        ({"height": 1080, "upscale": True}, MEDIA),
    ],
)
def test_a_video_that_fits_is_copied(asked: dict[str, object], media: Media) -> None:
    assert after("-c:v", {"video": asked, "copyWhenFits": True}, media) == "copy"


@pytest.mark.parametrize(
    ("asked", "media"),
    [
        ({"height": 720}, MEDIA),
        ({"frameRate": 25}, MEDIA),
        ({"frameRate": 30}, with_video(variable_frame_rate=True)),
        ({"bitrate": 3000}, MEDIA),
        ({"bitrate": 9000}, with_video(bit_rate=None)),
        ({"height": 2160, "upscale": True}, MEDIA),
        ({"width": 1920, "height": 1080}, with_video(width=1080, height=1920)),
        ({}, replace(MEDIA, format="MPEG-TS")),
        ({}, with_video(codec="h265")),
        ({}, with_video(square_pixels=False)),
        ({}, with_video(interlaced=True)),
        ({}, with_video(bit_depth=10)),
        ({}, with_video(chroma="4:4:4")),
        ({}, with_video(hdr=True)),
    ],
)
def test_a_video_that_does_not_fit_is_encoded(asked: dict[str, object], media: Media) -> None:
    assert after("-c:v", {"video": asked, "copyWhenFits": True}, media) == "libx264"


def test_nothing_is_copied_unless_asked() -> None:
    assert "copy" not in arguments({})


@pytest.mark.parametrize(
    ("asked", "media", "encoder"),
    [
        ({}, MEDIA, "copy"),
        ({"channels": 2, "bitrate": 128, "sampleRate": 48000}, MEDIA, "copy"),
        ({"bitrate": 96}, MEDIA, "aac"),
        ({"sampleRate": 44100}, MEDIA, "aac"),
        ({"channels": 1}, MEDIA, "aac"),
        ({"channels": 2}, with_audio(channels=None), "aac"),
        ({}, with_audio(codec="mp3"), "aac"),
    ],
)
def test_audio_is_copied_when_it_fits(asked: dict[str, object], media: Media, encoder: str) -> None:
    assert after("-c:a:0", {"audio": asked, "copyWhenFits": True}, media) == encoder


@pytest.mark.parametrize(
    ("channels", "asked", "bitrate"),
    [
        (2, None, "128k"),
        (1, None, "64k"),
        (6, None, "384k"),
        (6, 2, "128k"),
        (1, 2, "64k"),
        (None, None, "128k"),
    ],
)
def test_audio_has_a_bit_rate_by_its_channels_and_is_never_widened(
    channels: int | None, asked: int | None, bitrate: str
) -> None:
    audio = {"channels": asked}

    found = arguments({"audio": audio}, with_audio(channels=channels))

    assert found[found.index("-b:a:0") + 1] == bitrate
    mixes_down = "out_chlayout" in found[found.index("-filter:a:0") + 1]
    assert mixes_down == (channels in {6, None} and bitrate == "128k")


@pytest.mark.parametrize(("codec", "channels", "bitrate"), [("opus", 1, 256), ("opus", 6, 640), ("aac", 1, 640)])
def test_opus_is_asked_for_no_more_than_it_takes(codec: str, channels: int, bitrate: int) -> None:
    audio = {"codec": codec, "channels": channels, "bitrate": 640}

    assert after("-b:a:0", {"audio": audio}, with_audio(channels=6)) == f"{bitrate}k"


def test_no_word_from_outside_becomes_an_option_or_a_filter() -> None:
    media = replace(MEDIA, tags={"title": "-i /etc/passwd, movie=/etc/passwd"})

    work = plan_transcode(TranscodeParams(), media, LIMITS)
    found = list(work.arguments)

    assert found[found.index("-metadata") + 1] == "title=-i /etc/passwd, movie=/etc/passwd"
    assert "movie" not in "".join(work.filters or ())


def test_what_is_left_out_or_changed_is_said() -> None:
    media = replace(
        MEDIA, videos=(replace(VIDEO, hdr=True), VIDEO), audios=(AUDIO, AUDIO), subtitles=(Subtitle(text=True),) * 2
    )

    warnings = plan_transcode(TranscodeParams(), media, LIMITS).warnings

    assert [
        any(word in warning for warning in warnings) for word in ("HDR", "video streams", "tracks", "subtitle")
    ] == [True] * 4
    assert plan_transcode(TranscodeParams(), MEDIA, LIMITS).warnings == ()


def test_every_audio_track_is_kept_when_asked() -> None:
    media = replace(MEDIA, audios=(AUDIO, replace(AUDIO, channels=6), replace(AUDIO, codec="ac3", channels=6)))

    found = arguments({"copyWhenFits": True, "audio": {"tracks": "all", "channels": 2}}, media)

    maps = [found[place + 1] for place, option in enumerate(found) if option == "-map"]
    assert maps == ["0:V:0", "0:a:0", "0:a:1", "0:a:2"]
    assert [found[found.index(f"-c:a:{number}") + 1] for number in range(3)] == ["copy", "aac", "aac"]


def test_a_clip_of_a_container_without_an_index_is_read_from_before_its_beginning() -> None:
    clip = Clip(start=30, end=40)

    plain, stream = (clip_span(clip, replace(MEDIA, format=name), None) for name in ("MPEG-4", "MPEG-TS"))

    start = 30 - 0.25 / 30  # a quarter of a frame before the one that is asked for
    assert (plain.before_input, plain.lead) == (["-ss", f"{start:.6f}", "-t", "10.000000"], 0)
    assert (stream.before_input, stream.lead) == (["-ss", f"{start - 10:.6f}", "-t", "20.000000"], 10)
    assert [plain.duration, stream.duration] == pytest.approx([10, 10])
