"""Speech for tests: sentences from recorded readings."""

from pathlib import Path

import pytest

from tests.support.clips import Clips

# Five sentences of Sense and Sensibility, read for LibriVox, with what is read.
SPEECH = Path("/usr/share/pocketsphinx/test/data/librivox")


@pytest.fixture(scope="module")
def novel(clip: Clips) -> Path:
    """Lend the sentences as one video, in which they begin in second 2."""
    if not SPEECH.is_dir():
        pytest.skip("the speech sample is missing: apt-get install pocketsphinx-testdata")
    for number, part in enumerate(sorted(SPEECH.glob("*.wav")), 1):
        link = clip.folder / f"speech-{number}.wav"
        if not link.exists():
            link.symlink_to(part)
    return clip("novel.mp4")
