"""Clips of TRANSCODE: exactly the requested frames and samples, in any container."""

from pathlib import Path

import pytest

from shared.domain.subtask import SubtaskType
from shared.errors import ParametersRejected
from shared.operations.operation import OperationResult
from tests.support.clips import Clips, Decoded, brightness, decoded, distance, samples
from tests.support.local_files import Operate

QUICK = {"speed": "fastest", "crf": 12}
FRAME = 0.04


def cut(
    operate: Operate, source: Path, start: float | str | None, end: float | str | None
) -> tuple[Decoded, OperationResult]:
    clip = {name: moment for name, moment in (("start", start), ("end", end)) if moment is not None}
    made = operate(SubtaskType.TRANSCODE, source, video=QUICK, clip=clip)
    return decoded(made.files[0].path), made


def place(frame: object, source: Decoded) -> float:
    """Return when the source shows what resembles the video most, from its first frame on."""
    times = dict(zip(map(id, source.frames), source.times, strict=True))
    best = min(source.frames, key=lambda other: distance(frame, other))  # type: ignore[arg-type]  # a frame
    return times[id(best)] - source.times[0]


def flash_and_beep(path: Path) -> tuple[float, float]:
    """Return when the video turns white, and when there is audio."""
    seen, heard = decoded(path), samples(path)
    flash = next(
        time for time, frame in zip(seen.times, seen.frames, strict=True) if brightness(frame, slice(36)) > 128
    )
    beep = next(number for number, value in enumerate(heard.values) if abs(value) > 0.03)
    return flash, beep / heard.rate


@pytest.mark.parametrize(
    ("asked", "first", "seconds"),
    [
        ((0.4, 1.2), 0.4, 0.8),
        ((None, 1), 0, 1),
        (("00:00:01", None), 1, 1),
        (("25%", "75%"), 0.5, 1),
        ((0, "100%"), 0, 2),
        ((1.9, 2), 1.9, 0.1),
    ],
)
def test_a_clip_contains_what_was_requested(
    clip: Clips, operate: Operate, asked: tuple[float | str | None, float | str | None], first: float, seconds: float
) -> None:
    source = decoded(clip("plain.mp4"))

    seen, made = cut(operate, clip("plain.mp4"), *asked)

    assert place(seen.frames[0], source) == pytest.approx(first, abs=FRAME)
    assert place(seen.frames[-1], source) == pytest.approx(first + seconds - FRAME, abs=FRAME)
    assert len(seen.frames) == pytest.approx(seconds / FRAME, abs=1)
    assert seen.audio_seconds == pytest.approx(seconds, abs=0.05)
    assert made.files[0].facts["duration"] == pytest.approx(seconds, abs=FRAME)
    assert seen.times[0] == pytest.approx(0, abs=FRAME)
    assert made.warnings == ()


@pytest.mark.parametrize(
    "name",
    [
        *("ride.mp4", "ride.mkv", "ride.ts", "ride.mpg", "ride.flv", "ride.webm"),
        *("edited.mp4", "late.mkv", "open-gop.ts", "variable.mp4", "audio-late.mp4", "stream.ts"),
    ],
)
def test_a_clip_is_exact_in_every_container(clip: Clips, operate: Operate, name: str) -> None:
    source = decoded(clip(name))
    whole = source.times[-1] - source.times[0] + FRAME
    start, end = whole * 0.4, whole * 0.8

    seen, _ = cut(operate, clip(name), start, end)

    frame = 0.12 if name == "variable.mp4" else FRAME
    # A container's time may begin with the audio, a little before the first video.
    assert place(seen.frames[0], source) == pytest.approx(start, abs=1.6 * frame)
    assert place(seen.frames[-1], source) == pytest.approx(end - frame, abs=1.6 * frame)
    assert seen.times[-1] - seen.times[0] == pytest.approx(end - start - frame, abs=1.1 * frame)


def test_video_and_audio_of_a_clip_stay_in_step(clip: Clips, operate: Operate) -> None:
    made = operate(SubtaskType.TRANSCODE, clip("beeps.mp4"), video=QUICK, clip={"start": 0.3, "end": 1.7})

    flash, beep = flash_and_beep(made.files[0].path)

    assert flash == pytest.approx(0.7, abs=FRAME)
    assert beep == pytest.approx(flash, abs=FRAME)


def test_an_end_past_the_end_is_the_end_and_said_so(clip: Clips, operate: Operate) -> None:
    seen, made = cut(operate, clip("plain.mp4"), 1, 60)

    assert len(seen.frames) == pytest.approx(25, abs=1)
    assert made.warnings == ("the clip should end at 60.000 s, but the source ends at 2.000 s: the clip ends there",)


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        (5, None, "ParameterError.PastTheEnd"),
        (5, 9, "ParameterError.PastTheEnd"),
        (1, 0.5, "ParameterError.EmptyRange"),
        ("50%", "50%", "ParameterError.EmptyRange"),
        (2, None, "ParameterError.EmptyRange"),
    ],
)
def test_a_clip_of_nothing_is_refused(
    clip: Clips, operate: Operate, start: float | str, end: float | str | None, code: str
) -> None:
    with pytest.raises(ParametersRejected) as caught:
        cut(operate, clip("plain.mp4"), start, end)

    assert caught.value.code == code


def test_the_audio_alone_is_cut_too(clip: Clips, operate: Operate) -> None:
    made = operate(SubtaskType.TRANSCODE, clip("audio.mp3"), container="mp3", clip={"start": 0.5, "end": 1.25})

    assert decoded(made.files[0].path).audio_seconds == pytest.approx(0.75, abs=0.06)
