"""What a feed can speak about, and the one sentence said of a feed that was never connected."""

from gates.checks import reading
from gates.checks.base import FeedName, JudgedFinding, Outcome, Reason
from policies.importers.records import FindingKind


def is_vulnerability(finding: JudgedFinding) -> bool:
    """Whether the finding is one that KEV and EPSS may know; a finding of unknown kind may be one."""
    kind = reading.text_fact(finding, "finding.kind")
    return kind is None or kind == FindingKind.VULNERABILITY


def may_have_cve(finding: JudgedFinding) -> bool:
    """Whether a feed may speak of a vulnerability: EPSS and KEV name CVEs only, and an unknown name may be one.

    Distribution placeholders (TEMP-…, GMS-…) and advisories without a CVE among their aliases are outside both.
    """
    name = reading.text_fact(finding, "vuln.id")
    aliases = finding.facts.get("vuln.aliases")
    if name is None or not isinstance(aliases, list | tuple):
        return True
    return any(str(one).upper().startswith("CVE-") for one in (name, *aliases))


def feed_not_configured(name: FeedName, outcome: Outcome) -> Reason:
    """Return the sentence said of a feed nobody ever connected; the same words everywhere, so that it reads once."""
    return Reason(
        code="evidence.feed_not_configured",
        text=f"No {name.upper()} feed is connected; that is held against no finding.",
        outcome=outcome,
        value=name.value,
    )
