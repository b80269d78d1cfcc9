"""A title card, and how well speech was understood: what the tests of words need beside real footage."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

LINES = ("Big Buck Bunny", "The Peach Open Movie Project", "presented by Blender")


def draw(path: Path, width: int = 640, height: int = 360) -> None:
    """Draw the title card as a PNG with a transparent background."""
    card = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    pen, font = ImageDraw.Draw(card), ImageFont.load_default(28)
    for number, line in enumerate(LINES):
        left = (width - pen.textlength(line, font=font)) / 2
        top = height / 4 + 48 * number
        pen.text((left, top), line, font=font, fill="white", stroke_width=2, stroke_fill="black")
    card.save(path)


def word_error_rate(wanted: Sequence[str], heard: Sequence[str]) -> float:
    """Return how many words are missing, too many or wrong, over the number of those wanted."""
    row = list(range(len(heard) + 1))
    for number, word in enumerate(wanted, 1):
        previous, row[0] = row[0], number
        for column, other in enumerate(heard, 1):
            cheapest = min(row[column] + 1, row[column - 1] + 1, previous + (word != other))
            previous, row[column] = row[column], cheapest
    return row[-1] / len(wanted)
