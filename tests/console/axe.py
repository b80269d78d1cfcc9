"""axe in a page, with all its rules."""

import re
from pathlib import Path

from playwright.sync_api import Page

Place = str | tuple[str, ...]
Finding = tuple[Place, str, str]  # where, the rule, the element

AXE = Path(__file__).parents[1] / "npm" / "node_modules" / "axe-core" / "axe.min.js"
# All rules are on, including best practices and experimental, AAA and deprecated rules, except these:
DISABLED_RULES = {"color-contrast-enhanced": "7:1 is WCAG AAA. We promise AA, and so do the design system's colors."}
# Findings that are not defects. By rule: the pattern of the element, and the reason.
ACCEPTED = {
    # A dialog starts and ends with an empty element that only returns the focus to the dialog. Screen readers don't
    # announce it. The rule is experimental and doesn't recognize this pattern.
    "focus-order-semantics": re.compile(r'<div class="awsui_root_\w+" tabindex="0"></div>'),
    # A mark on the timeline is as long as its detection. WCAG 2.5.8 makes an exception: the table below has the same
    # button, and the position and length of the mark are essential.
    "target-size": re.compile(r'<button type="button" title=".*" aria-label="Go to .*" style="position: absolute;.*'),
}


def findings(page: Page, place: Place) -> list[Finding]:
    """Return the findings of axe on a page. Its context must bypass the content security policy, which blocks axe."""
    page.add_script_tag(path=AXE)
    # Every rule still runs; only of what passes, one element a rule is described, which takes a third of the time.
    report = page.evaluate(
        """off => axe.run({resultTypes: ["violations"], rules: Object.fromEntries(
            axe.getRules().map(({ruleId}) => [ruleId, {enabled: !off.includes(ruleId)}]))})""",
        list(DISABLED_RULES),
    )
    assert len(report["passes"]) > 20, "axe did not run"
    found = [(place, one["id"], node["html"]) for one in report["violations"] for node in one["nodes"]]
    return [one for one in found if not (one[1] in ACCEPTED and ACCEPTED[one[1]].fullmatch(one[2]))]
