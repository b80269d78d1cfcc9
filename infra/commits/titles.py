"""Checks the title of a commit message. pre-commit runs it as the commit-msg hook, with the file of the message."""

import sys
from collections.abc import Iterator
from pathlib import Path

MAX_TITLE_CHARACTERS = 72
AUTOSQUASH = ("fixup! ", "squash! ", "amend! ")  # git rebase --autosquash drops such a title


def read_title(message: str) -> str:
    """Return the first line that is neither empty nor one of git's comments, or an empty string."""
    lines = (line.rstrip() for line in message.splitlines())
    return next((line for line in lines if line and not line.startswith("#")), "")


def find_title_faults(title: str) -> Iterator[str]:
    """Yield a sentence for each rule that a title breaks."""
    if title.startswith(AUTOSQUASH):
        return
    if not title:
        yield "The message has no title. Say in its first line what the commit changes."
        return
    if len(title) > MAX_TITLE_CHARACTERS:
        yield f"The title has {len(title)} characters. Shorten it to {MAX_TITLE_CHARACTERS}; explain the rest below."
    if title.endswith("."):
        yield "The title ends with a period. Remove it."
    if not title[0].isupper():
        yield "The title does not begin with a capital letter. Begin with a verb in the imperative: Add, Fix, Keep."


def main() -> int:
    """Print what is wrong with the title, and return 1 if anything is."""
    title = read_title(Path(sys.argv[1]).read_text(encoding="utf-8"))
    faults = list(find_title_faults(title))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
