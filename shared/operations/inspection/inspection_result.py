"""The parameters and the result of INSPECT."""

from pydantic import Field

from shared.operations.findings import Result, ResultPart, Segment
from shared.operations.inspection.examination import Check
from shared.operations.inspection.score import Reason
from shared.operations.operation import Params


class InspectParams(Params):
    """The checks, the shortest faults that count, and the comparison with the task's source."""

    checks: tuple[Check, ...] = Field(
        tuple(Check), min_length=1, description="The checks to run; an omitted one costs nothing."
    )
    against_source: bool = Field(
        default=True, description="Whether an output is compared with the task's source: VMAF, PSNR, SSIM, sync."
    )
    every: int = Field(5, ge=1, le=100, description="Compare every n-th frame with the source.")
    min_black: float = Field(0.5, ge=0.05, le=60, description="The shortest black that counts, in seconds.")
    min_frozen: float = Field(0.8, ge=0.1, le=60, description="The shortest freeze that counts, in seconds.")
    min_silent: float = Field(0.8, ge=0.1, le=60, description="The shortest silence that counts, in seconds.")


class Point(ResultPart):
    """How similar a moment is to the source."""

    time: float
    vmaf: float
    psnr: float
    ssim: float


class InspectResult(Result):
    """The findings. Times are seconds of the file; a value that wasn't checked or is unknown is null or 0."""

    score: int = Field(ge=0, le=100)
    reasons: tuple[Reason, ...]
    segments: tuple[Segment, ...]
    segment_count: int = Field(description="The number of all segments; the findings file has those omitted here.")
    duration: float
    has_video: bool
    has_audio: bool
    readable: bool = Field(description="Whether anything in the file can be played.")
    damaged: bool
    truncated: bool
    interlaced: bool | None = None
    telecined: bool | None = None
    variable_frame_rate: bool = False
    letterboxed: bool = False
    active_area: str | None = Field(None, description="The video inside the bars, such as 320x136+0+22.")
    black_seconds: float = 0
    frozen_seconds: float = 0
    silent_seconds: float = 0
    clipped_seconds: float = 0
    blurred_seconds: float = 0
    blocky_seconds: float = 0
    damaged_seconds: float = 0
    audio_offset: float | None = Field(None, description="Seconds by which the audio begins after the video.")
    integrated_loudness: float | None = Field(None, description="LUFS")
    true_peak: float | None = Field(None, description="dBTP")
    loudness_range: float | None = Field(None, description="LU")
    compared: bool = False
    vmaf: float | None = None
    psnr: float | None = Field(None, description="dB of luma")
    ssim: float | None = None
    audio_lag: float | None = Field(None, description="Seconds by which the audio is later than in the source.")
    audio_drift: float | None = Field(None, description="Seconds by which the lag grows from beginning to end.")


class Findings(InspectResult):
    """The complete result for the findings file, with the series of the comparison."""

    series: tuple[Point, ...] = ()
