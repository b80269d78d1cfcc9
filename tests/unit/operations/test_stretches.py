"""Faulty stretches of a video, found in series of measurements."""

import time
from collections.abc import Iterable

import pytest

from shared.media.probe import Audio, Media, Video
from shared.operations.findings import Segment
from shared.operations.inspection.examination import AudioLevel, Crop, Detail, Examination, Frame
from shared.operations.inspection.stretches import (
    Least,
    find_black,
    find_blocky,
    find_blurred,
    find_clipped,
    find_frozen,
    find_letterboxed,
    find_silent,
)
from shared.operations.inspection.timing import find_damage, find_missing_streams, find_truncation, measure_timing
from shared.operations.packets import Packet

LEAST = Least()
WHOLE, BARS = Crop(320, 180, 0, 0), Crop(320, 132, 0, 24)


def spans(segments: Iterable[Segment]) -> list[tuple[float, float]]:
    return [(round(segment.start, 3), round(segment.end, 3)) for segment in segments]


def frames(count: int = 100, *, dark: range = range(0), still: range = range(0)) -> list[Frame]:
    """Return four seconds of frames, 25 a second."""
    return [Frame(n / 25, 1.0 if n in dark else 0.1, 0.0 if n in still else 1.0) for n in range(count)]


def details(count: int = 40, *, light: float = 120, at: range = range(0), **spoilt: object) -> list[Detail]:
    """Return details, ten a second; those `at` some numbers have other values."""
    usual: dict[str, object] = {"brightness": light, "crop": WHOLE, "blur": 5.0, "blocks": 1.0}
    return [Detail(n / 10, **(usual | spoilt if n in at else usual)) for n in range(count)]  # type: ignore[arg-type]


def audio_samples(
    count: int = 40, *, at: range = range(0), level: float | None = -30, full: float = 0
) -> list[AudioLevel]:
    return [AudioLevel(n / 10, level if n in at else -30, full if n in at else 0, -25) for n in range(count)]


def test_black_lasts_from_its_first_frame_to_the_next_that_is_not() -> None:
    assert spans(find_black(frames(dark=range(25, 50)), 4, LEAST)) == [(1, 2)]
    assert spans(find_black(frames(dark=range(90, 100)), 4, Least(black=0.4))) == [(3.6, 4)]
    assert find_black(frames(dark=range(25, 37)), 4, LEAST) == []


def test_a_still_video_begins_with_the_frame_that_the_next_are_like() -> None:
    assert spans(find_frozen(frames(still=range(26, 50)), 4, LEAST)) == [(1, 2)]


def test_the_polish_of_a_key_frame_interrupts_no_still_video() -> None:
    still = [Frame(f.time, f.black, 0.09 if n == 40 else f.motion) for n, f in enumerate(frames(still=range(26, 60)))]

    assert spans(find_frozen(still, 4, LEAST)) == [(1, 2.4)]


def test_black_is_not_called_frozen_as_well() -> None:
    assert find_frozen(frames(dark=range(25, 60), still=range(25, 60)), 4, LEAST) == []


@pytest.mark.parametrize("level", [None, -80])
def test_silence_is_nothing_at_all_or_next_to_nothing(level: float | None) -> None:
    assert spans(find_silent(audio_samples(at=range(10, 20), level=level), 4, LEAST)) == [(1, 2)]
    assert find_silent(audio_samples(at=range(10, 20), level=-60), 4, LEAST) == []


def test_clipped_audio_is_one_stretch_though_it_rises_and_falls() -> None:
    loud = audio_samples(at=range(10, 20), full=0.05)
    loud[13] = loud[14] = AudioLevel(1.3, -20, 0, -15)

    assert spans(find_clipped(loud, 4, LEAST)) == [(1, 2)]
    assert find_clipped(audio_samples(at=range(10, 20), full=0.005), 4, LEAST) == []


def test_bars_last_from_halfway_to_halfway_between_two_looks() -> None:
    (segment,) = find_letterboxed(details(at=range(10, 20), crop=BARS), (320, 180), 4, LEAST)

    assert (segment.start, segment.end) == pytest.approx((0.95, 1.95))
    assert segment.text == "320x132+0+24"


def test_darkness_in_between_ends_no_bars_and_makes_none() -> None:
    dark = details(at=range(10, 30), crop=BARS)
    dark[15:20] = details(at=range(40), crop=None, brightness=17.0)[15:20]

    assert len(find_letterboxed(dark, (320, 180), 4, LEAST)) == 1
    assert find_letterboxed(details(light=20, at=range(40), crop=BARS), (320, 180), 4, LEAST) == []


@pytest.mark.parametrize("crop", [Crop(320, 150, 0, 30), Crop(300, 180, 0, 0), Crop(320, 178, 0, 1)])
def test_one_dark_side_or_a_thin_line_is_not_a_bar(crop: Crop) -> None:
    assert find_letterboxed(details(at=range(40), crop=crop), (320, 180), 4, LEAST) == []


def test_bars_stand_at_the_sides_as_well_and_in_a_video_that_only_ffmpeg_turns() -> None:
    assert find_letterboxed(details(at=range(40), crop=Crop(200, 180, 60, 0)), (320, 180), 4, LEAST)
    assert find_letterboxed(details(at=range(40), crop=Crop(180, 200, 0, 60)), (320, 180), 4, LEAST)


def test_wide_edges_are_blur_but_not_in_a_video_that_moves() -> None:
    soft = details(at=range(10, 20), blur=12.0)
    moving = [Frame(frame.time, 0, 4.0) for frame in frames()]

    (segment,) = find_blurred(soft, frames(), 4, LEAST)
    assert (segment.start, segment.end) == pytest.approx((0.95, 1.95))
    assert find_blurred(soft, moving, 4, LEAST) == []


def test_a_single_look_makes_no_stretch_of_blocks() -> None:
    assert len(find_blocky(details(at=range(10, 20), blocks=2.0), 4, LEAST)) == 1
    assert find_blocky(details(at=range(10, 11), blocks=9.0), 4, Least(spoilt=0.1)) == []


def test_the_further_beyond_the_limit_the_surer() -> None:
    barely, badly = (find_blocky(details(at=range(40), blocks=value), 4, LEAST)[0] for value in (1.5, 5.0))

    assert 0.5 < barely.confidence < badly.confidence == 1


def test_nothing_measured_is_nothing_found() -> None:
    assert [
        find_black([], 0, LEAST),
        find_frozen([], 0, LEAST),
        find_silent([], 0, LEAST),
        find_blurred([], [], 0, LEAST),
    ] == [
        [],
        [],
        [],
        [],
    ]
    assert find_letterboxed([], (0, 0), 0, LEAST) == []


def media(*, video: float | None = 4.0, audio: float | None = 4.0) -> Media:
    videos = (Video("h264", 320, 180, duration=video),) if video else ()
    return Media("MPEG-4", 1, 4.0, videos=videos, audios=(Audio("aac", 2, duration=audio),) if audio else ())


def seen(shown: list[Frame] | None = None, heard: Iterable[int] = range(200), *, lost: range = range(0)) -> Examination:
    """Return an examination of four seconds; the audio has 50 packets a second."""
    shown = frames() if shown is None else shown
    return Examination(
        frames=tuple(frame for n, frame in enumerate(shown) if n not in lost),
        audio_times=tuple(n / 50 for n in heard),
        video_packets=tuple(Packet(frame.time, 0.04) for frame in shown),
        audio_packets=tuple(Packet(n / 50, 0.02) for n in range(200)),
    )


def test_a_whole_file_is_neither_cut_nor_damaged_nor_out_of_time() -> None:
    when = measure_timing(seen(), media())

    assert when.duration == pytest.approx(4)
    assert (when.variable, when.audio_offset) == (False, 0)
    assert [find_truncation(when, media()), find_missing_streams(when), find_damage(seen(), variable=False)] == [
        [],
        [],
        [],
    ]


def test_packets_without_their_frames_are_damage_where_they_are_due() -> None:
    assert spans(find_damage(seen(lost=range(50, 55)), variable=False)) == [(2, 2.2)]
    assert spans(find_damage(seen(heard=[*range(100), *range(110, 200)]), variable=True)) == [(2, 2.2)]


def test_packets_that_no_decoder_shows_at_both_ends_are_no_damage() -> None:
    assert find_damage(seen(lost=range(2)), variable=True) == []


def test_a_gap_between_regular_frames_is_damage_but_not_where_frames_come_when_they_like() -> None:
    shown = [frame for n, frame in enumerate(frames()) if n not in range(50, 60)]

    assert spans(find_damage(seen(shown), variable=False)) == [(2, 2.4)]
    assert find_damage(seen(shown), variable=True) == []


def test_a_file_that_ends_before_it_says_is_truncated() -> None:
    when = measure_timing(seen(frames(60), range(130)), media())

    (segment,) = find_truncation(when, media())
    assert (segment.start, segment.end) == pytest.approx((2.4, 4))


@pytest.mark.parametrize(
    ("shown", "heard", "label", "span"),
    [
        (range(100), range(150), "AUDIO_MISSING", (3, 4)),
        (range(100), range(25, 200), "AUDIO_MISSING", (0, 0.5)),
        (range(25, 100), range(200), "VIDEO_MISSING", (0, 1)),
        (range(75), range(200), "VIDEO_MISSING", (3, 4)),
    ],
)
def test_audio_without_video_and_video_without_audio(
    shown: range, heard: range, label: str, span: tuple[float, float]
) -> None:
    (segment,) = find_missing_streams(measure_timing(seen([frames()[n] for n in shown], heard), media()))

    assert segment.label == label
    assert (segment.start, segment.end) == pytest.approx(span)


def test_frames_that_come_when_they_like_are_of_a_variable_rate() -> None:
    assert measure_timing(seen([frame for n, frame in enumerate(frames()) if n < 40 or n % 3 == 0]), media()).variable


def test_a_day_of_blocks_that_come_and_go_is_read_in_a_moment() -> None:
    details = [Detail(float(number), 100, blocks=3 if number % 6 < 3 else 1) for number in range(24 * 3600)]
    began = time.process_time()

    found = find_blocky(details, 24 * 3600, Least())

    assert len(found) == 24 * 3600 / 6
    assert time.process_time() - began < 10  # a minute, if each looked through all
