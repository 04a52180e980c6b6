"""The policy as one expression, for engines that speak CEL or something close to it."""

BLOCKED = (
    '(severity_normalized in ["high", "critical"] {and} kev_listed)',
    '(severity_normalized == "critical" {and} advisory_fix_available {and} epss_score >= 0.6)',
    '(cvss_score >= 7.0 {and} reachability_state == "reachable")',
    'finding_kind == "malware"',
    '(finding_kind == "secret" {and} severity_normalized in ["high", "critical"])',
    '(env_exposure == "internet" {and} cvss_score >= 9.0)',
)
WARNED = (
    'severity_normalized == "critical"',
    '(severity_normalized == "high" {and} advisory_fix_available)',
    "epss_score >= 0.9",
    '(component_scope == "dev" {and} severity_normalized == "medium")',
    '(age_days > 90.0 {and} severity_normalized in ["medium", "high", "critical"])',
)


def expression(*, conjunction: str, disjunction: str) -> str:
    """Return the policy as nested conditionals with these words for `and` and `or`."""
    blocked = f" {disjunction} ".join(BLOCKED).format_map({"and": conjunction})
    warned = f" {disjunction} ".join(WARNED).format_map({"and": conjunction})
    dismissed = 'vex_status in ["not_affected", "fixed"]'
    return f'{dismissed} ? "ignored" : (({blocked}) ? "blocked" : (({warned}) ? "warned" : "pass"))'
