"""Texts as videos: every script in its own direction and joins, and no text that ffmpeg or a person stumbles over."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.errors import ParametersRejected
from shared.media.ffmpeg import Ffmpeg
from shared.operations.transcoding.transcode import OPERATION
from shared.operations.watermarks.text_drawing import StyledText, draw_text
from tests.support.clips import Clips, decoded
from tests.support.local_files import LocalFiles, workbench

SCRIPTS = {
    "Latin": "Reelmill © 2026, Übergrößenträger ﬁ é̱",
    "Greek": "Ελληνικά",
    "Cyrillic": "Кириллица",
    "Arabic": "مرحبا بالعالم",
    "Persian": "می‌خواهم",
    "Urdu": "ٹیلی ویژن",
    "Hebrew": "שָׁלוֹם עולם",
    "Devanagari": "क्षत्रिय नमस्ते",
    "Bengali": "বাংলা",
    "Gurmukhi": "ਪੰਜਾਬੀ",
    "Gujarati": "ગુજરાતી",
    "Odia": "ଓଡ଼ିଆ",
    "Tamil": "தமிழ்",
    "Telugu": "తెలుగు",
    "Kannada": "ಕನ್ನಡ",
    "Malayalam": "മലയാളം",
    "Sinhala": "සිංහල",
    "Thai": "ที่นี่ ภาษาไทย",
    "Lao": "ພາສາລາວ",
    "Khmer": "ភាសាខ្មែរ",
    "Burmese": "မြန်မာဘာသာ",
    "Amharic": "አማርኛ",
    "Armenian": "Հայերեն",
    "Georgian": "ქართული",
    "Chinese": "简体字 繁體字",
    "Japanese": "日本語 ひらがな カタカナ",
    "Korean": "한국어",
    "Vietnamese": "Tiếng Việt",
    "symbols": "★ ✓ → € ₹ ♫",
    "emoji": "😀 👍🏽 ❤️ 👩‍🚀",
    "mixed": "Reelmill في 2026 日本 שלום",
}


def ink(text: str, **more: object) -> tuple[int, int, list[bytes]]:
    """Return the width, the height and the opacity of each pixel of a text without a shadow, the lowest row first."""
    drawing = draw_text(StyledText.model_validate({"content": text, "shadow": False, **more}))
    rows = [drawing.pixels[4 * drawing.width * row :][3 : 4 * drawing.width : 4] for row in range(drawing.height)]
    return drawing.width, drawing.height, rows


def columns(text: str) -> list[bytes]:
    """Return the columns of a text from the first to the last that bear ink."""
    _, _, rows = ink(text)
    found = [bytes(column) for column in zip(*rows, strict=True)]
    marked = [number for number, column in enumerate(found) if any(column)]
    return found[marked[0] : marked[-1] + 1]


def likeness(one: list[bytes], other: list[bytes]) -> float:
    """Return how much of the ink of two videos of the same height is the same."""
    pairs = [(a, b) for left, right in zip(one, other, strict=False) for a, b in zip(left, right, strict=True)]
    return sum(min(a, b) for a, b in pairs) / max(sum(max(a, b) for a, b in pairs), 1)


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_is_drawn(script: str) -> None:
    width, height, rows = ink(SCRIPTS[script])

    assert 0 < width <= 4200
    assert height > 20
    assert sum(map(sum, rows)) / 255 / width / height > 0.03


def test_hebrew_is_read_from_right_to_left() -> None:
    both, first, last = columns("בש"), columns("ב"), columns("ש")

    assert likeness(both[-len(first) :], first) > 0.9
    assert likeness(both[: len(last)], last) > 0.9


def test_a_number_in_hebrew_is_read_from_left_to_right() -> None:
    whole, number = columns("ש 17"), columns("17")

    assert likeness(whole[: len(number)], number) > 0.9


def test_a_latin_word_in_a_hebrew_line_stands_on_the_left_of_what_came_before() -> None:
    whole, word = columns("ש abc"), columns("abc")

    assert likeness(whole[: len(word)], word) > 0.9


def test_arabic_characters_join() -> None:
    apart, joined = columns("ب‌ب"), columns("بب")

    assert any(not any(column) for column in apart)
    assert all(any(column) for column in joined)


def test_characters_of_devanagari_merge_into_one() -> None:
    assert len(columns("क्ष")) < 0.7 * len(columns("कष"))


def test_a_language_chooses_the_shape_of_a_character() -> None:
    _, _, russian = ink("\N{CYRILLIC SMALL LETTER BE}", language="ru")
    _, _, serbian = ink("\N{CYRILLIC SMALL LETTER BE}", language="sr")

    assert russian != serbian


def test_lines_stand_below_each_other() -> None:
    (one_wide, one_high, _), (wide, high, _) = ink("Reelmill"), ink("Reelmill\nmill")

    assert wide == one_wide
    assert high == pytest.approx(2 * one_high, rel=0.15)


def test_a_color_is_taken_and_a_shadow_is_dark() -> None:
    plain, shadowed = (draw_text(StyledText(content="■", color="#ff8000", shadow=shadow)) for shadow in (False, True))

    colors = [{drawing.pixels[at : at + 4] for at in range(0, len(drawing.pixels), 4)} for drawing in (plain, shadowed)]
    assert all(bytes((0, 128, 255, 255)) in found for found in colors)
    assert bytes((0, 0, 0, 153)) in colors[1] - colors[0]


def test_the_longest_text_is_no_wider_than_can_be_handled() -> None:
    width, height, _ = ink("W" * 200)

    assert width <= 4200
    assert height > 20


@pytest.mark.parametrize(("letter", "name"), [("𓀀", "U+13000 (EGYPTIAN HIEROGLYPH A001)"), ("𒀀", "U+12000")])
def test_a_character_that_no_font_has_is_refused_by_its_name(letter: str, name: str) -> None:
    with pytest.raises(ParametersRejected) as caught:
        draw_text(StyledText(content=f"Hello {letter}"))

    assert caught.value.code == "ParameterError.NoGlyph"
    assert name in caught.value.message


@pytest.mark.parametrize(
    "params",
    [
        {"content": ""},
        {"content": " \n "},
        {"content": "a\x00b"},
        {"content": "a\tb"},
        {"content": "\ue000"},
        {"content": "1\n2\n3\n4\n5\n6"},
        {"content": "W" * 201},
        {"content": "a", "color": "red"},
        {"content": "a", "color": "#fff:alpha=0"},
        {"content": "a", "language": "de_DE; rm"},
        {"content": "a", "fontfile": "/etc/passwd"},
    ],
)
def test_an_invalid_text_or_color_is_refused_when_it_is_stored(params: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        StyledText.model_validate(params)


@pytest.mark.parametrize(
    "text",
    [
        "%{pts} %{metadata:x}",
        "':textfile=/etc/passwd:",
        "[in];movie=/etc/passwd[out]",
        r"\N{\fnArial}\\",
        "file:/etc/passwd",
    ],
)
def test_no_text_reaches_ffmpeg(clip: Clips, ffmpeg: Ffmpeg, text: str) -> None:
    params = OPERATION.params.model_validate(
        {
            "video": {"speed": "fastest"},
            "watermarks": [{"text": {"content": text}, "position": "center", "width": 1}],
        }
    )

    made = OPERATION.run(params, workbench(LocalFiles(clip("red.mp4")), ffmpeg))

    assert len(decoded(made.files[0].path).frames) == 50
    assert text not in str(ffmpeg.commands)
    assert not any("/etc" in argument for command in ffmpeg.commands for argument in command)


def test_a_text_is_written_on_the_video(clip: Clips, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    params = OPERATION.params.model_validate(
        {
            "video": {"speed": "fastest", "crf": 10},
            "watermarks": [{"text": {"content": "日本 Reelmill"}, "position": "top", "height": 0.2}],
        }
    )

    made = OPERATION.run(params, workbench(LocalFiles(clip("red.mp4")), ffmpeg))

    frame = decoded(made.files[0].path).frames[25].reformat(format="gray")
    bright = [
        sum(pixel > 200 for pixel in bytes(frame.planes[0])[row * frame.planes[0].line_size :][:640])
        for row in range(360)
    ]
    assert max(bright[:90]) > 40
    assert not any(bright[90:])
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".mp4", ".png"]
