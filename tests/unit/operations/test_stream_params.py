"""Valid and invalid parameters of STREAM, and the rungs that suit a video."""

import pytest
from pydantic import ValidationError

from shared.media.probe import Video
from shared.operations.streaming.ladder import choose_rungs
from shared.operations.streaming.stream_params import LADDERS, Format, LadderName, Rung, StreamParams
from shared.operations.transcoding.transcode_params import VideoCodec

RUNG = {"height": 720, "bitrate": 2800}


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"encryption": "aes-128", "formats": ["hls", "dash"]}, "remove dash from formats"),
        ({"encryption": "aes-128", "formats": ["dash"]}, "works with HLS only"),
        ({"encryption": "cenc"}, "Input should be 'aes-128'"),
        ({"formats": []}, "at least 1 item"),
        ({"formats": ["smooth"]}, "'hls' or 'dash'"),
        ({"ladder": "none", "audio": "none"}, "request video or audio"),
        ({"ladder": "none", "watermarks": [{"image": "logo.png"}]}, "watermarks need video"),
        ({"ladder": []}, 'use "none" for audio only'),
        ({"ladder": [{"height": 2 * n, "bitrate": 100} for n in range(20, 31)]}, "1 to 10 rungs"),
        ({"ladder": [RUNG, RUNG]}, "two rungs with the same height and bit rate"),
        ({"ladder": [{"height": 720}]}, "Field required"),
        ({"ladder": [{"height": 4400, "bitrate": 100}]}, "less than or equal to 4320"),
        ({"ladder": [{"height": 721, "bitrate": 100}]}, "multiple of 2"),
        ({"ladder": [{**RUNG, "crf": 55}]}, "crf 55 is outside the range of h264: 1 to 51"),
        ({"codec": "vp9"}, "a stream holds h264, h265, av1, not vp9"),
        ({"segmentSeconds": 0}, "greater than or equal to 1"),
        ({"frameRate": float("nan")}, "less than or equal to 240"),
        ({"audio": {"bitrates": [128, 128]}}, "has a bit rate twice"),
        ({"audio": {"bitrates": []}}, "at least 1 item"),
        ({"audio": {"bitrates": [16]}}, "greater than or equal to 32"),
        ({"subtitles": [{"from": "speech", "language": 'en"\nURI="x'}]}, "should match pattern"),
        ({"subtitles": [{"from": "speech", "language": "en", "name": 'a"b'}]}, "should match pattern"),
        ({"subtitles": [{"from": "speech", "language": "en", "name": "a\nb"}]}, "should match pattern"),
        ({"subtitles": [{"from": "speech", "language": "en"}], "clip": {"end": 5}}, "the times of the whole"),
        ({"filter": "movie=/etc/passwd"}, "Extra inputs are not permitted"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(params: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        StreamParams.model_validate(params)

    assert sentence in str(caught.value)


def test_both_formats_are_made_and_of_a_locked_stream_hls() -> None:
    assert StreamParams().wanted == (Format.HLS, Format.DASH)
    assert StreamParams.model_validate({"formats": ["dash", "hls"]}).wanted == (Format.HLS, Format.DASH)
    assert StreamParams(encryption="aes-128").wanted == (Format.HLS,)


@pytest.mark.parametrize("name", LadderName)
@pytest.mark.parametrize("codec", [VideoCodec.H264, VideoCodec.H265, VideoCodec.AV1])
def test_a_ladder_that_ships_goes_down_and_takes_less_of_a_newer_codec(name: LadderName, codec: VideoCodec) -> None:
    rungs = StreamParams(ladder=name, codec=codec, audio=None).rungs

    assert [rung.height for rung in rungs] == sorted(LADDERS[name], reverse=True)
    assert [rung.bitrate for rung in rungs] == sorted((rung.bitrate for rung in rungs), reverse=True)
    assert all(rung.bitrate <= LADDERS[name][rung.height] for rung in rungs)


def test_audio_tracks_come_the_best_first() -> None:
    assert StreamParams().bitrates == (128,)
    assert StreamParams.model_validate({"audio": {"bitrates": [48, 160, 96]}}).bitrates == (160, 96, 48)
    assert StreamParams(audio="none").bitrates == ()


@pytest.mark.parametrize(
    ("width", "height", "heights"),
    [
        (1920, 1080, [1080, 720, 540, 360, 240]),
        (3840, 2160, [1080, 720, 540, 360, 240]),
        (1280, 720, [720, 540, 360, 240]),
        (720, 1280, [720, 540, 360, 240]),  # upright
        (1080, 1920, [1080, 720, 540, 360, 240]),
        (1920, 800, [1080, 720, 540, 360, 240]),  # as wide as 1080p
        (1440, 1080, [1080, 720, 540, 360, 240]),  # 4:3
        (1600, 900, [1080, 720, 540, 360, 240]),  # its own size, by the rung above
        (1300, 732, [720, 540, 360, 240]),  # hardly larger than 720p
        (320, 180, [240]),  # its own size
        (16, 16, [240]),
        (853, 480, [540, 360, 240]),
    ],
)
def test_no_rung_above_the_source_is_taken_but_one_of_its_own_size_where_a_gap_would_be(
    width: int, height: int, heights: list[int]
) -> None:
    found = choose_rungs(StreamParams().rungs, Video("h264", width, height))

    assert [rung.height for rung in found] == heights


def test_rungs_of_one_size_and_different_bit_rates_are_both_taken() -> None:
    rungs = [Rung(height=720, bitrate=1000), Rung(height=720, bitrate=2000), Rung(height=1080, bitrate=3000)]

    assert [(r.height, r.bitrate) for r in choose_rungs(rungs, Video("h264", 1280, 720))] == [(720, 2000), (720, 1000)]
