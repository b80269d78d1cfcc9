"""What one may ask of an inspection, and what it tells."""

from pydantic import Field

from shared.operations.findings import Result, ResultPart, Segment
from shared.operations.inspection.examination import Check
from shared.operations.inspection.score import Reason
from shared.operations.operation import Params


class InspectParams(Params):
    """What to look for, from how many seconds on it counts, and whether to compare with the task's source."""

    checks: tuple[Check, ...] = Field(
        tuple(Check), min_length=1, description="What to look for; each that is left out costs nothing."
    )
    against_source: bool = Field(
        default=True, description="Whether an output is compared with the task's source: VMAF, PSNR, SSIM, sync."
    )
    every: int = Field(5, ge=1, le=100, description="Compare each n-th frame with the source's.")
    min_black: float = Field(0.5, ge=0.05, le=60, description="Seconds of black that count.")
    min_frozen: float = Field(0.8, ge=0.1, le=60, description="Seconds without motion that count.")
    min_silent: float = Field(0.8, ge=0.1, le=60, description="Seconds of silence that count.")


class Point(ResultPart):
    """How alike a moment is to the source's."""

    time: float
    vmaf: float
    psnr: float
    ssim: float


class InspectResult(Result):
    """What was found. Seconds are those of the file; what was not looked for, or couldn't be told, is null or 0."""

    score: int = Field(ge=0, le=100)
    reasons: tuple[Reason, ...]
    segments: tuple[Segment, ...]
    segment_count: int = Field(description="Of all; those here may be fewer, and the file of findings has the rest.")
    duration: float
    has_video: bool
    has_audio: bool
    readable: bool = Field(description="Whether anything in it can be played.")
    damaged: bool
    truncated: bool
    interlaced: bool | None = None
    telecined: bool | None = None
    variable_frame_rate: bool = False
    letterboxed: bool = False
    active_area: str | None = Field(None, description="The video inside the bars, as 320x136+0+22.")
    black_seconds: float = 0
    frozen_seconds: float = 0
    silent_seconds: float = 0
    clipped_seconds: float = 0
    blurred_seconds: float = 0
    blocky_seconds: float = 0
    damaged_seconds: float = 0
    audio_offset: float | None = Field(None, description="Seconds after the video that the audio begins.")
    integrated_loudness: float | None = Field(None, description="LUFS")
    true_peak: float | None = Field(None, description="dBTP")
    loudness_range: float | None = Field(None, description="LU")
    compared: bool = False
    vmaf: float | None = None
    psnr: float | None = Field(None, description="dB of luma")
    ssim: float | None = None
    audio_lag: float | None = Field(None, description="Seconds that the audio comes later than in the source.")
    audio_drift: float | None = Field(None, description="Seconds that the lag grows by from beginning to end.")


class Findings(InspectResult):
    """The result, whole, as a file: with the series of the comparison."""

    series: tuple[Point, ...] = ()
