"""How blocky each frame of a video is."""

from pathlib import Path

import pytest

from shared.errors import LimitExceeded
from shared.media.ffmpeg import Ffmpeg, Limits
from shared.operations.inspection.blockiness import COLUMNS, ROWS, read_blockiness


def write_steps(folder: Path, frames: int) -> None:
    """Write the mean steps of frames of 160 by 160 pixels with a grid of 8 pixels."""
    line = bytes(200 if place % 8 == 7 else 20 for place in range(160))
    for name in (COLUMNS, ROWS):
        (folder / name).write_bytes(line * frames)


def test_each_frame_with_a_grid_is_blocky(tmp_path: Path) -> None:
    write_steps(tmp_path, 3)

    found = read_blockiness(tmp_path, 3, lambda frames: frames)

    assert len(found) == 3
    assert all(value > 2 for value in found)


def test_reading_millions_of_frames_ends_before_the_worker_has_no_memory(tmp_path: Path) -> None:
    write_steps(tmp_path, 10)
    ffmpeg = Ffmpeg(Limits(wall_seconds=60, output_bytes=1, memory_bytes=1024**2), tmp_path, lambda _: None)

    with pytest.raises(LimitExceeded) as full:
        read_blockiness(tmp_path, 10, ffmpeg.watched)

    assert full.value.code == "LimitError.Memory"
