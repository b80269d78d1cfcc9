"""Valid films with tags that have the names of measured facts."""

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.media.ffmpeg import binary
from shared.media.mediainfo_process import FACTS
from tests.support.hostile.files import Hostile, Kit, summed

# How the footage of a container gets tags of any name: its own bytes, its tags as ffmpeg writes them.
TAGGED: Mapping[str, tuple[str, ...]] = {
    "mp4": ("-movflags", "use_metadata_tags"),
    "mov": ("-movflags", "use_metadata_tags"),
    "mkv": (),
    "webm": (),
    "flv": (),
    "wmv": (),
    "ogg": (),
    "mp3": (),
    "flac": (),
    "caf": (),
    "aiff": ("-write_id3v2", "1"),
    "aac": ("-write_id3v2", "1"),
}
# ID3 with one byte per character, and with two.
WIDE = {"mp3": ("-id3v2_version", "3"), "aiff": ("-id3v2_version", "3"), "aac": ("-id3v2_version", "3")}
VALUES = ("123", "0", "1/0", "Yes", "9" * 400)


def tagged(film: bytes, ending: str, value: str, options: tuple[str, ...]) -> tuple[bytes, bytes]:
    """Return a film with a tag of that value for each fact, on the file and on each stream.

    In the first the tags have names that say nothing, of the same length; in the second the facts' own.
    """
    names = {name: f"Q{no:02}{'_' * (len(name) - 3)}" for no, name in enumerate(sorted(FACTS))}
    pairs = [f"{harmless}={value}" for harmless in names.values()]
    tags = [part for pair in pairs for part in ("-metadata", pair, "-metadata:s", pair)]
    control = hostile = copied(film, ending, *options, *tags)
    for name, harmless in names.items():
        for coding in ("utf-8", "utf-16-le", "utf-16-be"):
            hostile = hostile.replace(harmless.encode(coding), name.encode(coding))
    return control, summed(hostile)


def copied(film: bytes, ending: str, *options: str) -> bytes:
    """Return what ffmpeg makes of a film when it copies all streams."""
    with TemporaryDirectory() as folder:
        source, out = Path(folder, f"source.{ending}"), Path(folder, f"out.{ending}")
        source.write_bytes(film)
        reading = ["-nostdin", "-loglevel", "error", "-i", str(source)]
        subprocess.run([binary(), *reading, "-c", "copy", *options, out], check=True)
        return out.read_bytes()


def facts(kit: Kit) -> Iterator[Hostile]:
    """A film in each container, and two values that a library might take for numbers."""
    for ending, options in TAGGED.items():
        for value in ("123", "9" * 400):
            _, film = tagged(kit.bases[ending], ending, value, options)
            yield Hostile("tags named like facts", f"{value[:3]}.{ending}", film)
