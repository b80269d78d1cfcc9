"""The parameters and the result of ANALYZE."""

from typing import Literal

from pydantic import Field

from shared.operations.findings import Result, ResultPart, Segment
from shared.operations.operation import Params

ProviderName = Literal["aws", "local"]


class AnalyzeParams(Params):
    """What to look for in a video, and in how much detail."""

    tags: bool = Field(default=True, description="Whether the provider tags what the video shows.")
    provider: ProviderName | None = Field(
        None, description="The provider of tags; the deployment's default if omitted."
    )
    min_confidence: float = Field(0.5, ge=0, le=1, description="The minimum confidence of a tag.")
    cut_threshold: float = Field(
        10, ge=1, le=100, description="How much the video must change for a cut, in percent; a lower value finds more."
    )
    chapter_seconds: float = Field(30, ge=1, le=3600, description="The minimum length of a chapter.")
    highlights: int = Field(3, ge=0, le=20, description="The maximum number of highlights.")
    highlight_seconds: float = Field(5, ge=1, le=120, description="The length of each highlight.")
    cover_width: int | None = Field(
        1280, ge=16, le=8192, description="Pixels; never enlarged. null keeps the source's."
    )


class Cover(ResultPart):
    """The best frame to represent the video: its time in seconds, and its score from 0 to 1."""

    time: float
    score: float


class AnalyzeResult(Result):
    """The structure of a video. Counts include items that the result omits for size."""

    duration: float
    shot_count: int
    chapter_count: int
    highlight_count: int
    tag_count: int
    mean_shot_seconds: float
    cover: Cover | None
    shots: tuple[Segment, ...]
    chapters: tuple[Segment, ...]
    highlights: tuple[Segment, ...]
    tags: tuple[Segment, ...]
    truncated: bool = Field(default=False, description="Whether the findings file has longer lists.")
