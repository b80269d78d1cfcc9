"""What another decoder than ours hears, and how loud that is by a meter of our own."""

import math
from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path

import av

RATE = 48_000
# ITU-R BS.1770, tables 1 and 2: the head, then the ear, at 48 kHz.
STAGES = (
    ((1.53512485958697, -2.69169618940638, 1.19839281085285), (-1.69065929318241, 0.73248077421585)),
    ((1.0, -2.0, 1.0), (-1.99004745483398, 0.99007225036621)),
)
BLOCK, STEP = RATE * 4 // 10, RATE // 10


def heard(path: Path) -> "list[array[float]]":
    """Return the samples of a file's audio, a channel each of one or two, at RATE, from the time 0 on."""
    with av.open(path) as container:
        stream = container.streams.audio[0]
        layout = "mono" if stream.channels == 1 else "stereo"
        resampler = av.AudioResampler(format="fltp", layout=layout, rate=RATE)
        channels = [array("f") for _ in range(1 if layout == "mono" else 2)]
        first = None
        for frame in container.decode(stream):
            first = float(frame.time or 0) if first is None else first
            _append(channels, resampler.resample(frame))
        _append(channels, resampler.resample(None))
    late = max(round((first or 0) * RATE), 0)
    return [array("f", bytes(4 * late)) + channel for channel in channels]


def _append(channels: "Sequence[array[float]]", frames: Iterable[av.AudioFrame]) -> None:
    for frame in frames:
        for channel, plane in zip(channels, frame.planes, strict=True):
            channel.frombytes(bytes(plane)[: 4 * frame.samples])


def level(samples: Sequence[float]) -> float:
    """Return how strong samples are on the whole, in dB below full scale."""
    power = math.fsum(sample * sample for sample in samples) / len(samples)
    return 10 * math.log10(power + 1e-12)


def loudness(channels: Sequence[Sequence[float]]) -> float:
    """Return the integrated loudness of one or two channels at RATE, in LUFS, as ITU-R BS.1770 defines it."""
    weighted = [_weighted(channel) for channel in channels]
    blocks = [
        sum(math.fsum(x * x for x in channel[at : at + BLOCK]) / BLOCK for channel in weighted)
        for at in range(0, len(weighted[0]) - BLOCK + 1, STEP)
    ]
    gated = [block for block in blocks if _lufs(block) > -70]
    gated = [block for block in gated if _lufs(block) > _lufs(sum(gated) / len(gated)) - 10]
    return _lufs(sum(gated) / len(gated))


def pitch(samples: Sequence[float], hertz: float) -> float:
    """Return how strong one pitch is in samples at RATE, in dB below full scale."""
    turns = [2 * math.pi * hertz * n / RATE for n in range(len(samples))]
    real = math.fsum(x * math.cos(turn) for x, turn in zip(samples, turns, strict=True))
    imaginary = math.fsum(x * math.sin(turn) for x, turn in zip(samples, turns, strict=True))
    return 20 * math.log10(2 * math.hypot(real, imaginary) / len(samples) + 1e-9)


def _lufs(power: float) -> float:
    return -0.691 + 10 * math.log10(power + 1e-12)


def _weighted(samples: Sequence[float]) -> list[float]:
    values = list(samples)
    for (b0, b1, b2), (a1, a2) in STAGES:
        x1 = x2 = y1 = y2 = 0.0
        for place, x in enumerate(values):
            y = b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2
            x2, x1, y2, y1 = x1, x, y1, y
            values[place] = y
    return values
