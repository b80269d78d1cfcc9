"""What a file's own tags can't change: what is measured of it."""

import ctypes
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import pytest

from shared.media import mediainfo
from shared.media.mediainfo import MediaInfoTrack
from shared.media.mediainfo_process import FACTS, FIELDS, NAMES, Misspelling
from shared.media.probe import probe
from tests.support.clips import Clips
from tests.support.hostile.files import bases, box
from tests.support.hostile.tags import TAGGED, VALUES, WIDE, copied, tagged


@pytest.fixture(scope="module")
def films(clip: Clips, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """A very short film in each container."""
    return bases(clip, tmp_path_factory.mktemp("bases"))


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize(
    ("ending", "options"), [*TAGGED.items(), *((ending, (*TAGGED[ending], *wide)) for ending, wide in WIDE.items())]
)
def test_tags_named_like_facts_change_no_fact(
    films: Mapping[str, bytes], tmp_path: Path, ending: str, options: tuple[str, ...], value: str
) -> None:
    control, hostile = tagged(films[ending], ending, value, options)
    (tmp_path / "control").write_bytes(control)
    (tmp_path / "hostile").write_bytes(hostile)

    assert probe(tmp_path / "hostile", "film") == probe(tmp_path / "control", "film")
    assert hostile != control


@pytest.mark.parametrize("value", VALUES)
def test_tags_of_itunes_named_like_facts_change_no_fact(films: Mapping[str, bytes], tmp_path: Path, value: str) -> None:
    found = []
    for names in (("Format", "Duration", "StreamOrder"), ("Xormat", "Xuration", "XtreamOrder")):
        words = [
            box(
                b"----",
                box(b"mean", bytes(4), b"com.apple.iTunes"),
                box(b"name", bytes(4), name.encode()),
                box(b"data", b"\0\0\0\1", bytes(4), value.encode()),
            )
            for name in names
        ]
        handler = box(b"hdlr", bytes(8), b"mdirappl", bytes(9))
        tags = box(b"moov", box(b"udta", box(b"meta", bytes(4), handler, box(b"ilst", *words))))
        path = tmp_path / "film.mp4"
        path.write_bytes(films["mp4"] + tags)
        found.append(probe(path, "film.mp4"))

    assert found[0] == found[1]


@pytest.mark.parametrize("ending", ["mp4", "mkv", "flv", "wmv", "ogg", "mp3", "flac", "wav", "avi"])
def test_titles_made_of_names_of_facts_stay_as_they_are(
    films: Mapping[str, bytes], tmp_path: Path, ending: str
) -> None:
    title = "The Format of Duration, Width and Channel(s) | DefaultFormatForced"
    path = tmp_path / f"film.{ending}"
    path.write_bytes(copied(films[ending], ending, "-metadata", f"title={title}"))

    assert probe(path, path.name).tags["title"] == title


def test_a_name_is_misspelled_wherever_it_lies() -> None:
    done = Misspelling(["Width", "thWide", "Format"]).done

    assert done(b"aWidthb\0F\0o\0r\0m\0a\0t\0Width") == b"aW\x7fdthb\0F\0\x7f\0r\0m\0a\0t\0W\x7fdth"
    assert done(b"WidthWide") == b"W\x7fdt\x7fWide"  # one begins within the other
    assert done(b"width Wi dth FORMAT") == b"width Wi dth FORMAT"


def test_each_field_that_mediainfo_measures_has_a_name_that_is_misspelled() -> None:
    library = ctypes.CDLL(mediainfo._library())  # noqa: SLF001
    library.MediaInfo_Option.argtypes = [ctypes.c_void_p, ctypes.c_wchar_p, ctypes.c_wchar_p]
    library.MediaInfo_Option.restype = ctypes.c_wchar_p
    kinds = library.MediaInfo_Option(None, "Info_Parameters_CSV", "").replace("\r", "\n").split("\n\n")

    measured = set(FACTS)
    for kind in kinds:
        names = [line.partition(";")[0] for line in kind.split("\n")[1:]]
        measured.update(names[: names.index("Title")] if "Title" in names else names)  # tags stand behind

    assert len(measured) > 500
    unnamed = {name for name in measured if not any(part in name for part in NAMES)}
    assert unnamed == {"ID", "Type", "List"}
    assert min(map(len, NAMES)) > 4


def test_what_is_asked_of_mediainfo_is_what_a_track_has() -> None:
    assert {field.name for field in fields(MediaInfoTrack)} == {"kind", *FIELDS}
