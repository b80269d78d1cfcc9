"""How much later the audio of one file is than that of another, from their levels. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import StatisticsError, correlation, pstdev

from shared.operations.inspection.examination import WINDOW, AudioLevel

FLOOR = -70.0  # dBFS: quieter audio counts as silence
FARTHEST = 2.0  # The largest shift to try, in seconds.
STRETCH = 20.0  # Seconds that are compared, at the beginning and at the end.
ALIKE = 0.7  # The correlation from which on both are the same audio.
LIVELY = 3.0  # dB by which levels must vary to distinguish moments
FEWEST = 15  # tenths of a second for a comparison


@dataclass(frozen=True)
class Lag:
    """Seconds by which the audio is later, at the beginning and at the end; None if unknown."""

    start: float | None
    end: float | None

    @property
    def drift(self) -> float | None:
        """How much the lag grows from the beginning to the end."""
        return None if self.start is None or self.end is None else self.end - self.start

    @property
    def worst(self) -> float | None:
        """The larger of both."""
        return max((each for each in (self.start, self.end) if each is not None), key=abs, default=None)


def find_lag(reference: Sequence[float], audio: Sequence[float]) -> Lag:
    """Return how much later `audio` is than `reference`: levels in dBFS, ten per second from the start of the video.

    The lag is unknown if the levels differ, or vary too little.
    """
    shorter = min(len(reference), len(audio))
    length = min(round(STRETCH / WINDOW), shorter // 2)
    return Lag(_offset(reference, audio, 0, length), _offset(reference, audio, shorter - length, length))


def sample_levels(audio_levels: Sequence[AudioLevel], begin: float) -> list[float]:
    """Return the level of each tenth of a second from `begin` on; a tenth without audio is silence."""
    known = {round((audio.time - begin) / WINDOW): audio.level for audio in audio_levels}
    found = [known.get(at) for at in range(max(known, default=-1) + 1)]
    return [FLOOR if level is None else max(level, FLOOR) for level in found]


def _offset(reference: Sequence[float], audio: Sequence[float], at: int, length: int) -> float | None:
    """Return the shift at which the part of the reference fits the audio best, to a fraction of a tenth."""
    farthest = round(FARTHEST / WINDOW)
    fits = {shift: _fit(reference, audio, at, length, shift) for shift in range(-farthest, farthest + 1)}
    best = max(fits, key=lambda shift: fits[shift])
    if fits[best] < ALIKE:
        return None
    before, here, after = fits.get(best - 1, -1.0), fits[best], fits.get(best + 1, -1.0)
    bend = before - 2 * here + after  # of the parabola through the three
    return WINDOW * (best + (0.5 * (before - after) / bend if bend else 0.0))


def _fit(reference: Sequence[float], audio: Sequence[float], at: int, length: int, shift: int) -> float:
    """Return the correlation where both have levels; -1 where they don't, or one is constant."""
    first = max(at, -shift)
    last = min(at + length, len(reference), len(audio) - shift)
    ours, theirs = reference[first:last], audio[first + shift : last + shift]
    if last - first < max(FEWEST, length // 2) or min(pstdev(ours), pstdev(theirs)) < LIVELY:
        return -1.0
    try:
        return correlation(ours, theirs)
    except StatisticsError:
        return -1.0
