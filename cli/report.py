"""What becomes of many things, told while it happens: data on stdout as it comes, progress on stderr."""

import json
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

from rich.text import Text

from cli import show

QUIET = 10.0  # seconds between two lines of progress where there is no terminal


class Report:
    """Things on stdout, page by page: a line for each, or one JSON document in the shape of the API's pages."""

    def __init__(self, field: str, line: Callable[[Mapping[str, Any]], str], *, as_json: bool) -> None:
        """Write nothing yet; `field` is the list's name in the document."""
        self.next_token: str | None = None
        self._field = field
        self._line = line
        self._as_json = as_json
        self._begun = False
        self._separator = "\n"

    def __enter__(self) -> Self:
        """Write nothing yet: what fails at once says nothing on stdout."""
        return self

    def __exit__(self, *_: object) -> None:
        """Complete the document, even when there might have been more: `nextToken` tells."""
        if self._as_json and self._begun:
            closing = "]" if self._separator == "\n" else "\n  ]"
            sys.stdout.write(f'{closing},\n  "nextToken": {json.dumps(self.next_token)}\n}}\n')

    def add(self, things: Sequence[Mapping[str, Any]], next_token: str | None) -> None:
        """Write one page's things."""
        if self._as_json:
            self._add_to_document(things)
        else:
            show.print_lines(map(self._line, things))
        sys.stdout.flush()
        self.next_token = next_token

    def _add_to_document(self, things: Sequence[Mapping[str, Any]]) -> None:
        if not self._begun:
            sys.stdout.write(f'{{\n  "{self._field}": [')
            self._begun = True
        for thing in things:
            written = textwrap.indent(json.dumps(thing, ensure_ascii=False, indent=2), "    ")
            sys.stdout.write(f"{self._separator}{written}")
            self._separator = ",\n"


class Progress:
    """How far it is, on stderr: a line that stays in its place at a terminal, one now and then in a log."""

    def __init__(self) -> None:
        """Say nothing yet."""
        self._console = show.stderr()
        self._said = time.monotonic()

    @contextmanager
    def during(self, sentence: str) -> Iterator[None]:
        """Say how far it is while the next step lasts; at a terminal the line is gone before any data come."""
        if self._console.is_terminal:
            with self._console.status(Text(show.plain(sentence))):
                yield
            return
        if time.monotonic() - self._said >= QUIET:
            self._said = time.monotonic()
            show.say(show.plain(sentence))
        yield
