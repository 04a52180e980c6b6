"""Assembles the facts of a finding: what its evidence says, what the feeds know, where it wants to go, and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

from policies.evidence.claims import Claim
from policies.evidence.knowledge import Knowledge
from policies.language.facts import CATALOGUE
from policies.language.types import Facts, FactValue, Type
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.decimals import EPSS_UNITS

DISMISSALS = frozenset({"not_affected", "fixed"})
_INSTANTS = frozenset(path for path, spec in CATALOGUE.items() if spec.type is Type.INSTANT)


@dataclass(frozen=True, slots=True)
class AcceptedClaim:
    """A claim that is believed here, with how far (basis points)."""

    claim: Claim
    trust: int


def identifiers(stored: Mapping[str, JsonValue]) -> tuple[str, ...]:
    """Return every name of the vulnerability a finding's stored facts are about; none for other kinds."""
    name = stored.get("vuln.id")
    aliases = stored.get("vuln.aliases") or ()
    if not isinstance(name, str) or not isinstance(aliases, list | tuple):
        return ()
    return (name, *(str(alias) for alias in aliases))


def assemble(
    stored: Mapping[str, JsonValue],
    *,
    circumstances: Facts,
    knowledge: Knowledge,
    accepted: Sequence[AcceptedClaim] = (),
) -> Facts:
    """Return all facts of one finding.

    `circumstances` are the facts every finding of the evaluation shares (env, artifact, service, run). A feed that
    was never connected leaves its facts unknown; a catalogue that was consulted and is silent says `false`.
    """
    facts: dict[str, FactValue] = dict(circumstances)
    for path, value in stored.items():
        if path in _INSTANTS:
            facts[path] = datetime.fromisoformat(str(value))
        else:
            facts[path] = tuple(value) if isinstance(value, list) else value  # type: ignore[assignment]  # JSON of the catalogue
    _add_knowledge(facts, identifiers(stored), knowledge)
    _add_claims(facts, accepted)
    return facts


def _add_knowledge(facts: dict[str, FactValue], names: Sequence[str], knowledge: Knowledge) -> None:
    if not names:
        return
    epss = knowledge.epss_of(names)
    if epss is not None:
        facts["epss.score"] = epss.score / EPSS_UNITS
        facts["epss.percentile"] = epss.percentile / EPSS_UNITS
    if not knowledge.consulted("kev"):
        return
    kev = knowledge.kev_of(names)
    facts["kev.listed"] = kev is not None
    if kev is not None:
        facts["kev.due_date"] = datetime.combine(kev.due_date, time.min, tzinfo=UTC)
        if kev.ransomware is not None:
            facts["kev.ransomware"] = kev.ransomware


def _add_claims(facts: dict[str, FactValue], accepted: Sequence[AcceptedClaim]) -> None:
    """INVARIANT: without an accepted claim the status is `none`, a known value: silence is not a dismissal."""
    facts["vex.statements"] = tuple(_statement(one) for one in accepted)
    facts["vex.status"] = "none"
    if not accepted:
        return
    # A believed "affected" or "under investigation" outweighs any dismissal: contested is not dismissed.
    contesting = [one for one in accepted if one.claim.status not in DISMISSALS]
    strongest = max(contesting or accepted, key=lambda one: (one.trust, one.claim.status, one.claim.source))
    facts["vex.status"] = strongest.claim.status
    facts["vex.source"] = strongest.claim.author or strongest.claim.source
    facts["vex.trust"] = strongest.trust / 10_000
    if strongest.claim.justification:
        facts["vex.justification"] = strongest.claim.justification


def _statement(one: AcceptedClaim) -> dict[str, bool | float | str | datetime]:
    statement: dict[str, bool | float | str | datetime] = {
        "status": one.claim.status,
        "source": one.claim.author or one.claim.source,
        "trust": one.trust / 10_000,
    }
    if one.claim.justification:
        statement["justification"] = one.claim.justification
    if one.claim.issued_at:
        statement["issued_at"] = datetime.fromisoformat(one.claim.issued_at)
    return statement
