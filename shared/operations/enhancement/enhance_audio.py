"""The filters that enhance audio and bring it to the requested loudness."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from shared.operations.enhancement.enhance_params import EnhanceAudioParams, LoudnessParams, Strength
from shared.operations.loudness import Loudness, measure_loudness
from shared.operations.operation import OperationContext

# The dB of noise to remove, and how far below the loudness of the audio to expect it. Measured: white noise 29, 19 and
# 9 dB below a voice ends, with light, 34, 20 and 9 dB below it; with medium 32, 26 and 10; with strong 28, 25 and 18.
DENOISE: Mapping[Strength, tuple[int, int]] = {
    Strength.LIGHT: (10, 30),
    Strength.MEDIUM: (18, 20),
    Strength.STRONG: (30, 10),
}
NOISE_FLOORS = (-80.0, -20.0)  # dB: the range of afftdn
LATE = 0.025  # Seconds by which afftdn delays the audio, at every sample rate, without reporting it.
SPEECH = (
    "highpass=f=80:p=2,highpass=f=80:p=2",  # below the lowest voice there is only rumble, wind and hum
    "deesser=i=0.3",
    "acompressor=threshold=-24dB:ratio=2.5:attack=8:release=150:knee=6",  # levels quiet and loud words
)
# Lossy compression overshoots peaks: this many dB stay free below the limit.
HEADROOM = 0.5
OVERSAMPLED = 192_000  # Hz: ITU-R BS.1770 measures true peaks at four times 48 kHz.
USUAL_RATE, HIGHEST_RATE = 48_000, 48_000
CLOSE = 0.2  # LU or dB: a smaller difference counts as met.
MISSED = 0.5  # LU: EBU R128's own tolerance
TRIES = 3
MOST_RATIO = 20.0  # the highest ratio of acompressor
SHARE = (10, 10)  # measuring is quick compared with what follows, so the attempt's percents don't move
RANGE_SLACK = 1.1
HEAVY = 6.0  # dB: peaks that are lowered this much sound squashed.


class LevelingMethod(StrEnum):
    """How the loudness was reached."""

    LINEAR = "LINEAR"  # one gain throughout: only the volume changes
    LIMITED = "LIMITED"  # one gain, and the highest peaks lowered to stay below the limit
    DYNAMIC = "DYNAMIC"  # a gain that follows the audio, because its range had to be narrowed
    NONE = "NONE"  # the audio is silent throughout, or too short to have a loudness


@dataclass(frozen=True)
class Leveling:
    """How to reach a loudness: `chain` has the filters before, `gain` is in dB, `ceiling` in dBTP."""

    chain: tuple[str, ...]
    method: LevelingMethod
    gain: float = 0
    ceiling: float = 0
    rate: int = USUAL_RATE
    lowered: float = 0

    @property
    def filters(self) -> tuple[str, ...]:
        """All filters, from the decoder to the encoder."""
        if self.method is LevelingMethod.NONE:
            return self.chain
        volume = f"volume={self.gain:.2f}dB:precision=float"
        if not self.lowered:
            return (*self.chain, volume)
        limit = 10 ** (self.ceiling / 20)
        # level=false: otherwise it raises everything up to the limit. latency=true: otherwise the audio is late.
        limiter = f"alimiter=limit={limit:.5f}:attack=3:release=60:level=false:latency=true"
        return (*self.chain, volume, f"aresample={OVERSAMPLED}", limiter, f"aresample={self.rate}")


def cleaning_filters(asked: EnhanceAudioParams, before: Loudness | None) -> tuple[str, ...]:
    """Return the filters that come before the leveling; `before` is the loudness, None if it wasn't measured."""
    return (
        # Noise first: the filters after this one amplify it in pauses.
        *_denoise(asked.denoise, before),
        *(SPEECH if asked.speech else []),
    )


def _denoise(strength: Strength | None, before: Loudness | None) -> list[str]:
    if strength is None or before is None or before.integrated is None:
        return []
    noise, below = DENOISE[strength]
    floor = min(max(before.integrated - below, NOISE_FLOORS[0]), NOISE_FLOORS[1])
    return [
        f"apad=pad_dur={LATE}",
        f"afftdn=nr={noise}:nf={floor:.1f}",
        f"atrim=start={LATE}",
        "asetpts=PTS-STARTPTS",
    ]


def plan_leveling(asked: LoudnessParams, chain: Sequence[str], track: int, context: OperationContext) -> Leveling:
    """Return how to reach the loudness after the filters of `chain`, by measuring the source's track."""
    audio = context.media.audios[track]
    rate = min(audio.sample_rate or USUAL_RATE, HIGHEST_RATE)
    chain = tuple(chain)
    now = _heard(chain, track, context)
    narrowed = asked.range is not None and now.range > asked.range
    if asked.range is not None and narrowed:
        chain, now = _narrowed(chain, asked.range, now, track, context)
    if now.integrated is None or now.true_peak is None:
        return Leveling(chain, LevelingMethod.NONE)
    way = Leveling(chain, LevelingMethod.LINEAR, asked.target - now.integrated, asked.true_peak - HEADROOM, rate)
    excess = now.true_peak + way.gain - way.ceiling
    if excess > 0:
        way = _limited(replace(way, method=LevelingMethod.LIMITED, lowered=excess), asked, track, context)
    return replace(way, method=LevelingMethod.DYNAMIC) if narrowed else way


def correct_leveling(way: Leveling, asked: LoudnessParams, after: Loudness) -> Leveling | None:
    """Return a better leveling for the loudness that came out; None if that is as requested."""
    if way.method is LevelingMethod.NONE or after.integrated is None or after.true_peak is None:
        return None
    off, over = asked.target - after.integrated, after.true_peak - asked.true_peak
    if abs(off) <= MISSED and over <= 0:
        return None
    ceiling = way.ceiling - (over + CLOSE if over > 0 else 0)
    method = LevelingMethod.LIMITED if way.method is LevelingMethod.LINEAR else way.method
    return replace(way, method=method, gain=way.gain + off, ceiling=ceiling, lowered=max(way.lowered, over, CLOSE))


def leveling_warnings(way: Leveling, asked: LoudnessParams, after: Loudness) -> list[str]:
    """Return a warning for each value that came out other than requested."""
    if way.method is LevelingMethod.NONE:
        return ["the audio is silent, or too short to have a loudness: its level is unchanged"]
    found = []
    if after.integrated is not None and abs(after.integrated - asked.target) > MISSED:
        found.append(f"the loudness is {after.integrated:.1f} LUFS, not {asked.target:g}")
    if after.true_peak is not None and after.true_peak > asked.true_peak:
        found.append(f"the highest peak is {after.true_peak:.1f} dBTP, above {asked.true_peak:g}")
    if asked.range is not None and after.range > asked.range * RANGE_SLACK:
        found.append(f"the loudness range is {after.range:.1f} LU, above {asked.range:g}")
    if way.lowered > HEAVY:
        found.append(
            f"peaks were lowered by up to {way.lowered:.0f} dB to stay below {asked.true_peak:g} dBTP: "
            "a lower target would preserve the dynamics"
        )
    return found


def _heard(chain: Sequence[str], track: int, context: OperationContext) -> Loudness:
    return measure_loudness(context, context.source, track, chain=chain, share=SHARE)


def _narrowed(
    chain: tuple[str, ...], wanted: float, now: Loudness, track: int, context: OperationContext
) -> tuple[tuple[str, ...], Loudness]:
    """Return the filters with one that narrows the range as wanted, and the loudness after them.

    loudnorm also takes a range, but narrowed it by a tenth when asked for two thirds. A compressor that works on
    everything above -60 dB divides the range by its ratio, or by slightly less.
    """
    ratio, narrowing = 1.0, chain
    for _ in range(TRIES):
        ratio = min(ratio * now.range / wanted, MOST_RATIO)
        narrowing = (
            *chain,
            f"acompressor=threshold=-60dB:ratio={ratio:.2f}:attack=20:release=250:knee=1:detection=rms",
        )
        now = _heard(narrowing, track, context)
        if now.range <= wanted * RANGE_SLACK:
            break
    return narrowing, now


def _limited(way: Leveling, asked: LoudnessParams, track: int, context: OperationContext) -> Leveling:
    """Return the leveling with a gain that makes up for what the limiter removes."""
    for _ in range(TRIES):
        now = _heard(way.filters, track, context)
        off = asked.target - (asked.target if now.integrated is None else now.integrated)
        if abs(off) <= CLOSE:
            break
        way = replace(way, gain=way.gain + off, lowered=way.lowered + off)
    return way
