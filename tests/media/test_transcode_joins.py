"""Files before and after the main one: one video, one audio track, as long as all together."""

from pathlib import Path

import pytest

from shared.domain.subtask import SubtaskType
from shared.errors import MediaRejected, ParametersRejected
from shared.operations.operation import OperationResult
from tests.media.hearing import heard
from tests.support.clips import Clips, Decoded, decoded, distance, middle, samples
from tests.support.local_files import Operate

QUICK = {"speed": "fastest", "crf": 12}
FRAME = 0.04


def join(
    operate: Operate, clip: Clips, names: list[str], main: int, /, **params: object
) -> tuple[Decoded, OperationResult]:
    """Join the clips of those names; the main one is that of the number `main`."""
    paths = [str(clip(name)) for name in names]
    more = {"head": paths[:main], "tail": paths[main + 1 :], "video": QUICK, **params}
    made = operate(SubtaskType.TRANSCODE, Path(paths[main]), **more)
    return decoded(made.files[0].path), made


def loud(path: Path) -> list[bool]:
    """Return for each tenth of a second whether there is audio."""
    heard = samples(path)
    tenth = heard.rate // 10
    return [
        max(map(abs, heard.values[at : at + tenth])) > 0.001 for at in range(0, len(heard.values) - tenth // 2, tenth)
    ]


@pytest.mark.parametrize(
    ("names", "main", "seconds"),
    [
        (["plain.mp4", "plain.mp4"], 1, 4),
        (["plain.mp4", "plain.mp4"], 0, 4),
        (["blink.mp4", "plain.mp4", "blink.mp4"], 1, 3.2),
        (["silent.mp4", "plain.mp4", "audio.mp3"], 1, 6.02),
        (["plain.mp4", "silent.mp4", "surround.mp4"], 1, 6),
        (["web.webm", "stream.ts", "late.mkv"], 1, 6.02),
        (["edited.mp4", "odd.mp4", "anamorphic.mp4"], 1, 5.5),
        (["interlaced.mp4", "variable.mp4", "old.avi"], 1, 6),
        (["audio-late.mp4", "sideways.mkv", "video-late.mp4"], 1, 7),
        (["hdr.mp4", "ten-bit.mkv", "sideways.mp4"], 1, 6),
    ],
)
def test_what_is_joined_is_as_long_as_its_parts(
    clip: Clips, operate: Operate, names: list[str], main: int, seconds: float
) -> None:
    seen, made = join(operate, clip, names, main)

    alone = decoded(operate(SubtaskType.TRANSCODE, clip(names[main]), video=QUICK, audio="none").files[0].path)
    assert made.files[0].facts["duration"] == pytest.approx(seconds, abs=FRAME * (len(names) - 1))
    assert {(frame.width, frame.height) for frame in seen.frames} == {alone.size}
    assert all(later > earlier for earlier, later in zip(seen.times, seen.times[1:], strict=False))
    # After its last audio a file is silent: nothing is added.
    silence = 0.5 if names[-1] == "video-late.mp4" else 0
    assert seen.audio_seconds == pytest.approx(seconds - silence if seen.audio else 0, abs=0.1)


def test_every_part_is_seen_in_its_order(clip: Clips, operate: Operate) -> None:
    seen, _ = join(operate, clip, ["red.mp4", "plain.mp4", "left-black.mp4"], 1)
    plain = decoded(clip("plain.mp4"))

    assert len(seen.frames) == pytest.approx(150, abs=1)
    assert distance(seen.frames[50], plain.frames[0]) < 3
    assert distance(seen.frames[99], plain.frames[-1]) < 3
    assert distance(seen.frames[25], plain.frames[25]) > 20


def test_a_part_of_another_shape_gets_black_around_it(clip: Clips, operate: Operate) -> None:
    seen, _ = join(operate, clip, ["red.mp4", "portrait.mp4"], 1)

    rows = seen.frames[10].reformat(format="gray")
    luma = [bytes(rows.planes[0])[row * rows.planes[0].line_size + 90] for row in range(320)]
    assert [luma[20], luma[160], luma[300]] == pytest.approx([0, 77, 0], abs=12)


def test_a_part_without_audio_is_silent_and_the_others_are_heard_at_their_times(clip: Clips, operate: Operate) -> None:
    _, made = join(operate, clip, ["tone.mp4", "silent.mp4", "tone.mp4"], 1)

    heard = loud(made.files[0].path)

    # Next to a border a codec smears.
    assert (heard[:19], heard[21:39], heard[41:]) == ([True] * 19, [False] * 18, [True] * 19)


def test_a_clip_is_cut_from_the_main_part_alone(clip: Clips, operate: Operate) -> None:
    seen, made = join(operate, clip, ["red.mp4", "plain.mp4"], 1, clip={"start": 0.5, "end": 1})

    assert made.files[0].facts["duration"] == pytest.approx(2.5, abs=FRAME)
    assert distance(seen.frames[50], decoded(clip("plain.mp4")).frames[13]) < 4


def test_audio_tracks_alone_are_joined_as_well(clip: Clips, operate: Operate) -> None:
    seen, _ = join(operate, clip, ["audio.mp3", "audio.wav"], 1, container="m4a", video=None)

    assert seen.kinds == ["audio"]
    assert seen.audio_seconds == pytest.approx(4, abs=0.1)


def test_loud_channels_that_are_mixed_down_beside_an_audio_track_in_mono_do_not_clip(
    clip: Clips, operate: Operate
) -> None:
    _, made = join(operate, clip, ["audio.wav", "loud.flac"], 0, container="wav", video=None)

    (mono,) = heard(made.files[0].path)
    assert max(map(abs, mono)) == pytest.approx(0.97, abs=0.01)


def test_colors_of_parts_with_other_matrices_are_kept(clip: Clips, operate: Operate) -> None:
    seen, _ = join(operate, clip, ["red.mp4", "red-601.mp4", "red.mp4"], 1)

    shades = [[bytes(plane)[0] for plane in seen.frames[number].planes] for number in (10, 75)]
    assert shades[0] == pytest.approx(shades[1], abs=5)


def test_a_file_that_is_not_media_cannot_be_joined(clip: Clips, operate: Operate, tmp_path: Path) -> None:
    playlist = tmp_path / "intro.mp4"
    playlist.write_text("#EXTM3U\nfile:///etc/passwd\n")

    with pytest.raises(MediaRejected) as caught:
        operate(SubtaskType.TRANSCODE, clip("plain.mp4"), head=[str(playlist)])

    assert caught.value.code == "SourceFileError.NotMedia"


@pytest.mark.parametrize(
    ("first", "main"),
    [
        ("red-nameless-small.mp4", "red-nameless.mp4"),
        ("red-nameless.mp4", "red-601.mp4"),
        ("red-jpeg.avi", "red-full.mp4"),
        ("red-full.mp4", "red-rgb.mov"),
    ],
)
def test_every_part_keeps_its_colors(clip: Clips, operate: Operate, first: str, main: str) -> None:
    seen, _ = join(operate, clip, [first, main], 1)

    for frame in (seen.frames[4], seen.frames[-4]):
        assert middle(frame) == pytest.approx((220, 40, 30), abs=8)


def test_hdr_and_sdr_are_not_joined_as_hdr(clip: Clips, operate: Operate) -> None:
    params = {"video": {**QUICK, "codec": "h265", "bitDepth": 10}, "tail": [str(clip("plain.mp4"))]}

    with pytest.raises(ParametersRejected) as caught:
        operate(SubtaskType.TRANSCODE, clip("hdr.mp4"), **params)

    assert caught.value.code == "ParameterError.MixedRange"


def test_a_joined_file_that_is_not_there_is_named(clip: Clips, operate: Operate) -> None:
    with pytest.raises(ParametersRejected, match=r"lost\.mp4"):
        operate(SubtaskType.TRANSCODE, clip("plain.mp4"), tail=["lost.mp4"])
