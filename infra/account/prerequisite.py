"""One prerequisite of a deployment, as it was found in an AWS account."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["ok", "warning", "failed", "unknown"]
SHOWN = 8  # names in one line


@dataclass(frozen=True)
class Prerequisite:
    """What a deployment needs, whether the account has it, what to do if it doesn't, and parameters that would fit."""

    subject: str
    verdict: Verdict
    found: str
    remedy: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


def left_behind(subject: str, names: list[str]) -> Prerequisite:
    """Return whether an earlier stack left something behind, which the new one does not use."""
    if not names:
        return Prerequisite(subject, "ok", "there are none")
    return Prerequisite(
        subject,
        "warning",
        f"an earlier stack left {short_list(names)}; the new stack starts empty and does not use them",
        "copy what you need, then delete them: docs/guides/operate-a-deployment.md",
    )


def short_list(names: list[str]) -> str:
    """Return the names in one line."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
