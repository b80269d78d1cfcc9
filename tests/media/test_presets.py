"""What the orchestrations that ship make of real footage."""

import pytest

from shared.media.probe import probe
from shared.operations.operation import OperationResult
from shared.stores.presets import preset_orchestrations, preset_templates
from shared.use_cases.planning import overlay_params
from tests.media.hearing import heard, loudness
from tests.support.clips import Clips, decoded
from tests.support.local_files import Operate


def made_by(orchestration: str, subtask: str, clip: Clips, operate: Operate, name: str) -> OperationResult:
    """Run one subtask of an orchestration on a clip."""
    (rule,) = (rule for rule in preset_orchestrations()[orchestration].subtasks if rule.name == subtask)
    template = preset_templates()[rule.template or ""]
    return operate(rule.type, clip(name), **overlay_params(template.params, rule.params))


@pytest.mark.parametrize("name", ["camera.mov", "hdr.mp4"])
def test_a_copy_to_keep_keeps_the_bits_the_colors_and_hdr(clip: Clips, operate: Operate, name: str) -> None:
    source = probe(clip(name), name).video
    made = made_by("archive-mezzanine", "mezzanine", clip, operate, name)

    kept = probe(made.files[0].path, "the copy").video
    assert source
    assert kept
    assert kept.hdr is source.hdr
    assert decoded(made.files[0].path).frames[0].format.name == "yuv422p10le"
    assert not [warning for warning in made.warnings if "audio" not in warning]


def test_a_podcast_is_as_loud_as_players_expect(clip: Clips, operate: Operate) -> None:
    made = made_by("podcast", "mp3", clip, operate, "shouting.wav")

    channels = heard(made.files[0].path)
    assert made.files[0].content_type == "audio/mpeg"
    assert loudness(channels) == pytest.approx(-16, abs=1)
    assert max(abs(sample) for channel in channels for sample in channel) <= 10 ** (-1 / 20)
    assert made.warnings == ()
