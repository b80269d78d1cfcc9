"""Valid and invalid parameters of TRANSCODE."""

import pytest
from pydantic import ValidationError

from shared.operations.transcoding.transcode_params import (
    CONTAINERS,
    AudioCodec,
    Container,
    TranscodeParams,
    VideoCodec,
    VideoParams,
)


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"container": "webm", "video": {"codec": "h264"}}, "webm holds vp9 or av1, not h264"),
        ({"container": "webm", "audio": {"codec": "aac"}}, "webm holds opus, not aac"),
        ({"container": "mp3", "video": {"codec": "h264"}}, "mp3 holds no video"),
        ({"container": "m4a", "video": {}}, "m4a holds no video"),
        ({"container": "m4a", "audio": {"codec": "mp3"}}, "m4a holds aac, not mp3"),
        ({"video": {"crf": 20, "bitrate": 1000}}, "crf or bitrate, not both"),
        ({"video": {"crf": 0}}, "crf 0 is outside the range of h264: 1 to 51"),
        ({"video": {"crf": 52}}, "crf 52 is outside the range of h264"),
        ({"video": {"codec": "av1", "crf": 0}}, "crf 0 is outside the range of av1: 1 to 63"),
        ({"video": {"crf": 64}}, "less than or equal to 63"),
        ({"video": {"bitDepth": 10}}, "h264 in 10 bits"),
        ({"video": {"codec": "h265", "bitDepth": 9}}, "Input should be 8 or 10"),
        ({"video": {"width": 8}}, "greater than or equal to 16"),
        ({"video": {"codec": "theora"}}, "'h264', 'h265', 'av1', 'vp9' or 'prores'"),
        ({"video": {"filter": "movie=/etc/passwd"}}, "Extra inputs are not permitted"),
        ({"video": "none", "audio": "none"}, "request at least one"),
        ({"container": "mp3", "audio": "none"}, "request at least one"),
        ({"container": "mp3", "audio": {"channels": 6}}, "mp3 has at most 2 channels"),
        ({"container": "mp3", "audio": {"bitrate": 500}}, "mp3 has at most 320 kbit/s"),
        ({"container": "webm", "audio": {"sampleRate": 44100}}, "sampleRate 44100 is not supported by opus"),
        ({"container": "ogg"}, "'mp4', 'mkv', 'webm', 'mov', 'mp3', 'm4a', 'wav' or 'flac'"),
        ({"container": "mov", "video": {"crf": 20}}, "prores has one fixed quality"),
        ({"container": "mov", "quality": {"vmaf": 93}}, "prores has one fixed quality"),
        ({"video": {"fit": "fill", "width": 1080}}, "give width and height"),
        ({"video": {"fit": "pad", "width": 1080, "height": 1920, "turnBox": True}}, "omit turnBox"),
        ({"container": "mp3", "audio": {"tracks": "all"}}, "mp3 holds one audio track"),
        ({"tail": ["outro.mp4"], "audio": {"tracks": "all"}}, "a joined file holds one audio track"),
        ({"quality": {"vmaf": 100}}, "less than or equal to 99"),
        ({"quality": {"vmaf": 93}, "video": {"bitrate": 2000}}, "quality or video.bitrate, not both"),
        ({"quality": {"vmaf": 93}, "head": ["intro.mp4"]}, "combined with head or tail"),
        ({"quality": {"vmaf": 93}, "video": "none"}, "the output has none"),
        ({"container": "mp3", "watermarks": [{"image": "logo.png"}]}, "the output has none"),
        ({"clip": {}}, "neither start nor end"),
        ({"clip": {"start": "soon"}}, "is not a valid time"),
        ({"head": ["a.mp4"] * 11}, "at most 10 items"),
        ({"video": {"frameRate": float("inf")}}, "less than or equal to 240"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(params: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TranscodeParams.model_validate(params)

    assert sentence in str(caught.value)


@pytest.mark.parametrize("container", Container)
def test_a_container_alone_takes_its_usual_codecs(container: Container) -> None:
    params = TranscodeParams(container=container)

    assert params.audio_codec is CONTAINERS[container].audios[0]
    assert bool(params.video_params) is bool(CONTAINERS[container].videos)
    assert params.audio_params


@pytest.mark.parametrize("container", Container)
@pytest.mark.parametrize("video", VideoCodec)
@pytest.mark.parametrize("audio", AudioCodec)
def test_every_combination_is_taken_or_refused_by_the_one_table(
    container: Container, video: VideoCodec, audio: AudioCodec
) -> None:
    rules = CONTAINERS[container]
    params = {"container": container, "video": {"codec": video}, "audio": {"codec": audio}}

    if video in rules.videos and audio in rules.audios:
        taken = TranscodeParams.model_validate(params)
        assert (taken.video_codec, taken.audio_codec) == (video, audio)
    else:
        with pytest.raises(ValidationError):
            TranscodeParams.model_validate(params)


def test_an_odd_size_becomes_even() -> None:
    params = VideoParams(width=853, height=480)

    assert (params.width, params.height) == (852, 480)


def test_null_means_the_usual_and_none_means_without() -> None:
    usual = TranscodeParams.model_validate({"video": None, "audio": None})
    bare = TranscodeParams.model_validate({"video": "none"})

    assert usual.video_params == VideoParams()
    assert bare.video_params is None
    assert bare.audio_params


def test_a_bit_rate_in_place_of_a_templates_crf_is_given_by_a_null() -> None:
    params = TranscodeParams.model_validate({"video": {"crf": None, "bitrate": 2000}})

    assert params.video_params == VideoParams(bitrate=2000)


def test_the_schema_speaks_camel_case_and_explains_every_field() -> None:
    schema = TranscodeParams.model_json_schema()

    video = schema["$defs"]["VideoParams"]["properties"]
    assert {"frameRate", "bitDepth", "turnBox"} <= video.keys()
    assert all("description" in field or "$ref" in field for field in video.values())


@pytest.mark.parametrize(
    "more",
    [
        {"clip": {"end": 5}},
        {"head": ["intro.mp4"]},
        {"tail": ["outro.mp4"]},
        {"watermarks": [{"image": "logo.png"}]},
        {"quality": {"vmaf": 93}},
    ],
)
def test_a_stream_is_not_kept_when_something_is_to_be_done_to_it(more: dict[str, object]) -> None:
    assert TranscodeParams.model_validate({"copyWhenFits": True}).keeps_streams
    assert not TranscodeParams.model_validate({"copyWhenFits": True, **more}).keeps_streams


def test_a_quality_stands_in_place_of_a_templates_crf() -> None:
    params = TranscodeParams.model_validate({"quality": {"vmaf": 93}, "video": {"crf": 21}})

    assert params.quality
