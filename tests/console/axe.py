"""axe in a page, with every rule that it has."""

import re
from pathlib import Path

from playwright.sync_api import Page

Place = str | tuple[str, ...]
Finding = tuple[Place, str, str]  # where, the rule, the element

AXE = Path(__file__).parents[1] / "npm" / "node_modules" / "axe-core" / "axe.min.js"
# Every rule that axe has is on: best practices, the experimental, AAA, the deprecated. Those that are off:
NOT_FOR_US = {"color-contrast-enhanced": "7:1 is WCAG AAA. We promise AA, and so do the design system's colors."}
# Findings that are no fault. By rule: what the element looks like, and why.
NO_FAULT = {
    # A dialog begins and ends with an empty element that takes the focus only to send it back into the dialog, which
    # nobody gets to hear. The rule is experimental and can't know.
    "focus-order-semantics": re.compile(r'<div class="awsui_root_\w+" tabindex="0"></div>'),
    # A stretch of a time line is as long as what was found there. WCAG 2.5.8 excepts it: each is a button in the table
    # below, too, and its place and length are what it says.
    "target-size": re.compile(r'<button type="button" title=".*" aria-label="Go to .*" style="position: absolute;.*'),
}


def findings(page: Page, place: Place) -> list[Finding]:
    """Return what axe finds on what is shown. The page's context has to bypass its policy, which keeps axe out."""
    page.add_script_tag(path=AXE)
    # Every rule still runs; only of what passes, one element a rule is described, which takes a third of the time.
    report = page.evaluate(
        """off => axe.run({resultTypes: ["violations"], rules: Object.fromEntries(
            axe.getRules().map(({ruleId}) => [ruleId, {enabled: !off.includes(ruleId)}]))})""",
        list(NOT_FOR_US),
    )
    assert len(report["passes"]) > 20, "axe did not look"
    found = [(place, one["id"], node["html"]) for one in report["violations"] for node in one["nodes"]]
    return [one for one in found if not (one[1] in NO_FAULT and NO_FAULT[one[1]].fullmatch(one[2]))]
