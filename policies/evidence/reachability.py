"""What analyses of reachability say of a finding: facts, the least comfortable state first."""

from collections.abc import Iterable, Sequence

from policies.importers.records import ReachabilityDetail, ReachabilityFact, ReachabilityState
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.identity import package_identity, without_version

_BASIS_POINTS = 10_000
_STATES = (ReachabilityState.REACHABLE, ReachabilityState.UNKNOWN, ReachabilityState.UNREACHABLE)
_DETAILS = (ReachabilityDetail.CONFIRMED, ReachabilityDetail.RUNTIME, ReachabilityDetail.STATIC)


class ReachabilityIndex:
    """Facts of analyses by every name of their vulnerability, so that ten thousand findings ask in constant time."""

    def __init__(self, facts: Iterable[ReachabilityFact]) -> None:
        self._by_name: dict[str, list[ReachabilityFact]] = {}
        for fact in sorted(set(facts)):
            for name in {fact.vulnerability, *fact.aliases}:
                self._by_name.setdefault(name, []).append(fact)

    def facts_of(self, names: Sequence[str], purl: str) -> dict[str, JsonValue]:
        """Return the facts `reachability.*` of a finding; empty where no analysis looked at it.

        INVARIANT: analyses that disagree leave the worse state standing, with its own detail, score and paths.
        """
        if not self._by_name:
            return {}
        spoken = {fact for name in names for fact in self._by_name.get(name, ()) if _speaks_of(fact, purl)}
        if not spoken:
            return {}
        state = min((fact.state for fact in spoken), key=_STATES.index)
        return _facts(state, [fact for fact in spoken if fact.state is state])


def _facts(state: ReachabilityState, chosen: Sequence[ReachabilityFact]) -> dict[str, JsonValue]:
    facts: dict[str, JsonValue] = {
        "reachability.state": state.value,
        "reachability.detail": min((fact.detail for fact in chosen), key=_DETAILS.index).value,
    }
    # Of a comfortable state the least sure word counts, of any other the surest.
    surest = min if state is ReachabilityState.UNREACHABLE else max
    if scores := [fact.score_basis_points for fact in chosen if fact.score_basis_points >= 0]:
        facts["reachability.score"] = max(scores) / _BASIS_POINTS
    if confidences := [fact.confidence_basis_points for fact in chosen if fact.confidence_basis_points >= 0]:
        facts["reachability.confidence"] = surest(confidences) / _BASIS_POINTS
    if paths := [fact.call_paths for fact in chosen if fact.call_paths >= 0]:
        facts["reachability.paths"] = max(paths)
    return facts


def _speaks_of(fact: ReachabilityFact, purl: str) -> bool:
    if not fact.purl:
        return True
    if not purl:
        return False
    said, present = package_identity(fact.purl), package_identity(purl)
    return said == present or ("@" not in said.rpartition("/")[2] and said == without_version(present))
