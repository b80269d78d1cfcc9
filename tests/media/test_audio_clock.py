"""Whatever is missing of an audio track, the rest of it plays at its time, in every file that is written."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import av
import pytest

from shared.domain.subtask import SubtaskType
from shared.operations.audio_tracks import HOLE
from shared.operations.operation import Produced
from tests.support.clips import Clips, Samples, samples
from tests.support.local_files import Operate

FAST = {"speed": "fastest"}
FASTEST = {"video": FAST}
LOUD, QUIET_SECONDS = 0.03, 0.5
BEEPS = [0, 1, 4]  # of five seconds: those of 2 and 3 are lost
CLOSE = 0.012  # seconds: codecs smear a beep's beginning, and MP2 delays it by 10 ms
PADDING = 1024  # samples at the end of AAC that the other decoder doesn't leave out

T, S, E, A = SubtaskType.TRANSCODE, SubtaskType.STREAM, SubtaskType.ENHANCE, SubtaskType.SEPARATE_AUDIO
STREAMED = {"speed": "fastest", "ladder": [{"height": 90, "bitrate": 150}]}
# The content types of files with audio.
AUDIO_TYPES: Mapping[SubtaskType, tuple[str, ...]] = {
    T: ("audio/", "video/"),
    S: ("audio/",),
    E: ("video/",),
    A: ("audio/",),
}
WRITERS: Mapping[str, tuple[SubtaskType, str, Mapping[str, Any], Sequence[float]]] = {
    "mp4": (T, "holed-aac.mkv", FASTEST, BEEPS),
    "mp4 of ts": (T, "holed.ts", FASTEST, BEEPS),
    "mkv": (T, "holed.mp4", {**FASTEST, "container": "mkv"}, BEEPS),
    "mkv, opus": (T, "holed-libopus.mkv", {**FASTEST, "container": "mkv", "audio": {"codec": "opus"}}, BEEPS),
    "webm": (T, "holed.mp4", {**FASTEST, "container": "webm"}, BEEPS),
    "mov": (T, "holed.mp4", {"container": "mov"}, BEEPS),
    "mp3": (T, "holed-libmp3lame.mkv", {"container": "mp3"}, BEEPS),
    "m4a": (T, "holed.mp4", {"container": "m4a"}, BEEPS),
    "wav": (T, "holed-pcm.mkv", {"container": "wav"}, BEEPS),
    "flac": (T, "holed.mp4", {"container": "flac"}, BEEPS),
    "mixed down": (T, "holed.mp4", {**FASTEST, "audio": {"channels": 1, "sampleRate": 24000}}, BEEPS),
    "copied into mp4": (T, "holed-aac.mkv", {**FASTEST, "copyWhenFits": True}, BEEPS),
    "copied into mkv": (T, "holed.mp4", {**FASTEST, "container": "mkv", "copyWhenFits": True}, BEEPS),
    "copied opus": (
        *(T, "holed-libopus.mkv"),
        {**FASTEST, "container": "mkv", "audio": {"codec": "opus"}, "copyWhenFits": True},
        BEEPS,
    ),
    "copied into m4a": (T, "holed.mp4", {"container": "m4a", "copyWhenFits": True}, BEEPS),
    "clip": (T, "holed.mp4", {**FASTEST, "clip": {"start": 1}}, [0.01, 3.01]),
    "clip of ts": (T, "holed.ts", {**FASTEST, "clip": {"start": 1}}, [0.01, 3.01]),
    "clip that begins in the hole": (T, "holed.mp4", {"container": "wav", "clip": {"start": 2}}, [2.01]),
    "joined": (T, "holed.mp4", {**FASTEST, "tail": ["holed.ts"]}, [*BEEPS, *(5 + beep for beep in BEEPS)]),
    "stream": (S, "holed.mp4", STREAMED, BEEPS),
    "stream of a clip": (S, "holed.ts", {**STREAMED, "clip": {"start": 1}}, [0.01, 3.01]),
    "loudness": (E, "holed.ts", {"audio": {"loudness": {"target": -20}}, "video": {"encoding": FAST}}, BEEPS),
    "noise": (E, "holed.mp4", {"audio": {"denoise": "light"}, "video": {"encoding": FAST}}, BEEPS),
    "video alone, audio encoded": (E, "holed.ts", {"video": {"sharpen": "light", "encoding": FAST}}, BEEPS),
    "video alone, audio copied": (E, "holed.mp4", {"video": {"sharpen": "light", "encoding": FAST}}, BEEPS),
    "stems": (A, "holed.mp4", {"method": "center", "format": "wav"}, BEEPS),
}


def beeps(audio: Samples) -> list[float]:
    """Return when beeps begin, for a player that plays one sample after the other."""
    found: list[float] = []
    last = -QUIET_SECONDS
    for place, value in enumerate(audio.values):
        now = place / audio.rate
        if abs(value) > LOUD:
            if now - last > QUIET_SECONDS / 2:
                found.append(now)
            last = now
    return found


@pytest.mark.parametrize("name", WRITERS)
def test_after_a_hole_in_the_audio_it_plays_at_its_time(clip: Clips, operate: Operate, name: str) -> None:
    kind, source, asked, expected = WRITERS[name]
    params = {**asked, **({"tail": [str(clip(part)) for part in asked["tail"]]} if "tail" in asked else {})}

    made = operate(kind, clip(source), **params)

    audios = [
        file.path for file in made.files if file.content_type.startswith(AUDIO_TYPES[kind]) and not is_voice(file)
    ]
    assert audios
    for path in audios:
        assert beeps(samples(path)) == pytest.approx(expected, abs=CLOSE)


def audio_packets(path: Path) -> list[bytes]:
    """Return the packets of the first audio track."""
    with av.open(path) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def is_voice(file: Produced) -> bool:
    """Whether a file is a voice stem: what finds voices smears beeps."""
    return file.facts.get("stem") == "voice"


@pytest.mark.parametrize("copies", [False, True])
def test_every_track_keeps_its_time(clip: Clips, operate: Operate, *, copies: bool) -> None:
    made = operate(T, clip("twice-holed.mkv"), **FASTEST, audio={"tracks": "all"}, copyWhenFits=copies)

    for track in range(2):
        assert beeps(samples(made.files[0].path, track)) == pytest.approx(BEEPS, abs=CLOSE)


def test_what_follows_a_hole_stands_within_a_millisecond_of_where_it_was(clip: Clips, operate: Operate) -> None:
    whole = samples(clip("ticks.mkv"))

    made = samples(operate(T, clip("holed-pcm.mkv"), container="wav").files[0].path)

    later = slice(round(3.6 * whole.rate), None)
    shifts = range(-whole.rate // 100, whole.rate // 100)
    wanted = whole.values[later]
    best = min(
        shifts,
        key=lambda shift: sum(abs(a - b) for a, b in zip(wanted, made.values[later.start + shift :], strict=False)),
    )
    assert abs(best) <= whole.rate // 1000


@pytest.mark.parametrize(
    "name", ["plain.mp4", "ride.mkv", "web.webm", "audio.mp3", "audio.wav", "tone.mp4", "jittery.mkv"]
)
def test_an_audio_track_without_holes_keeps_every_sample(clip: Clips, operate: Operate, name: str) -> None:
    source = samples(clip(name))

    made = samples(operate(T, clip(name), container="wav").files[0].path)

    assert 0 <= len(source.values) - len(made.values) <= PADDING
    assert made.values[::97] == pytest.approx(source.values[: len(made.values) : 97], abs=2 / 2**15)


def test_audio_that_fits_and_has_no_hole_is_still_copied(clip: Clips, operate: Operate, tmp_path: Path) -> None:
    made = operate(T, clip("ticks-aac.mkv"), **FASTEST, copyWhenFits=True)

    assert audio_packets(made.files[0].path) == audio_packets(clip("ticks-aac.mkv"))
    assert list(tmp_path.iterdir()) == [made.files[0].path]


def test_a_hole_is_no_longer_than_what_people_do_not_notice() -> None:
    assert HOLE <= 0.045
