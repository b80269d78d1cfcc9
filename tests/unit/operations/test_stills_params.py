"""Valid and invalid parameters of sampled images, sprites and animations."""

import pytest
from pydantic import ValidationError

from shared.errors import ParametersRejected
from shared.operations.stills.animate import AnimateParams, animation_spans
from shared.operations.stills.sample_screenshots import SampleScreenshotsParams, plan_distance
from shared.operations.stills.snapshot import Moments
from shared.operations.stills.sprite import SpriteParams


@pytest.mark.parametrize("every", [10, 0.1, "00:01:00", "10%", "0.1%", "100%"])
def test_images_lie_seconds_a_clock_or_a_share_apart(every: float | str) -> None:
    assert SampleScreenshotsParams.model_validate({"every": every}).every == every


@pytest.mark.parametrize(
    "params",
    [
        {"every": 0},
        {"every": 0.05},
        {"every": "0%"},
        {"every": "00:00:00"},
        {"every": "101%"},
        {"every": -1},
        {"every": "often"},
        {"every": float("nan")},
        {"max": 0},
        {"max": 301},
        {"format": "png", "quality": 80},
        {"at": ["10%"]},
    ],
)
def test_what_makes_no_samples_is_refused(params: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SampleScreenshotsParams.model_validate(params)


@pytest.mark.parametrize(
    ("step", "most", "duration", "moments"),
    [
        (10, 100, 35.0, Moments(10, 4, 100)),
        (10, 100, 30.0, Moments(10, 3, 100)),  # at 30 s nothing is shown any more
        (0.1, 100, 0.3, Moments(0.1, 3, 100)),  # though 0.3 / 0.1 is more than 3, to a computer
        (60, 100, 2.0, Moments(60, 1, 100)),
        (1, 100, 7200.0, Moments(72.0, 100, 100)),
        (1, 100, None, Moments(1, None, 100)),
    ],
)
def test_moments_run_from_the_first_up_to_the_end(
    step: float, most: int, duration: float | None, moments: Moments
) -> None:
    found, warnings = plan_distance(step, most, duration)

    assert found == moments
    assert bool(warnings) == (moments.step != step)


@pytest.mark.parametrize(
    "params",
    [
        {"every": 0},
        {"columns": 0},
        {"rows": 51},
        {"width": 8},
        {"columns": 50, "width": 640},
        {"rows": 50, "width": 640},
        {"format": "gif"},
        {"format": "png", "quality": 80},
    ],
)
def test_what_makes_no_sheet_is_refused(params: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SpriteParams.model_validate(params)


@pytest.mark.parametrize(
    "params",
    [
        {"duration": 0},
        {"duration": 61},
        {"spread": 1},
        {"spread": 3, "start": 0},
        {"frameRate": 60},
        {"loop": -1},
        {"quality": 80},
        {"format": "png"},
        {"start": "101%"},
    ],
)
def test_what_makes_no_animation_is_refused(params: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AnimateParams.model_validate(params)


@pytest.mark.parametrize(
    ("params", "duration", "pieces"),
    [
        ({}, 60.0, [(0, 5)]),
        ({}, 2.0, [(0, 2)]),
        ({}, None, [(0, 5)]),
        ({"start": "50%", "duration": 3}, 60.0, [(30, 3)]),
        ({"start": 59, "duration": 3}, 60.0, [(59, 1)]),
        ({"spread": 3, "duration": 6}, 60.0, [(9, 2), (29, 2), (49, 2)]),
        ({"spread": 3, "duration": 6}, 6.0, [(0, 6)]),
    ],
)
def test_pieces_lie_where_they_were_asked_for(
    params: dict[str, object], duration: float | None, pieces: list[tuple[float, float]]
) -> None:
    assert animation_spans(AnimateParams.model_validate(params), duration) == [pytest.approx(piece) for piece in pieces]


def test_pieces_cannot_be_spread_over_an_unknown_length() -> None:
    with pytest.raises(ParametersRejected) as caught:
        animation_spans(AnimateParams(spread=2), None)

    assert caught.value.code == "ParameterError.UnknownDuration"
