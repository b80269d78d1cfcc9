"""What one may ask of an analysis, and what it finds."""

from typing import Literal

from pydantic import Field

from shared.operations.findings import Result, ResultPart, Segment
from shared.operations.operation import Params

ProviderName = Literal["aws", "local"]


class AnalyzeParams(Params):
    """What to look for in a video, and how finely."""

    tags: bool = Field(default=True, description="Whether the provider names what is to be seen.")
    provider: ProviderName | None = Field(None, description="Who names it; the deployment's own when left out.")
    min_confidence: float = Field(0.5, ge=0, le=1, description="How sure the provider must be of a tag.")
    cut_threshold: float = Field(
        10, ge=1, le=100, description="How much the video must change for a cut, in percent; lower finds more."
    )
    chapter_seconds: float = Field(30, ge=1, le=3600, description="A chapter lasts at least so long.")
    highlights: int = Field(3, ge=0, le=20, description="At most so many.")
    highlight_seconds: float = Field(5, ge=1, le=120, description="How long each of them is.")
    cover_width: int | None = Field(1280, ge=16, le=8192, description="Fits inside; never enlarged.")


class Cover(ResultPart):
    """The best video to stand for the whole: its time in seconds, and how good it is from 0 to 1."""

    time: float
    score: float


class AnalyzeResult(Result):
    """What a video is made of. The counts are of all that was found, also where the lists had to be cut."""

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
    truncated: bool = Field(default=False, description="Whether the lists are longer in the findings file.")
