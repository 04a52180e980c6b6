"""What the body of a decision says of exceptions: the raw answer beside the other, and each with its state."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

from gates.deciding.excusing import is_notice, said
from gates.deciding.settling import Prepared, Settled
from policies.excepting import Standing
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339

Ids = Mapping[str, set[str]]


def raw_answer(prepared: Prepared, counts: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return what would have been decided without any exception; `counts` are those of the raw verdicts."""
    combined = prepared.raw.combined
    return {
        "decision": combined.decision.value,
        "verdict": combined.verdict.value,
        "blocked_by": combined.blocked_by.value if combined.blocked_by else None,
        "counts": {name: counts[name] for name in ("by_status", "by_severity")},
    }


def exceptions_json(prepared: Prepared, settled: Settled) -> list[JsonValue]:
    """Return every exception that covers a finding of the release, by id."""
    by, over = _shadows(settled)
    changed: dict[str, int] = defaultdict(int)
    for place in settled.changed:
        winner = settled.release.findings[place].exception
        if winner is not None:
            changed[winner.id] += 1
    keys = [one.key for one in settled.ruled.findings]
    return [
        {
            **_exception(one, at=prepared.inputs.at),
            "findings": [keys[place] for place in one.covered],
            "beyond": [keys[place] for place in sorted(one.beyond)],
            "changed": changed[one.exception.id],
            "shadowed_by": [*sorted(by[one.exception.id])],
            "shadows": [*sorted(over[one.exception.id])],
        }
        for one in settled.release.standings
    ]


def _shadows(settled: Settled) -> tuple[Ids, Ids]:
    """Return, by exception, those that win over it somewhere, and those that it wins over."""
    by: dict[str, set[str]] = defaultdict(set)
    over: dict[str, set[str]] = defaultdict(set)
    for place, others in settled.release.shadowed:
        winner = settled.release.findings[place].exception
        name = winner.id if winner is not None else ""
        for other in others:
            by[other].add(name)
            over[name].add(other)
    return by, over


def _exception(one: Standing, *, at: datetime) -> dict[str, JsonValue]:
    exception = one.exception
    until = None if one.held is not None else one.grace_until
    return {
        "id": exception.id,
        "terms_digest": exception.terms_digest,
        "type": exception.type.value,
        "reason": exception.reason.value,
        "kind": exception.kind.value,
        "effect": exception.effect.value,
        "state": exception.state.value,
        "starts_at": rfc3339(exception.starts_at),
        "expires_at": rfc3339(exception.expires_at),
        "seconds_left": _seconds(exception.expires_at - at),
        "grace_until": rfc3339(until) if until else None,
        "grace_seconds_left": _seconds(until - at) if until else None,
        "controls": list(exception.controls),
        "held": one.held.value if one.held else None,
        "fired": [*said(fired for fired in one.fired if not is_notice(fired))],
    }


def _seconds(left: timedelta) -> int:
    return max(left // timedelta(seconds=1), 0)
