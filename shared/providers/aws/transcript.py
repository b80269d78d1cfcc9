"""The words of a Transcribe transcript, with their spaces and punctuation. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from shared.operations.analysis.speech import Word


def iter_words(results: Mapping[str, Any]) -> Iterator[Word]:
    """Yield the words, spaced as in the running text: some scripts have no spaces."""
    running = "".join(each["transcript"] for each in results["transcripts"])
    position = 0
    word: Word | None = None
    for item in results["items"]:
        best = item["alternatives"][0]
        content = best["content"]
        found = running.find(content, position)
        spaced = (running[position:found] if found >= 0 else " ") + content
        position = found + len(content) if found >= 0 else position
        if item["type"] == "punctuation":
            word = word and replace(word, text=word.text + spaced)
            continue
        if word:
            yield word
        word = Word(float(item["start_time"]), float(item["end_time"]), spaced, float(best["confidence"]))
    if word:
        yield word
