"""The chart of an inspection: measurements over time, the faults, and the reasons for the score.

A self-contained SVG without scripts, external fonts or images, for light and dark screens.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from shared.operations.findings import Segment
from shared.operations.inspection.examination import Examination
from shared.operations.inspection.inspection_result import Findings
from shared.operations.inspection.score import GOOD_VMAF
from shared.operations.inspection.stretches import BLOCKS, EDGE

WIDTH = 1000
LEFT, RIGHT = 156, 28  # margins of the plots
PLOT = WIDTH - LEFT - RIGHT
HEAD, LANE, GAP, ROW, LINE = 104, 78, 26, 20, 20  # heights
MOST_POINTS = 600  # of a curve; there are fewer pixels
MOST_REASONS = 8
MOST_BARS = 400  # of one kind
LONGEST_NAME = 64  # characters
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)  # seconds between ticks
MOST_TICKS = 12
GOOD_SCORE, FAIR_SCORE = 85, 60
MINUTE, HOUR = 60, 3600
MINUS = "\N{MINUS SIGN}"
VIDEO = frozenset({"BLACK", "FROZEN", "LETTERBOXED", "BLURRED", "BLOCKY", "DAMAGED", "TRUNCATED", "VIDEO_MISSING"})
COLORS: Mapping[str, str] = {
    "DAMAGED": "#d6293e",
    "TRUNCATED": "#a3152b",
    "BLACK": "#5b6472",
    "FROZEN": "#2f80ed",
    "LETTERBOXED": "#8a6d3b",
    "BLURRED": "#8e5bd0",
    "BLOCKY": "#d9569b",
    "SILENT": "#0f9d94",
    "CLIPPED": "#e07a1f",
    "AUDIO_MISSING": "#b58900",
    "VIDEO_MISSING": "#7a8b00",
}
STYLE = """
svg{--back:#fff;--ink:#1c2430;--soft:#5d6878;--grid:#e3e8ef;--lane:#f7f9fc;--line:#2563c9;--good:#1a8a4a;--fair:#b7791f;
--bad:#c62f3f;background:var(--back);font-family:system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif}
@media(prefers-color-scheme:dark){svg{--back:#12161d;--ink:#e6ebf2;--soft:#98a4b5;--grid:#2a323e;--lane:#181e27;
--line:#6ea8ff;--good:#4cc985;--fair:#e2ae55;--bad:#ff7482}}
text{fill:var(--ink);font-size:12px}.soft{fill:var(--soft)}.small{font-size:11px}.name{font-size:13px;font-weight:600}
.title{font-size:18px;font-weight:650}.score{font-size:34px;font-weight:700}.num{font-variant-numeric:tabular-nums}
.back{fill:var(--back)}.lane{fill:var(--lane)}.grid{stroke:var(--grid);stroke-width:1}
.curve{fill:none;stroke:var(--line);stroke-width:1.6;stroke-linejoin:round}.under{fill:var(--line);opacity:.12}
.limit{stroke:var(--soft);stroke-width:1;stroke-dasharray:4 4}.good{fill:var(--good)}.fair{fill:var(--fair)}
.bad{fill:var(--bad)}.over{paint-order:stroke;stroke:var(--lane);stroke-width:3px;stroke-linejoin:round}
"""


@dataclass(frozen=True)
class ChartLane:
    """One curve: its name and unit, the scale's ends and ticks, its points, and a limit with its meaning."""

    name: str
    unit: str
    low: float
    high: float
    ticks: tuple[float, ...]
    points: Sequence[tuple[float, float]]
    of_video: bool
    pick: Callable[[Iterable[float]], float] = max
    limit: float | None = None
    beyond: str = ""


def draw_chart(name: str, findings: Findings, seen: Examination) -> str:
    """Return the chart as the text of an SVG file."""
    lanes = [lane for lane in _lanes(findings, seen) if lane.points]
    labels = [label for label in COLORS if any(segment.label == label for segment in findings.segments)]
    reasons = findings.reasons[:MOST_REASONS]
    rows = max(len(labels), 1)
    bars = HEAD + len(lanes) * (LANE + GAP)
    axis = bars + rows * ROW + 8
    height = axis + 58 + max(len(reasons), 1) * LINE
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    said = f'role="img" aria-label="Inspection: {findings.score} of 100"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {said}>',
        f'<style>{STYLE}</style><rect class="back" width="{WIDTH}" height="{height}"/>',
        *_head(name, findings),
        *_clock(findings.duration, HEAD - 6, axis),
    ]
    for number, lane in enumerate(lanes):
        parts += _lane(lane, HEAD + number * (LANE + GAP), findings)
    parts += _bars(labels, findings, bars)
    parts += _reasons(findings, axis + 46)
    return "\n".join([*parts, "</svg>", ""])


def _lanes(findings: Findings, seen: Examination) -> Iterator[ChartLane]:
    likeness = [(point.time, point.vmaf) for point in findings.series]
    lights = [(detail.time, detail.brightness) for detail in seen.details]
    blurs = [(detail.time, detail.blur) for detail in seen.details if detail.blur is not None]
    blocks = [(detail.time, detail.blocks) for detail in seen.details if detail.blocks is not None]
    audio_levels = [(audio.time, audio.loudness) for audio in seen.audio_levels]
    yield ChartLane(
        *("VMAF", "similarity to the source", 0, 100, (0, 50, 100), likeness),
        of_video=True,
        pick=min,
        limit=GOOD_VMAF,
        beyond="dashed: as good as the source",
    )
    yield ChartLane("Brightness", "mean luma", 0, 255, (0, 128, 255), lights, of_video=True)
    blurred, blocky = "blurred above, except in motion", "blocky above"
    yield ChartLane("Blur", "edges in pixels", 0, 20, (0, 10, 20), blurs, of_video=True, limit=EDGE, beyond=blurred)
    yield ChartLane("Blocks", "1 is none", 0.8, 2.8, (1, 2), blocks, of_video=True, limit=BLOCKS, beyond=blocky)
    yield ChartLane("Loudness", "LUFS", -60, 0, (-60, -30, 0), audio_levels, of_video=False)


def _head(name: str, findings: Findings) -> Iterator[str]:
    shown = "".join(letter for letter in name if letter.isprintable())
    if len(shown) > LONGEST_NAME:
        shown = f"{shown[: LONGEST_NAME - 1]}…"
    facts = [_time(findings.duration, tenths=True)]
    if findings.vmaf is not None:
        facts.append(f"VMAF {findings.vmaf:.1f} · PSNR {findings.psnr:.1f} dB · SSIM {findings.ssim:.3f}")
    if findings.integrated_loudness is not None:
        facts.append(f"{findings.integrated_loudness:.1f} LUFS")
    if findings.true_peak is not None:
        facts.append(f"true peak {findings.true_peak:.1f} dB")
    count = findings.segment_count
    facts.append(f"{count or 'no'} fault{'' if count == 1 else 's'}")
    mood = "good" if findings.score >= GOOD_SCORE else "fair" if findings.score >= FAIR_SCORE else "bad"
    yield f'<text class="title" x="28" y="42">{escape(shown)}</text>'
    yield f'<text class="soft num" x="28" y="66">{escape(" · ".join(facts))}</text>'
    yield f'<text class="score num {mood}" x="{WIDTH - RIGHT - 46}" y="56" text-anchor="end">{findings.score}</text>'
    yield f'<text class="soft" x="{WIDTH - RIGHT}" y="56" text-anchor="end">of 100</text>'


def _clock(duration: float, top: float, bottom: float) -> Iterator[str]:
    """Yield the time axis, with a line up through all lanes at each tick."""
    step = next((step for step in STEPS if duration / step <= MOST_TICKS), STEPS[-1])
    for number in range(int(duration / step + 1e-6) + 1):
        x = _x(number * step, duration)
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="{top}" y2="{bottom}"/>'
        text = _time(number * step, tenths=step < 1)
        yield f'<text class="soft small num" x="{x}" y="{bottom + 15}" text-anchor="middle">{text}</text>'


def _lane(lane: ChartLane, top: float, findings: Findings) -> Iterator[str]:
    def y(value: float) -> float:
        share = (min(max(value, lane.low), lane.high) - lane.low) / (lane.high - lane.low)
        return round(top + LANE * (1 - share), 1)

    yield f'<rect class="lane" x="{LEFT}" y="{top}" width="{PLOT}" height="{LANE}" rx="3"/>'
    yield f'<text class="name" x="28" y="{top + 18}">{lane.name}</text>'
    yield f'<text class="soft small" x="28" y="{top + 34}">{lane.unit}</text>'
    for segment in findings.segments[:MOST_BARS]:
        if (segment.label in VIDEO) == lane.of_video or segment.label in {"DAMAGED", "TRUNCATED"}:
            yield _bar(segment, findings.duration, top, LANE, opacity=0.16)
    for tick in lane.ticks:
        yield f'<line class="grid" x1="{LEFT}" x2="{LEFT + PLOT}" y1="{y(tick)}" y2="{y(tick)}"/>'
        yield f'<text class="soft small num" x="{LEFT - 8}" y="{y(tick) + 4}" text-anchor="end">{tick:g}</text>'
    if lane.limit is not None:
        yield f'<line class="limit" x1="{LEFT}" x2="{LEFT + PLOT}" y1="{y(lane.limit)}" y2="{y(lane.limit)}"/>'
    points = [(_x(time, findings.duration), y(value)) for time, value in _thinned(lane)]
    path = " ".join(f"{x},{height}" for x, height in points)
    floor = top + LANE
    yield f'<polygon class="under" points="{points[0][0]},{floor} {path} {points[-1][0]},{floor}"/>'
    yield f'<polyline class="curve" points="{path}"/>'
    if lane.limit is not None:
        # Above the line, or where the lane has room.
        said = y(lane.limit) - 5 if y(lane.limit) - top > LINE else top + LANE - 8
        yield f'<text class="soft small over" x="{WIDTH - RIGHT - 6}" y="{said}" text-anchor="end">{lane.beyond}</text>'


def _thinned(lane: ChartLane) -> Iterator[tuple[float, float]]:
    """Yield at most as many points as there are pixels: of several at one pixel, the most significant one."""
    size = -(-len(lane.points) // MOST_POINTS)
    for at in range(0, len(lane.points), size):
        some = lane.points[at : at + size]
        yield some[0][0], lane.pick(value for _, value in some)


def _bars(labels: Sequence[str], findings: Findings, top: float) -> Iterator[str]:
    """Yield a row for each kind of fault, which is also the key to the colors."""
    if not labels:
        yield f'<text class="name" x="28" y="{top + 14}">Faults</text>'
        yield f'<text class="soft" x="{LEFT}" y="{top + 14}">none found</text>'
    for number, label in enumerate(labels):
        y = top + number * ROW
        yield f'<rect x="28" y="{y + 4}" width="10" height="10" rx="2" fill="{COLORS[label]}"/>'
        yield f'<text class="small" x="44" y="{y + 13}">{label.replace("_", " ").capitalize()}</text>'
        yield f'<rect class="lane" x="{LEFT}" y="{y + 2}" width="{PLOT}" height="{ROW - 6}" rx="3"/>'
        of_label = [segment for segment in findings.segments if segment.label == label]
        for segment in of_label[:MOST_BARS]:
            yield _bar(segment, findings.duration, y + 2, ROW - 6, opacity=1)


def _bar(segment: Segment, duration: float, top: float, height: float, *, opacity: float) -> str:
    x = _x(segment.start, duration)
    width = max(round(_x(segment.end, duration) - x, 1), 2)
    said = f"{segment.label} {_time(segment.start, tenths=True)} to {_time(segment.end, tenths=True)}"
    return (
        f'<rect x="{x}" y="{top}" width="{width}" height="{height}" fill="{COLORS[segment.label]}" '
        f'opacity="{opacity}"><title>{said}</title></rect>'
    )


def _reasons(findings: Findings, top: float) -> Iterator[str]:
    if not findings.reasons:
        yield f'<text class="good" x="28" y="{top}">No points deducted.</text>'
    for number, reason in enumerate(findings.reasons[:MOST_REASONS]):
        y = top + number * LINE
        label = reason.label.replace("_", " ").capitalize()
        yield f'<text class="bad num" x="70" y="{y}" text-anchor="end">{MINUS}{reason.points:.1f}</text>'
        yield f'<text x="84" y="{y}">{label}<tspan class="soft" dx="10">{escape(reason.text)}</tspan></text>'


def _x(time: float, duration: float) -> float:
    return round(LEFT + PLOT * min(max(time / duration if duration else 0, 0), 1), 1)


def _time(seconds: float, *, tenths: bool) -> str:
    """Return a time as people write it: 0:07, 1:02:30; with tenths 0:07.4."""
    minutes, rest = divmod(round(seconds, 1), MINUTE)
    hours, minutes = divmod(int(minutes), HOUR // MINUTE)
    clock = f"{rest:04.1f}" if tenths else f"{int(rest):02}"
    return f"{hours}:{minutes:02}:{clock}" if hours else f"{minutes}:{clock}"
