"""What a transcode reports: how many bytes it saved, and how good the video still is where that was asked for."""

from pydantic import Field

from shared.operations.findings import Result, ResultPart


class Probe(ResultPart):
    """One try: samples of the source, encoded at that `crf`."""

    crf: float
    vmaf: float


class QualityReached(ResultPart):
    """How good the output's video is, against the source's as it was framed for the output.

    `vmaf`, `psnr` (dB) and `ssim` are means over `frames` frames of the output, spread over it where it is long.
    """

    target: float
    vmaf: float
    psnr: float
    ssim: float
    frames: int
    crf: float
    probes: tuple[Probe, ...] = Field(description="What was tried, in its order.")


class TranscodeResult(Result):
    """Sizes in bytes; `saved_bytes` is below zero where the output is larger than the source."""

    source_bytes: int
    output_bytes: int
    saved_bytes: int
    saved_percent: float
    quality: QualityReached | None = None
