"""The loudness of audio, measured as in EBU R128 (ITU-R BS.1770)."""

import math
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from shared.operations import measure
from shared.operations.findings import ResultPart
from shared.operations.measure import FrameMeasurement
from shared.operations.operation import OperationContext

# LUFS: R128's absolute gate. Audio that stays below it, or is shorter than the 0.4 s window, has no loudness.
GATE = -70.0
INTEGRATED = "lavfi.r128.I"


class Loudness(ResultPart):
    """The loudness of audio; `integrated` and `true_peak` are None if it is silent throughout or very short.

    `integrated` is in LUFS, `true_peak` in dBTP, `range` in LU.
    """

    integrated: float | None
    true_peak: float | None
    range: float


def measure_loudness(
    context: OperationContext,
    path: Path,
    track: int = 0,
    *,
    chain: Sequence[str] = (),
    share: tuple[int, int] = (0, 100),
) -> Loudness:
    """Measure the loudness of a file's audio track, counted from 0, after the filters of `chain`.

    `share` is the part of the attempt's percents that this fills.
    """
    log = context.folder / "loudness.txt"
    filters = [
        measure.clearing_filter(audio=True),
        *chain,
        # ebur128 reports each whole tenth of a second: the padding brings the last peak into a report.
        "apad=pad_dur=0.1",
        "ebur128=peak=true:framelog=quiet:metadata=1",
        measure.writing_filters(log.name, audio=True),
    ]
    try:
        context.ffmpeg.run(
            [
                *context.ffmpeg.input_arguments(path),
                *("-map", f"0:a:{track}", "-af", ",".join(filters), "-f", "null", "-"),
            ],
            duration=context.media.duration,
            phase="measuring loudness",
            share=context.percents(*share),
        )
        return _read(log)
    finally:
        log.unlink(missing_ok=True)


def _read(log: Path) -> Loudness:
    """Return the last report; each report covers everything before it."""
    reports = deque((report for report in measure.read_measurements(log) if INTEGRATED in report.values), maxlen=1)
    return parse_report(reports[0]) if reports else Loudness(integrated=None, true_peak=None, range=0)


def parse_report(report: FrameMeasurement) -> Loudness:
    """Return the loudness in one of ebur128's reports, which covers everything before it."""
    integrated, peak, spread = map(report.number, (INTEGRATED, "lavfi.r128.true_peak", "lavfi.r128.LRA"))
    return Loudness(
        integrated=round(integrated, 2) if integrated is not None and integrated > GATE else None,
        true_peak=round(20 * math.log10(peak), 2) if peak else None,
        range=round(spread or 0, 2),
    )
