"""cedarpy: Cedar in Rust; which policies determined the answer says which status it is."""

from collections.abc import Mapping

from bench.peers import Judge

NAME = "cedarpy"
_ORDER = ("ignored", "blocked", "warned")
_RULES = (
    ("ignored", '["not_affected", "fixed"].contains(context.vex_status)'),
    ("blocked", '["high", "critical"].contains(context.severity_normalized) && context.kev_listed'),
    (
        "blocked",
        'context.severity_normalized == "critical" && context.advisory_fix_available && context.epss_score >= 60000',
    ),
    ("blocked", 'context.cvss_score >= 70 && context.reachability_state == "reachable"'),
    ("blocked", 'context.finding_kind == "malware"'),
    (
        "blocked",
        'context.finding_kind == "secret" && ["high", "critical"].contains(context.severity_normalized)',
    ),
    ("blocked", 'context.env_exposure == "internet" && context.cvss_score >= 90'),
    ("warned", 'context.severity_normalized == "critical"'),
    ("warned", 'context.severity_normalized == "high" && context.advisory_fix_available'),
    ("warned", "context.epss_score >= 90000"),
    ("warned", 'context.component_scope == "dev" && context.severity_normalized == "medium"'),
    ("warned", 'context.age_days > 90 && ["medium", "high", "critical"].contains(context.severity_normalized)'),
)


def judge() -> Judge:
    from cedarpy import PolicySet, is_authorized

    text = "\n".join(
        f'@id("{status}-{number}") permit(principal, action, resource) when {{ {condition} }};'
        for number, (status, condition) in enumerate(_RULES)
    )
    policies = PolicySet.from_str(text) if hasattr(PolicySet, "from_str") else PolicySet(text)
    entities: list[object] = []

    def decide(request: Mapping[str, object]) -> str:
        answer = is_authorized(dict(request), policies, entities)
        reasons = answer.diagnostics.id_annotations_by_reason
        statuses = {str(name).split("-")[0] for name in reasons.values()}
        return next((status for status in _ORDER if status in statuses), "pass")

    return decide


def shaped(finding: Mapping[str, object]) -> dict[str, object]:
    """Return the request of a finding; Cedar has no fractions, so scores are the integers that the product stores."""
    return {
        "principal": 'User::"gate"',
        "action": 'Action::"ship"',
        "resource": 'Finding::"one"',
        "context": {
            **finding,
            "epss_score": round(float(str(finding["epss_score"])) * 100_000),
            "cvss_score": round(float(str(finding["cvss_score"])) * 10),
            "age_days": int(float(str(finding["age_days"]))),
        },
    }
