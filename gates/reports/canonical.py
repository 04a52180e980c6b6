"""The decision as canonical JSON."""

from gates.reports.view import DecisionView
from stellapolicy.kernel import canonical_json


def json_report(decision: DecisionView) -> bytes:
    """Return the whole body as RFC 8785 bytes: equal decisions give equal files."""
    return canonical_json.dumps(decision.body)
