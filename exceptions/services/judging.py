"""Which conditions of terms are true of what they cover today."""

from datetime import datetime

from exceptions.models import ExceptionTerms
from exceptions.ports import Coverage
from exceptions.rules.recheck import EstateCounts, Fired, fired


def fired_today(terms: ExceptionTerms, coverage: Coverage, *, at: datetime) -> tuple[Fired, ...]:
    """Return which conditions of terms are true of what they cover now."""
    counts = EstateCounts(
        artifacts=coverage.breadth.artifacts,
        services=coverage.breadth.services,
        unknowns=coverage.unknowns,
        seen_artifacts=int(terms.counts.get("artifacts", 0)),
        seen_services=int(terms.counts.get("services", 0)),
    )
    conditions = terms.recheck_policy()
    places = {place for condition in conditions for place in condition.environments}
    # What may reach an environment is judged as if it were there: nobody knows yet what will be promoted where.
    within = set(terms.selector().environments)
    reached = places & within if within else places
    found = [
        one
        for place in ("", *sorted(reached))
        for one in fired(
            conditions,
            seen=terms.seen_facts(),
            now=coverage.seen,
            environment=place,
            estate=counts,
            expires_at=terms.expires_at,
            at=at,
        )
    ]
    return tuple(dict.fromkeys(found))
