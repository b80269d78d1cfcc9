"""SEPARATE_AUDIO: real speech amid a film's audio, taken apart again, and how much of each is left in each stem."""

import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from shared.domain.subtask import SubtaskType
from shared.errors import MediaRejected, ParametersRejected
from shared.operations.operation import OperationResult
from shared.operations.separation import separate_audio
from shared.operations.separation.separate_audio import SeparateAudioResult, SeparationMethod, model_installed
from tests.media.hearing import heard, level
from tests.support.clips import Clips, decoded
from tests.support.local_files import Operate

SPEECH = Path("/usr/share/pocketsphinx/test/data/librivox")
with_the_model = pytest.mark.skipif(not model_installed(), reason="the model isn't installed: make setup brings it")


@pytest.fixture(scope="module")
def spoken(clip: Clips) -> Path:
    """Lend a voice in the middle of a film's audio: novel and score are what it is made of."""
    if not SPEECH.is_dir():
        pytest.skip("the speech sample is missing: apt-get install pocketsphinx-testdata")
    link = clip.folder / "speech-1.wav"
    if not link.exists():
        link.symlink_to(min(SPEECH.glob("*.wav")))
    return clip("spoken.wav")


def separate(operate: Operate, source: Path, **params: object) -> tuple[SeparateAudioResult, OperationResult]:
    made = operate(SubtaskType.SEPARATE_AUDIO, source, **params)
    assert isinstance(made.result, SeparateAudioResult)
    return made.result, made


def mono(path: Path) -> list[float]:
    channels = heard(path)
    return [sum(samples) / len(channels) for samples in zip(*channels, strict=True)]


def balance(stem: Sequence[float], wanted: Sequence[float], other: Sequence[float]) -> float:
    """Return by how many dB what is wanted is stronger than the other in a stem, by least squares."""
    ww, oo, wo = dot(wanted, wanted), dot(other, other), dot(wanted, other)
    ws, os = dot(wanted, stem), dot(other, stem)
    determinant = ww * oo - wo * wo
    much_wanted, much_other = (ws * oo - os * wo) / determinant, (os * ww - ws * wo) / determinant
    return 10 * math.log10(much_wanted**2 * ww / (much_other**2 * oo + 1e-9))


def dot(one: Sequence[float], other: Sequence[float]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=False))


@pytest.mark.parametrize(
    ("method", "gains"), [pytest.param("model", (6, 12), marks=with_the_model), ("center", (1.5, 20))]
)
def test_each_stem_contains_more_of_its_own_part_than_the_mix_did(
    clip: Clips, operate: Operate, spoken: Path, method: str, gains: tuple[float, float]
) -> None:
    voice, score, mix = mono(clip("voice.wav")), mono(clip("score.wav")), mono(spoken)

    result, made = separate(operate, spoken, method=method, format="wav")

    stems = [mono(file.path) for file in made.files]
    sides = heard(clip("score.wav"))
    beside = [(left - right) / 2 for left, right in zip(*sides, strict=True)]
    assert balance(stems[0], voice, score) > balance(mix, voice, score) + gains[0]
    background = score if method == "model" else beside
    assert balance(stems[1], background, voice) > balance(mix, score, voice) + gains[1]
    assert result.method is (SeparationMethod.MODEL if method == "model" else SeparationMethod.CENTER_EXTRACTION)


@with_the_model
def test_the_stems_of_the_model_add_up_to_the_audio(operate: Operate, spoken: Path) -> None:
    result, made = separate(operate, spoken, method="model", format="wav")

    mix, voice, background = mono(spoken), *(mono(file.path) for file in made.files)
    assert len(voice) == len(background) == pytest.approx(len(mix), abs=2)
    assert level([a + b - c for a, b, c in zip(voice, background, mix, strict=False)]) < level(mix) - 30
    assert result.correlation is not None
    assert abs(result.correlation) < 0.3


@with_the_model
def test_the_model_takes_a_mono_audio_apart_and_leaves_it_mono(clip: Clips, operate: Operate, spoken: Path) -> None:
    del spoken
    result, made = separate(operate, clip("voice.wav"), format="flac")

    assert [len(heard(file.path)) for file in made.files] == [1, 1]
    assert result.voice_loudness
    assert result.background_loudness is None or result.voice_loudness - result.background_loudness > 15


@with_the_model
def test_audio_without_speech_warns_that_there_is_hardly_any_voice(clip: Clips, operate: Operate) -> None:
    _, made = separate(operate, clip("surround.mp4"))

    assert "hardly any voice" in "\n".join(made.warnings)
    assert "mixed down" in "\n".join(made.warnings)


@pytest.mark.parametrize(("kind", "codec"), [("m4a", "aac"), ("mp3", "mp3"), ("wav", "pcm"), ("flac", "flac")])
def test_stems_are_numbered_named_and_as_long_as_the_audio(
    clip: Clips, operate: Operate, kind: str, codec: str
) -> None:
    _, made = separate(operate, clip("plain.mp4"), method="center", format=kind)

    assert [(file.number, file.facts["stem"]) for file in made.files] == [(1, "voice"), (2, "background")]
    for file in made.files:
        assert decoded(file.path).audio_seconds == pytest.approx(2, abs=0.1)
        assert file.facts["audioCodec"] == codec
        assert file.content_type.startswith("audio/")
    assert {path.name for path in made.files[0].path.parent.iterdir()} == {file.path.name for file in made.files}


def test_what_stands_in_the_middle_is_taken_in_time(clip: Clips, operate: Operate) -> None:
    middle = clip("middle.wav")

    _, made = separate(operate, middle, method="center", format="wav")

    source, voice = mono(middle), mono(made.files[0].path)
    assert len(voice) == len(source)
    assert level([a - b for a, b in zip(voice, source, strict=True)]) < level(source) - 10


def test_of_surround_audio_the_center_channel_is_the_voice(clip: Clips, operate: Operate) -> None:
    result, made = separate(operate, clip("center.mp4"), method="center")

    assert result.method is SeparationMethod.CENTER_CHANNEL
    assert result.voice_loudness == pytest.approx(-36, abs=1)
    assert result.background_loudness is None
    assert "center channel" in made.warnings[0]


def test_of_surround_audio_all_but_the_center_is_the_background(clip: Clips, operate: Operate) -> None:
    result, made = separate(operate, clip("surround.mp4"), method="center", format="wav")

    assert result.background_loudness
    assert len(heard(made.files[1].path)) == 2


@pytest.mark.parametrize("name", ["audio.wav", "mono-twice.wav"])
def test_mono_has_no_middle_in_any_storage_format(clip: Clips, operate: Operate, name: str) -> None:
    with pytest.raises(ParametersRejected) as caught:
        operate(SubtaskType.SEPARATE_AUDIO, clip(name), method="center")

    assert caught.value.code == "ParameterError.MonoAudio"


def test_a_source_without_audio_is_rejected(clip: Clips, operate: Operate) -> None:
    with pytest.raises(MediaRejected) as caught:
        operate(SubtaskType.SEPARATE_AUDIO, clip("silent.mp4"))

    assert caught.value.code == "SourceFileError.NoAudio"


@pytest.mark.parametrize(("method", "fails"), [("auto", False), ("model", True)])
def test_without_the_model_auto_says_what_it_did_and_model_what_is_missing(
    clip: Clips, operate: Operate, monkeypatch: pytest.MonkeyPatch, method: str, *, fails: bool
) -> None:
    monkeypatch.setattr(separate_audio, "MODEL_PACKAGE", "a-package-that-is-not-installed")

    if fails:
        with pytest.raises(ParametersRejected) as caught:
            separate(operate, clip("plain.mp4"), method=method)
        assert caught.value.code == "ParameterError.ProviderNotInstalled"
    else:
        result, made = separate(operate, clip("plain.mp4"), method=method)
        assert result.method is SeparationMethod.CENTER_EXTRACTION
        assert "the model isn't installed" in made.warnings[0]
