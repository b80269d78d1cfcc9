"""The result of TRANSCODE: the bytes saved, and the quality reached if one was requested."""

from pydantic import Field

from shared.operations.findings import Result, ResultPart


class Probe(ResultPart):
    """One trial: samples of the source, encoded with that `crf`."""

    crf: float
    vmaf: float


class QualityReached(ResultPart):
    """The quality of the output's video, compared with the source's video framed in the same way.

    `vmaf`, `psnr` (dB) and `ssim` are means over `frames` frames, spread over the output if it is long.
    """

    target: float
    vmaf: float
    psnr: float
    ssim: float
    frames: int
    crf: float
    probes: tuple[Probe, ...] = Field(description="All trials, in their order.")


class TranscodeResult(Result):
    """Sizes in bytes; `saved_bytes` is negative if the output is larger than the source."""

    source_bytes: int
    output_bytes: int
    saved_bytes: int
    saved_percent: float
    quality: QualityReached | None = None
