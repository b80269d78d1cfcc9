"""Valid and invalid parameters of SEPARATE_AUDIO."""

from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from shared.operations.separation.separate_audio import SeparateAudioParams


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"method": "magic"}, "auto"),
        ({"format": "mp4"}, "m4a"),
        ({"format": "mp3", "bitrate": 640}, "mp3 has at most 320"),
        ({"format": "wav", "bitrate": 128}, "bitrate"),
    ],
)
def test_what_does_not_go_together_is_refused(params: Mapping[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SeparateAudioParams.model_validate(params)
