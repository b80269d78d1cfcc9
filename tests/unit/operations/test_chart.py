"""The drawing of an inspection, from made findings."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest

from shared.operations.findings import Segment
from shared.operations.inspection.chart import COLORS, draw_chart
from shared.operations.inspection.examination import AudioLevel, Detail, Examination
from shared.operations.inspection.inspection_result import Findings, Point
from shared.operations.inspection.score import RATES, Reason

SVG = "{http://www.w3.org/2000/svg}"


def findings(duration: float = 10, **more: object) -> Findings:
    usual: dict[str, object] = {
        "score": 100,
        "reasons": (),
        "segments": (),
        "segment_count": 0,
        "duration": duration,
        "has_video": True,
        "has_audio": True,
        "readable": True,
        "damaged": False,
        "truncated": False,
    }
    return Findings.model_validate(usual | more)


def seen(duration: float = 10) -> Examination:
    return Examination(
        details=tuple(Detail(n * duration / 100, 100.0, None, 5.0, 1.0) for n in range(100)),
        audio_levels=tuple(AudioLevel(n * duration / 100, -20.0, 0, -23.0) for n in range(100)),
    )


def elements(drawing: str, tag: str) -> Iterator[ET.Element]:
    return ET.fromstring(drawing).iter(f"{SVG}{tag}")  # noqa: S314 - it is ours


def test_each_curve_lies_inside_of_the_drawing() -> None:
    series = tuple(Point(time=float(n), vmaf=250.0 * (n % 2) - 100, psnr=40, ssim=1) for n in range(11))
    drawing = draw_chart("clip.mp4", findings(series=series), seen())

    width, height = (float(next(elements(drawing, "svg")).attrib[side]) for side in ("width", "height"))
    curves = [element.attrib["points"].split() for element in elements(drawing, "polyline")]
    assert len(curves) == 5
    for x, y in (map(float, point.split(",")) for curve in curves for point in curve):
        assert 0 <= x <= width
        assert 0 <= y <= height


def test_a_stretch_is_drawn_from_its_start_to_its_end() -> None:
    segment = Segment(start=2.5, end=5, label="BLACK", confidence=1)
    drawing = draw_chart("clip.mp4", findings(segments=(segment,), segment_count=1), seen())

    (bar,) = (rect for rect in elements(drawing, "rect") if rect.attrib.get("opacity") == "1")
    whole = next(
        float(rect.attrib["width"]) for rect in elements(drawing, "rect") if rect.attrib.get("class") == "lane"
    )
    left = next(float(rect.attrib["x"]) for rect in elements(drawing, "rect") if rect.attrib.get("class") == "lane")
    assert float(bar.attrib["width"]) == pytest.approx(whole / 4, abs=0.2)
    assert float(bar.attrib["x"]) == pytest.approx(left + whole / 4, abs=0.2)


def test_a_hostile_name_stays_text_and_a_long_one_is_cut() -> None:
    drawing = draw_chart("<script>&\x00\x1b" + "x" * 200, findings(), seen())

    title = next(text for text in elements(drawing, "text") if text.attrib.get("class") == "title").text or ""
    assert title.startswith("<script>&x")
    assert len(title) == 64
    assert not list(elements(drawing, "script"))


@pytest.mark.parametrize("duration", [0, 0.04, 3, 61, 5400, 40_000])
def test_the_clock_has_a_few_ticks_for_any_length(duration: float) -> None:
    drawing = draw_chart("clip.mp4", findings(duration), seen(duration))

    ticks = [line for line in elements(drawing, "line") if line.attrib["x1"] == line.attrib["x2"]]
    assert 1 <= len(ticks) <= 13


def test_an_hour_is_written_as_one() -> None:
    assert ">1:30:00<" in draw_chart("clip.mp4", findings(5400), seen(5400))


def test_a_file_that_can_not_be_read_is_drawn_as_well() -> None:
    reason = Reason(points=100, label="UNREADABLE", text="nothing in it can be played")
    drawing = draw_chart("clip.mp4", findings(0, score=0, reasons=(reason,), readable=False), Examination())

    assert "nothing in it can be played" in drawing
    assert not list(elements(drawing, "polyline"))


def test_a_long_film_makes_no_long_drawing() -> None:
    long = Examination(
        details=tuple(Detail(n / 6, 100.0, None, 5.0, 1.0) for n in range(40_000)),
        audio_levels=tuple(AudioLevel(n / 10, -20.0, 0, -23.0) for n in range(66_000)),
    )
    segments = tuple(Segment(start=n, end=n + 0.5, label="BLACK", confidence=1) for n in range(5000))
    drawing = draw_chart("film.mp4", findings(6600, segments=segments, segment_count=5000), long)

    assert len(drawing) < 500_000


def test_every_stretch_that_takes_points_has_a_color() -> None:
    assert COLORS.keys() == RATES.keys()
