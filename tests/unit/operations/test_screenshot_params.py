"""Times of screenshots, as people write them."""

import pytest
from pydantic import ValidationError

from shared.errors import ParametersRejected
from shared.operations.moment import resolve_moment
from shared.operations.stills.screenshot import ScreenshotParams


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (0, 0),
        (12.5, 12.5),
        ("0012.5", 12.5),
        ("90", 90),
        ("01:30", 90),
        ("1:00:00.25", 3600.25),
        ("00:00:05", 5),
        ("0%", 0),
        ("10%", 720),
        ("33.3%", 2397.6),
        ("100%", 7200),
    ],
)
def test_a_time_is_seconds_a_clock_or_a_share(at: float | str, expected: float) -> None:
    (moment,) = ScreenshotParams.model_validate({"at": [at]}).at

    assert resolve_moment(moment, 7200.0) == pytest.approx(expected)


@pytest.mark.parametrize(
    "at",
    [
        -0.5,
        "-1",
        "101%",
        "-5%",
        "1:60:00",
        "1:2:3:4",
        "half",
        "",
        "00:00:05;",
        "NaN",
        float("nan"),
        float("inf"),
    ],
)
def test_an_invalid_time_is_refused_when_it_is_stored(at: float | str) -> None:
    with pytest.raises(ValidationError):
        ScreenshotParams.model_validate({"at": [at]})


@pytest.mark.parametrize("params", [{"at": []}, {"at": ["1%"] * 101}, {"format": "gif"}, {"quality": 0}])
def test_what_makes_no_sense_is_refused(params: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ScreenshotParams.model_validate(params)


def test_png_takes_no_quality() -> None:
    with pytest.raises(ValidationError, match="lossless"):
        ScreenshotParams(format="png", quality=80)


@pytest.mark.parametrize(("at", "code"), [("00:01:00.001", "PastTheEnd"), (61, "PastTheEnd")])
def test_a_time_past_the_end_names_itself_and_the_length(at: float | str, code: str) -> None:
    with pytest.raises(
        ParametersRejected, match=rf"{at} is after the end of the video, which lasts 60\.000 s"
    ) as caught:
        resolve_moment(at, 60.0)

    assert caught.value.code == f"ParameterError.{code}"


def test_a_share_of_an_unknown_length_is_refused_but_seconds_are_not() -> None:
    with pytest.raises(ParametersRejected, match="50% can't be resolved"):
        resolve_moment("50%", None)

    assert resolve_moment(12.5, None) == 12.5
