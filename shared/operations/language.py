"""Languages as BCP 47 tags, in every operation's parameters and results."""

import re
from typing import Annotated

from pydantic import StringConstraints

# RFC 5646, section 2.1: subtags of 1 to 8 characters follow the language, as in en, pt-BR, zh-Hant or en-x-a.
TAG = r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}"

Language = Annotated[str, StringConstraints(pattern=rf"^{TAG}$")]


def known_language(name: str | None) -> str | None:
    """Return the language that a file gives for a track, None if it is not a BCP 47 tag."""
    return name if name and re.fullmatch(TAG, name) else None
