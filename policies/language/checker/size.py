"""The size of terms: values of profiles are put in place, so a short text could stand for a vast term."""

from dataclasses import dataclass, field
from typing import NamedTuple

from policies.language.checker.scope import Scope
from policies.language.source import Span
from policies.language.terms import Term, children


class _Size(NamedTuple):
    nodes: int
    depth: int


@dataclass(slots=True)
class Sizes:
    """Measures terms without walking twice through one that is remembered.

    INVARIANT: remembered terms are kept alive here, so that an identity is never used again for another term.
    """

    _known: dict[int, tuple[Term, _Size]] = field(default_factory=dict)

    def remember(self, term: Term) -> None:
        """Keep the size of a term that will be put in place elsewhere."""
        self._known[id(term)] = (term, self._measure(term))

    def fits(self, scope: Scope, term: Term, span: Span) -> bool:
        """Whether a term is within the limits with everything in its place; reports it where it is not."""
        size = self._measure(term)
        if size.depth > scope.limits.depth:
            nested = f"this is nested {size.depth} deep; {scope.limits.depth} are allowed"
            scope.gathering.report("E403", span, f"with the values of profiles in place {nested}")
        if size.nodes > scope.limits.nodes:
            message = (
                f"with the values of profiles in place this has {size.nodes} nodes; {scope.limits.nodes} are allowed"
            )
            scope.gathering.report("E404", span, message)
        return size.depth <= scope.limits.depth and size.nodes <= scope.limits.nodes

    def nodes(self, term: Term) -> int:
        """Return the number of nodes of a term with everything in its place."""
        return self._measure(term).nodes

    def _measure(self, term: Term) -> _Size:
        if id(term) in self._known:
            return self._known[id(term)][1]
        inner = [self._measure(child) for child in children(term)]
        return _Size(1 + sum(size.nodes for size in inner), 1 + max((size.depth for size in inner), default=0))
