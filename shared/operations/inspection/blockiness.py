"""How blocky a video is: how much larger its gray level steps are on the grid of a codec's blocks than beside it.

ffmpeg's blockdetect adds each frame's steps to those of the frames before, so it can't show when.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

# Blocks of 8 and 16 pixels, and those of 8 enlarged by a third, by half or twice (also 16).
PERIODS = (8.0, 32 / 3, 12.0, 16.0)
# A larger step is the edge of an object rather than of a block: it counts as this one.
MOST_STEP, GAIN = 16, 15
OUTLIERS = 0.15  # The share of grid lines with the largest and smallest steps: bars and captions have edges too.
FEWEST = 8  # grid lines for a measurement
FLOOR = 6.0  # Added to both sides: a ratio of tiny steps can be large but is invisible.
COLUMNS, ROWS = "columns.raw", "rows.raw"  # files in the context's folder


def blockiness_filters(source: str) -> list[str]:
    """Return the filters from the link `source` to `[columns]` and `[rows]`: one line of mean steps per frame."""
    step = f"blend=all_mode=difference,lut=c0='min(val,{MOST_STEP})*{GAIN}'"
    return [
        f"{source}format=gray,split=4[left][right][upper][lower]",
        "[left]crop=iw-1:ih:0:0:exact=1[west]",
        "[right]crop=iw-1:ih:1:0:exact=1[east]",
        f"[west][east]{step},scale=w=iw:h=1:flags=area[columns]",
        "[upper]crop=iw:ih-1:0:0:exact=1[north]",
        "[lower]crop=iw:ih-1:0:1:exact=1[south]",
        f"[north][south]{step},scale=w=1:h=ih:flags=area[rows]",
    ]


def blockiness_outputs() -> list[str]:
    """Return the arguments that write both links into the context's folder."""
    arguments = []
    for label, name in (("[columns]", COLUMNS), ("[rows]", ROWS)):
        arguments += ["-map", label, "-fps_mode", "passthrough", "-f", "rawvideo", f"file:{name}"]
    return arguments


def read_blockiness(folder: Path, frames: int, watched: Callable[[Iterable[int]], Iterable[int]]) -> list[float]:
    """Return the blockiness of each of that many frames: 1 for none, 2 for bad; empty if it wasn't measured.

    `watched` enforces the limits of the attempt while it yields the numbers of the frames.
    """
    paths = folder / COLUMNS, folder / ROWS
    sizes = [path.stat().st_size // frames if frames and path.exists() else 0 for path in paths]
    if not all(sizes):
        return []
    with paths[0].open("rb") as columns, paths[1].open("rb") as rows:
        return [blockiness(columns.read(sizes[0]), rows.read(sizes[1])) for _ in watched(range(frames))]


def blockiness(columns: Sequence[int], rows: Sequence[int]) -> float:
    """Return the blockiness of a frame from its mean steps between neighboring columns, and rows."""
    return max(math.sqrt(_excess(columns, period) * _excess(rows, period)) for period in PERIODS)


def _excess(steps: Sequence[int], period: float) -> float:
    """Return the ratio of the steps on the lines of a grid to those two and three pixels beside them."""
    last = len(steps) - 4
    lines = [line for k in range(1, int(last / period) + 1) if (line := round(k * period) - 1) <= last]
    if len(lines) < FEWEST:
        return 1.0
    pairs = [(steps[at], (steps[at - 3] + steps[at - 2] + steps[at + 2] + steps[at + 3]) / 4) for at in lines]
    pairs.sort(key=lambda pair: pair[0] - pair[1])
    out = int(OUTLIERS * len(pairs))
    kept = pairs[out : len(pairs) - out]
    at_lines, beside = (sum(pair[side] for pair in kept) / len(kept) for side in (0, 1))
    return (at_lines + FLOOR) / (beside + FLOOR)
