"""Texts drawn as images: any script, in its direction and with its joins, in fonts from packages."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from shared.errors import ParametersRejected
from shared.operations.language import Language
from shared.operations.operation import Params

if TYPE_CHECKING:
    import uharfbuzz as hb  # type: ignore[import-untyped] # the package has no types

# The fonts, in the order in which they are tried for a character.
NOTO = "manimgx_fonts"
NOTO_SCRIPTS = (
    *("", "Arabic", "Hebrew", "Armenian", "Georgian", "Ethiopic", "Devanagari", "Bengali", "Gurmukhi", "Gujarati"),
    *("Oriya", "Tamil", "Telugu", "Kannada", "Malayalam", "Sinhala", "Thai", "Lao", "Khmer", "Myanmar"),
)
CJK, CJK_FILE = "paperang_p2_fonts_cjk", "fonts/wqy-microhei.ttc"  # Chinese, Japanese and Korean
MOST_LETTERS, MOST_LINES = 200, 5
EM = 16384  # The units per em in which sizes are calculated, the same for every font.
MOST_PIXELS_PER_EM, MOST_PIXELS_ACROSS = 200, 4096
MARGIN = 0.1  # of an em: room for the shadow and for shapes that exceed a character's space
SHADOW_OFFSET = 0.035  # of an em
SHADOW_OPACITY = 0.6
# Direction controls (embeddings, overrides, isolates) are omitted: the characters themselves have a direction.
CONTROLS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
UNDRAWN = frozenset({"Cf", "Mn", "Me"})  # categories of characters that may have no shape


def _text(value: str) -> str:
    """Raise ValueError for a text that no font can draw."""
    lines = value.split("\n")
    if len(lines) > MOST_LINES:
        message = f"a text has at most {MOST_LINES} lines, not {len(lines)}"
        raise ValueError(message)
    for letter in "".join(lines):
        if unicodedata.category(letter) in {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}:
            message = f"U+{ord(letter):04X} is not a printable character: omit it"
            raise ValueError(message)
    if not value.strip():
        message = "the text is blank: give at least one visible character"
        raise ValueError(message)
    return value


class StyledText(Params):
    """A text and its style."""

    content: Annotated[str, AfterValidator(_text)] = Field(
        min_length=1, max_length=MOST_LETTERS, description="Any script; up to five lines."
    )
    color: str = Field("#ffffff", pattern=r"^#[0-9a-fA-F]{6}$", description='A web color such as "#ffcc00".')
    shadow: bool = Field(default=True, description="Whether a dark edge keeps it readable on bright video.")
    language: Language | None = Field(
        None, description='Such as "sr" or "ur": some characters have different shapes in some languages.'
    )


@dataclass(frozen=True)
class TextDrawing:
    """A drawn text: four bytes a pixel (BGRA, premultiplied), the bottom row first."""

    width: int
    height: int
    pixels: bytes


@dataclass(frozen=True)
class Font:
    """One font, with the extent of its characters above and below the line, in units."""

    face: "hb.Font"
    above: int
    below: int


@dataclass(frozen=True)
class Run:
    """Characters of one font, script and level; odd levels are read from right to left."""

    text: str
    font: Font
    script: str | None
    level: int


@dataclass(frozen=True)
class Glyph:
    """A shape and its position in its line, in units."""

    font: Font
    index: int
    x: int
    y: int


@dataclass(frozen=True)
class Line:
    """A line's shapes from left to right, and its width in units."""

    glyphs: tuple[Glyph, ...]
    width: int


def draw_text(asked: StyledText, align: float = 0.5) -> TextDrawing:
    """Draw the text; `align` is the position of shorter lines, from 0, left, to 1, right.

    Raise ParametersRejected for a character that no font has.
    """
    content = unicodedata.normalize("NFC", asked.content).translate(CONTROLS)
    lines = [_line(text, asked.language) for text in content.split("\n")]
    used = {glyph.font for line in lines for glyph in line.glyphs} or {_fonts()[0]}
    above, below = max(font.above for font in used), max(font.below for font in used)
    width = max(line.width for line in lines)
    scale = min(MOST_PIXELS_PER_EM, MOST_PIXELS_ACROSS * EM / max(width, EM)) / EM
    margin = MARGIN * EM
    rows = [margin + below + (above + below) * number for number in reversed(range(len(lines)))]
    places = [
        (glyph, margin + (width - line.width) * align + glyph.x, row + glyph.y)
        for line, row in zip(lines, rows, strict=True)
        for glyph in line.glyphs
    ]
    size = (width + 2 * margin, (above + below) * len(lines) + 2 * margin)
    return _painted(asked, places, (round(size[0] * scale), round(size[1] * scale)), scale)


def _painted(
    asked: StyledText, places: Sequence[tuple[Glyph, float, float]], size: tuple[int, int], scale: float
) -> TextDrawing:
    import uharfbuzz as hb  # noqa: PLC0415 - 30 ms that only texts should pay

    red, green, blue = bytes.fromhex(asked.color[1:])
    layers = [(hb.Color(red, green, blue, 255), 0.0)]
    if asked.shadow:
        layers.insert(0, (hb.Color(0, 0, 0, round(255 * SHADOW_OPACITY)), SHADOW_OFFSET * EM))
    paint = hb.RasterPaint()
    paint.extents = hb.RasterExtents(0, 0, *size, 0)
    for color, offset in layers:
        paint.foreground = color
        for glyph, x, y in places:
            paint.transform = (scale, 0, 0, scale, (x + offset) * scale, (y - offset) * scale)
            paint.paint_glyph(glyph.font.face, glyph.index)
    image = paint.render()
    if image is None:
        message = "the text can't be drawn"
        raise ParametersRejected(message)
    return TextDrawing(size[0], size[1], bytes(image.buffer))


def _line(text: str, language: str | None) -> Line:
    """Lay out one line: split it into runs, put them into visual order, shape each run."""
    glyphs: list[Glyph] = []
    x = 0
    for run in _seen(_runs(text)):
        for glyph, advance in _shaped(run, language):
            glyphs.append(Glyph(run.font, glyph.index, x + glyph.x, glyph.y))
            x += advance
    return Line(tuple(glyphs), x)


def _shaped(run: Run, language: str | None) -> Iterable[tuple[Glyph, int]]:
    """Yield the shapes of a run from left to right, each with its distance to the next."""
    import uharfbuzz as hb  # noqa: PLC0415

    buffer = hb.Buffer()
    buffer.add_str(run.text)
    buffer.direction = "rtl" if run.level % 2 else "ltr"
    if run.script:
        buffer.script = run.script
    if language:
        buffer.language = language
    buffer.guess_segment_properties()
    hb.shape(run.font.face, buffer)
    for info, position in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        yield Glyph(run.font, info.codepoint, position.x_offset, position.y_offset), position.x_advance


def _runs(text: str) -> list[Run]:
    """Return the runs of a line in reading order."""
    font, script = None, None
    marked = []
    for letter, level in zip(text, _levels(text), strict=True):
        font = _font(letter, font)
        script = _script(letter) or script
        marked.append((letter, font, script, level))
    return [
        Run("".join(letter for letter, *_ in group), *key) for key, group in groupby(marked, key=lambda mark: mark[1:])
    ]


def _seen(runs: Sequence[Run]) -> list[Run]:
    """Return the runs from left to right: rule L2 of the Unicode bidirectional algorithm, by runs."""
    order = list(runs)
    for level in range(max((run.level for run in runs), default=0), 0, -1):
        groups = [(high, list(group)) for high, group in groupby(order, key=lambda run: run.level >= level)]
        order = [run for high, group in groups for run in (reversed(group) if high else group)]
    return order


def _levels(text: str) -> list[int]:
    """Return the embedding level of each character: even ones are read from left to right, odd ones from the right."""
    from bidi import algorithm  # type: ignore[import-untyped]  # noqa: PLC0415 - 20 ms that only texts should pay

    # The algorithm drops characters without a direction, such as joiners; they take the level of the one before.
    kept = [letter for letter in text if unicodedata.bidirectional(letter) != "BN"]
    storage = algorithm.get_empty_storage()
    storage["base_level"] = algorithm.get_base_level("".join(kept))
    storage["base_dir"] = ("L", "R")[storage["base_level"]]
    algorithm.get_embedding_levels("".join(kept), storage)
    algorithm.explicit_embed_and_overrides(storage)
    algorithm.resolve_weak_types(storage)
    algorithm.resolve_neutral_types(storage, debug=False)
    algorithm.resolve_implicit_levels(storage, debug=False)
    found = iter(storage["chars"])
    level = int(storage["base_level"])
    levels = []
    for letter in text:
        if unicodedata.bidirectional(letter) != "BN":
            level = int(next(found)["level"])
        levels.append(level)
    return levels


def _font(letter: str, before: Font | None) -> Font:
    """Return the font for a character: marks, digits and symbols keep the font of the one before, if it has them."""
    kind = unicodedata.category(letter)
    if before and (kind in UNDRAWN or (kind[0] != "L" and _has(before, letter))):
        return before
    for font in _fonts():
        if _has(font, letter):
            return font
    if kind in UNDRAWN:
        return _fonts()[0]
    name = unicodedata.name(letter, "no name")
    message = f"no font of Reelmill has U+{ord(letter):04X} ({name}): remove this character from the text"
    raise ParametersRejected(message, code="ParameterError.NoGlyph")


def _has(font: Font, letter: str) -> bool:
    return bool(font.face.get_nominal_glyph(ord(letter)))


def _script(letter: str) -> str | None:
    """Return the script of a character, None if it belongs to many scripts."""
    import uharfbuzz as hb  # noqa: PLC0415

    buffer = hb.Buffer()
    buffer.add_str(letter)
    buffer.guess_segment_properties()
    script: str | None = buffer.script
    return script


@cache
def _fonts() -> tuple[Font, ...]:
    """Open the fonts in their order; this takes a tenth of a millisecond each, because they are only mapped."""
    noto = _package_folder(NOTO)
    paths = [noto / f"NotoSans{script}[wght].ttf" for script in NOTO_SCRIPTS]
    paths += [_package_folder(CJK) / CJK_FILE, noto / "NotoSansSymbols[wght].ttf", noto / "NotoEmoji[wght].ttf"]
    return tuple(_opened(path) for path in paths)


def _package_folder(name: str) -> Path:
    """Return the folder of an installed package without running its code."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(name=name)
    return Path(spec.submodule_search_locations[0])


def _opened(path: Path) -> Font:
    import uharfbuzz as hb  # noqa: PLC0415

    face = hb.Font(hb.Face(hb.Blob.from_file_path(str(path))))
    face.scale = (EM, EM)
    extents = face.get_font_extents("ltr")
    return Font(face, above=extents.ascender, below=-extents.descender)
