"""A finding the way exceptions are matched with it, and the way their approvers see it."""

from collections.abc import Sequence

from exceptions.matching.patterns import package_of
from exceptions.matching.subject import Subject
from exceptions.rules.facts import SeenFacts
from policies.evidence.assembly import identifiers
from policies.evidence.content import StoredFinding
from policies.evidence.knowledge import Knowledge
from policies.language.types import Facts
from policies.language.verdict import Verdict
from stellapolicy.kernel.decimals import cvss_tenths, to_units
from stellapolicy.kernel.identity import canonical_id, without_version

_BASIS_POINTS = 10_000


def names_of(stored: StoredFinding) -> tuple[str, ...]:
    """Return every name of a finding in canonical spelling: its identifier, and the aliases of a vulnerability."""
    named = (stored.identifier, *identifiers(stored.facts))
    return tuple(dict.fromkeys(canonical_id(name) for name in named if name))


def subject_of(stored: StoredFinding, verdict: Verdict) -> Subject:
    """Return a finding as exceptions are matched with it; the verdict is the raw one, without any of them."""
    return Subject(
        kind=stored.kind,
        names=names_of(stored),
        purl=stored.purl,
        severity=stored.severity,
        rule=verdict.rule or "",
        undecided=verdict.undecided,
    )


def seen_facts(stored: StoredFinding, facts: Facts, knowledge: Knowledge) -> SeenFacts:
    """Return what is known of one finding; `facts` are those it is judged by.

    What is no vulnerability has no name there; without a package it goes by its own identifier.
    """
    names = identifiers(stored.facts)
    package = package_of(stored.purl)
    name = package.name if package else without_version(stored.purl)
    version = package.version if package else str(stored.facts.get("component.version") or "")
    known = feed_facts(canonical_id(names[0]) if names else "", names, knowledge)
    score, fix = facts.get("cvss.score"), facts.get("advisory.fix_available")
    return SeenFacts(
        vulnerability=known.vulnerability,
        package=name or ("" if names else stored.identifier),
        severity=stored.severity,
        cvss=cvss_tenths(score) if isinstance(score, int | float) else None,
        cvss_vector=str(facts.get("cvss.vector") or ""),
        epss=known.epss,
        epss_date=known.epss_date,
        kev=known.kev,
        fix=fix if isinstance(fix, bool) else None,
        reachability=str(facts.get("reachability.state") or "unknown"),
        vex=str(facts.get("vex.status") or "none"),
        vex_trust=_basis_points(facts.get("vex.trust")),
        versions=(version,) if version else (),
        artifacts=1,
    )


def feed_facts(vulnerability: str, names: Sequence[str], knowledge: Knowledge) -> SeenFacts:
    """Return what the feeds say of a vulnerability as such; of one that has no name they say nothing."""
    epss = knowledge.epss_of(names)
    model = knowledge.feeds["epss"].model_date if epss and "epss" in knowledge.feeds else None
    return SeenFacts(
        vulnerability,
        "",
        epss=epss.score if epss else None,
        epss_date=model.isoformat() if model else None,
        kev=knowledge.kev_of(names) is not None if names and knowledge.consulted("kev") else None,
    )


def _basis_points(trust: object) -> int:
    return to_units(trust, units=_BASIS_POINTS) if isinstance(trust, int | float) else 0
