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
    # All rules run. Describing every element that passes would take longer than the checks.
    report = page.evaluate(
        """async disabled => {
            const rules = axe.getRules().map(({ruleId}) => [ruleId, {enabled: !disabled.includes(ruleId)}]);
            const report = await axe.run({rules: Object.fromEntries(rules), resultTypes: ["violations"]});
            const found = report.violations.flatMap(({id, nodes}) => nodes.map(({html}) => [id, html]));
            return {passed: report.passes.length, found};
        }""",
        list(DISABLED_RULES),
    )
    assert report["passed"] > 20, "axe did not run"
    found = [(place, rule, element) for rule, element in report["found"]]
    return [one for one in found if not (one[1] in ACCEPTED and ACCEPTED[one[1]].fullmatch(one[2]))]
