"""Texts drawn as videos: any script, in its own direction and joins, in fonts that packages bring."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from shared.errors import ParametersRejected
from shared.operations.language import Language
from shared.operations.operation import Params

if TYPE_CHECKING:
    import uharfbuzz as hb  # type: ignore[import-untyped] # the package has no types

# The fonts in the order in which a letter looks for itself.
NOTO = "manimgx_fonts"
NOTO_SCRIPTS = (
    *("", "Arabic", "Hebrew", "Armenian", "Georgian", "Ethiopic", "Devanagari", "Bengali", "Gurmukhi", "Gujarati"),
    *("Oriya", "Tamil", "Telugu", "Kannada", "Malayalam", "Sinhala", "Thai", "Lao", "Khmer", "Myanmar"),
)
CJK, CJK_FILE = "paperang_p2_fonts_cjk", "fonts/wqy-microhei.ttc"  # Chinese, Japanese and Korean
MOST_LETTERS, MOST_LINES = 200, 5
EM = 16384  # The units of a letter's width and height in which is reckoned, the same for every font.
MOST_PIXELS_PER_EM, MOST_PIXELS_ACROSS = 200, 4096
MARGIN = 0.1  # of an em: room for the shadow and for what reaches over a letter's own space
SHADOW_OFFSET = 0.035  # of an em
SHADOW_OPACITY = 0.6
# Controls of the direction (embeddings, overrides, isolates) are left out: letters tell their direction themselves.
CONTROLS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
UNDRAWN = frozenset({"Cf", "Mn", "Me"})  # kinds of characters that may have no shape of their own


def _text(value: str) -> str:
    """Refuse what can't be drawn in any font."""
    lines = value.split("\n")
    if len(lines) > MOST_LINES:
        message = f"a text has at most {MOST_LINES} lines, not {len(lines)}"
        raise ValueError(message)
    for letter in "".join(lines):
        if unicodedata.category(letter) in {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}:
            message = f"U+{ord(letter):04X} is no character that can be drawn: leave it out"
            raise ValueError(message)
    if not value.strip():
        message = "the text is blank: nothing would be seen"
        raise ValueError(message)
    return value


class StyledText(Params):
    """A text and how it looks."""

    content: Annotated[str, AfterValidator(_text)] = Field(
        min_length=1, max_length=MOST_LETTERS, description="Any script; up to five lines."
    )
    color: str = Field("#ffffff", pattern=r"^#[0-9a-fA-F]{6}$", description='As on the web: "#ffcc00".')
    shadow: bool = Field(default=True, description="Whether a dark edge makes it readable on bright videos.")
    language: Language | None = Field(
        None, description='Such as "sr" or "ur": some languages write a character in a shape of their own.'
    )


@dataclass(frozen=True)
class TextDrawing:
    """A drawn text: four bytes a pixel (BGRA, premultiplied), the lowest row first."""

    width: int
    height: int
    pixels: bytes


@dataclass(frozen=True)
class Font:
    """One font, with how far its letters reach above and below the line, in units."""

    face: "hb.Font"
    above: int
    below: int


@dataclass(frozen=True)
class Run:
    """Letters of one font, script and level; odd levels are read from right to left."""

    text: str
    font: Font
    script: str | None
    level: int


@dataclass(frozen=True)
class Glyph:
    """A shape and where it stands in its line, in units."""

    font: Font
    index: int
    x: int
    y: int


@dataclass(frozen=True)
class Line:
    """A line's shapes from left to right, and how wide it is in units."""

    glyphs: tuple[Glyph, ...]
    width: int


def draw_text(asked: StyledText, align: float = 0.5) -> TextDrawing:
    """Draw the text; `align` is where shorter lines stand, from 0, left, to 1, right.

    Raises ParametersRejected for a character that no font has.
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
    """Set one line: cut it into runs, put them into the order of the eye, shape each."""
    glyphs: list[Glyph] = []
    x = 0
    for run in _seen(_runs(text)):
        for glyph, advance in _shaped(run, language):
            glyphs.append(Glyph(run.font, glyph.index, x + glyph.x, glyph.y))
            x += advance
    return Line(tuple(glyphs), x)


def _shaped(run: Run, language: str | None) -> Iterable[tuple[Glyph, int]]:
    """Yield the shapes of a run from left to right, each with how far the next stands from it."""
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
    """Return the runs of a line in the order in which it is read."""
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
    """Return each letter's level of embedding: even ones are read from left to right, odd ones the other way."""
    from bidi import algorithm  # type: ignore[import-untyped]  # noqa: PLC0415 - 20 ms that only texts should pay

    # The algorithm drops what has no direction, as the joiners; those go with the letter before.
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
    """Return the font for a letter: marks, digits and signs stay in that of the letter before, if it has them."""
    kind = unicodedata.category(letter)
    if before and (kind in UNDRAWN or (kind[0] != "L" and _has(before, letter))):
        return before
    for font in _fonts():
        if _has(font, letter):
            return font
    if kind in UNDRAWN:
        return _fonts()[0]
    name = unicodedata.name(letter, "no name")
    message = f"no font that comes with Reelmill can draw U+{ord(letter):04X} ({name}): leave it out of the text"
    raise ParametersRejected(message, code="ParameterError.NoGlyph")


def _has(font: Font, letter: str) -> bool:
    return bool(font.face.get_nominal_glyph(ord(letter)))


def _script(letter: str) -> str | None:
    """Return the script of a letter, None for what belongs to many."""
    import uharfbuzz as hb  # noqa: PLC0415

    buffer = hb.Buffer()
    buffer.add_str(letter)
    buffer.guess_segment_properties()
    script: str | None = buffer.script
    return script


@cache
def _fonts() -> tuple[Font, ...]:
    """Open the fonts, in their order: a tenth of a millisecond each, since they are only mapped."""
    noto = Path(str(files(NOTO)))
    paths = [noto / f"NotoSans{script}[wght].ttf" for script in NOTO_SCRIPTS]
    paths += [Path(str(files(CJK))) / CJK_FILE, noto / "NotoSansSymbols[wght].ttf", noto / "NotoEmoji[wght].ttf"]
    return tuple(_opened(path) for path in paths)


def _opened(path: Path) -> Font:
    import uharfbuzz as hb  # noqa: PLC0415

    face = hb.Font(hb.Face(hb.Blob.from_file_path(str(path))))
    face.scale = (EM, EM)
    extents = face.get_font_extents("ltr")
    return Font(face, above=extents.ascender, below=-extents.descender)
