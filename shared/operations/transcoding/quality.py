"""A video of the requested quality: trials on samples find the encoder's crf, and the output is measured."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.errors import MediaRejected
from shared.media.probe import Video
from shared.operations import video_filters
from shared.operations.clip import ClipSpan, span_from
from shared.operations.inspection.similarity import Similarity, compare_videos
from shared.operations.operation import OperationContext
from shared.operations.transcoding.encoding import USUAL_CRF, pixel_format, video_encoder
from shared.operations.transcoding.framing import FRAMED, frame_filters, framing_graph, keeps_hdr
from shared.operations.transcoding.transcode_params import CRF_RANGES, TranscodeParams, VideoCodec, VideoParams
from shared.operations.transcoding.transcode_result import Probe, QualityReached
from shared.operations.watermarks.watermark import Canvas

PROBING, ENCODING, MEASURING = (0, 40), (40, 95), (95, 100)  # percents of the attempt
MOST_PROBES = 8
CLOSE_ENOUGH = 0.3  # of VMAF; people don't notice a whole point
EVERY = 3  # A trial measures every third frame, the final measurement each one.
WHOLE_SECONDS = 10.0  # A source up to this length is one sample.
SAMPLES, SAMPLE_SECONDS = 5, 2.0
# Samples are lossless, at about 0.8 bytes a pixel: all of them together must fit on the disk beside the output.
SAMPLE_BYTES, BYTES_PER_PIXEL = 300e6, 0.8
USUAL_RATE = 30.0  # frames per second, if the file doesn't state a rate
USUAL_SLOPE = -1.5  # VMAF per step of crf, until two trials give the slope
STEEPEST, FLATTEST, LONGEST_STEP = -8.0, -0.2, 10.0
EMPTY_BYTES = 2000  # A Matroska file without a frame is smaller.
LOSSLESS = ("-c:v", "ffv1", "-level", "3")
# x264 and x265 take fractions; the other encoders round them.
STEPS = {VideoCodec.H264: 0.25, VideoCodec.H265: 0.25, VideoCodec.AV1: 1.0, VideoCodec.VP9: 1.0}


@dataclass(frozen=True)
class QualitySample:
    """A part of the source, framed as in the output and lossless; `start` in seconds of the output."""

    start: float
    seconds: float | None
    reference: Path


@dataclass(frozen=True)
class FoundQuality:
    """The crf that came closest to the target, all trials, and their samples."""

    target: float
    crf: float
    probes: tuple[Probe, ...]
    samples: tuple[QualitySample, ...]


def search_quality(params: TranscodeParams, context: OperationContext, part: ClipSpan) -> FoundQuality | None:
    """Try crf values on samples; return the best one, None if the parameters request no quality.

    Return None as well if the source has no video.
    """
    video = context.media.video
    if params.quality is None or params.video_params is None or video is None:
        return None
    target = params.quality.vmaf
    video_filters.check_video(video, context.ffmpeg.limits)
    samples = tuple(_samples(params, context, part, video))
    if not samples:
        message = "the source is damaged: nothing in it could be decoded"
        raise MediaRejected(message)
    codec = params.video_codec
    probes: list[Probe] = []
    guess: float = USUAL_CRF[codec]
    while len(probes) < MOST_PROBES and guess not in {probe.crf for probe in probes}:
        done = PROBING[1] * len(probes) // MOST_PROBES
        share = (done, done + PROBING[1] // MOST_PROBES)
        encoder = video_encoder(codec, params.video_params, crf=guess)
        probes.append(Probe(crf=guess, vmaf=round(_score(context, samples, encoder, share), 2)))
        if abs(probes[-1].vmaf - target) <= CLOSE_ENOUGH:
            break
        guess = next_crf(probes, target, codec)
    best = min(probes, key=lambda probe: abs(probe.vmaf - target))
    return FoundQuality(target, best.crf, tuple(probes), samples)


def next_crf(probes: Sequence[Probe], target: float, codec: VideoCodec) -> float:
    """Return the next crf to try: between the two that enclose the target, or further toward it."""
    low, high = CRF_RANGES[codec]
    better = max((p for p in probes if p.vmaf >= target), key=lambda p: p.crf, default=None)
    worse = min((p for p in probes if p.vmaf < target), key=lambda p: p.crf, default=None)
    if better and worse:
        slope = (worse.vmaf - better.vmaf) / (worse.crf - better.crf)
        guess = better.crf + (target - better.vmaf) / slope
    else:
        last, before = probes[-1], probes[-2] if len(probes) > 1 else None
        slope = (last.vmaf - before.vmaf) / (last.crf - before.crf) if before else USUAL_SLOPE
        step = (target - last.vmaf) / min(max(slope, STEEPEST), FLATTEST)
        guess = last.crf + min(max(step, -LONGEST_STEP), LONGEST_STEP)
    step = STEPS[codec]
    return min(max(round(guess / step) * step, low), high)


def measure_quality(found: FoundQuality, context: OperationContext, output: Path) -> QualityReached:
    """Measure the output at the samples; this removes them."""
    scores: list[Similarity] = []
    for sample in found.samples:
        made = context.folder / "made.mkv"
        window = ["-ss", f"{sample.start:.6f}", "-t", f"{sample.seconds:.6f}"] if sample.seconds else []
        source = [*window, *context.ffmpeg.input_arguments(output), "-map", "0:V:0"]
        _write(context, [*source, *LOSSLESS], made, MEASURING)
        scores.append(compare_videos(context, sample.reference, made, share=MEASURING))
        made.unlink()
        sample.reference.unlink()
    return QualityReached(
        target=found.target,
        vmaf=round(_mean(scores, "vmaf"), 2),
        psnr=round(_mean(scores, "psnr"), 2),
        ssim=round(_mean(scores, "ssim"), 4),
        frames=sum(score.frames for score in scores),
        crf=found.crf,
        probes=found.probes,
    )


def quality_warnings(reached: QualityReached) -> list[str]:
    """Return a warning if the output is more than a point away from the target."""
    if abs(reached.vmaf - reached.target) <= 1:
        return []
    return [f"VMAF {reached.target:g} is out of reach: crf {reached.crf:g} comes closest with {reached.vmaf:.1f}"]


def _score(
    context: OperationContext, samples: Sequence[QualitySample], encoder: Sequence[str], share: tuple[int, int]
) -> float:
    """Return the VMAF of the samples, encoded with that crf."""
    scores: list[Similarity] = []
    for sample in samples:
        tried = context.folder / "tried.mkv"
        source = [*context.ffmpeg.input_arguments(sample.reference), "-map", "0:V:0"]
        _write(context, [*source, *encoder], tried, share)
        scores.append(compare_videos(context, sample.reference, tried, every=EVERY, share=share))
        tried.unlink()
    return _mean(scores, "vmaf")


def _mean(scores: Sequence[Similarity], name: str) -> float:
    """Return the mean over all frames of all samples."""
    total: float = sum(getattr(score, name) * score.frames for score in scores)
    return total / sum(score.frames for score in scores)


def _samples(
    params: TranscodeParams, context: OperationContext, part: ClipSpan, video: Video
) -> Iterator[QualitySample]:
    """Take the samples: the whole part if it is short, otherwise stretches spread evenly over it."""
    asked = params.video_params or VideoParams()
    filters = frame_filters(video, asked)
    for number, (start, seconds) in enumerate(choose_stretches(part.duration, video)):
        piece = part if seconds is None else span_from(context.media, part.start + start, seconds)
        reference = context.folder / f"sample-{number}.mkv"
        canvas = Canvas(part.duration, late=start, bit_depth=asked.bit_depth, hdr=keeps_hdr(video, asked))
        graph = framing_graph(params, context, [*piece.video_filters, *filters], canvas=canvas)
        source = [*piece.before_input, *context.ffmpeg.input_arguments(context.source), *graph.inputs]
        pixels = ["-pix_fmt", pixel_format(params.video_codec, asked)]
        chains = ["-filter_complex", ";".join(graph.chains), "-map", f"[{FRAMED}]", *pixels]
        _write(context, [*source, *chains, *LOSSLESS], reference, (0, 0))
        if reference.stat().st_size > EMPTY_BYTES:
            yield QualitySample(start, seconds, reference)


def choose_stretches(duration: float | None, video: Video) -> list[tuple[float, float | None]]:
    """Return the start and length of each sample in seconds; a length of None takes everything."""
    rate = video.frame_rate or USUAL_RATE
    room = SAMPLE_BYTES / (video.width * video.height * BYTES_PER_PIXEL) / rate  # seconds of samples
    if duration is None:
        return [(0.0, min(WHOLE_SECONDS, room))]
    if duration <= min(WHOLE_SECONDS, room):
        return [(0.0, None)]
    seconds = min(SAMPLE_SECONDS, room / SAMPLES, duration / SAMPLES)
    middles = [duration * (number + 0.5) / SAMPLES for number in range(SAMPLES)]
    # Half a frame away from any frame's time, which containers round, so that both sides begin with the same frame.
    return [((int((middle - seconds / 2) * rate) + 0.5) / rate, seconds) for middle in middles]


def _write(context: OperationContext, arguments: Sequence[str], target: Path, share: tuple[int, int]) -> None:
    context.ffmpeg.run(
        [*arguments, "-an", "-fps_mode", "passthrough", "-f", "matroska", f"file:{target}"],
        duration=None,
        phase="searching the quality",
        share=share,
    )
