"""Results of many steps, printed as they arrive: data on stdout, progress on stderr."""

import json
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

from rich.text import Text

from cli import show
from cli.query import QUERY

QUIET = 10.0  # seconds between two lines of progress without a terminal


class Report:
    """Results on stdout, page by page: a line for each, or one JSON document in the format of the API's pages.

    A query needs the complete document: it is printed at the end.
    """

    def __init__(self, field: str, line: Callable[[Mapping[str, Any]], str], *, as_json: bool) -> None:
        """Write nothing yet; `field` is the list's name in the document."""
        self.next_token: str | None = None
        self._field = field
        self._line = line
        self._as_json = as_json
        self._begun = False
        self._queried: list[Mapping[str, Any]] = []
        self._separator = "\n"

    def __enter__(self) -> Self:
        """Write nothing yet: an immediate failure leaves stdout empty."""
        return self

    def __exit__(self, *_: object) -> None:
        """Complete the document, even if more might have followed: `nextToken` shows that."""
        if not self._as_json or not self._begun:
            return
        if QUERY.get() is not None:
            show.print_json({self._field: self._queried, "nextToken": self.next_token})
        else:
            closing = "]" if self._separator == "\n" else "\n  ]"
            sys.stdout.write(f'{closing},\n  "nextToken": {json.dumps(self.next_token)}\n}}\n')

    def add(self, results: Sequence[Mapping[str, Any]], next_token: str | None) -> None:
        """Write one page of results."""
        if self._as_json:
            self._add_to_document(results)
        else:
            show.print_lines(map(self._line, results))
        sys.stdout.flush()
        self.next_token = next_token

    def _add_to_document(self, results: Sequence[Mapping[str, Any]]) -> None:
        if QUERY.get() is not None:
            self._begun = True
            self._queried += results
            return
        if not self._begun:
            sys.stdout.write(f'{{\n  "{self._field}": [')
            self._begun = True
        for result in results:
            text = textwrap.indent(json.dumps(result, ensure_ascii=False, indent=2), "    ")
            sys.stdout.write(f"{self._separator}{text}")
            self._separator = ",\n"


class ProgressLine:
    """The progress on stderr: a line that is updated in place on a terminal, an occasional line in a log."""

    def __init__(self) -> None:
        """Print nothing yet."""
        self._console = show.stderr()
        self._said = time.monotonic()

    @contextmanager
    def during(self, sentence: str) -> Iterator[None]:
        """Show the progress during the next step; on a terminal the line disappears before any data is printed."""
        if self._console.is_terminal:
            with self._console.status(Text(show.plain(sentence))):
                yield
            return
        if time.monotonic() - self._said >= QUIET:
            self._said = time.monotonic()
            show.say(show.plain(sentence))
        yield
