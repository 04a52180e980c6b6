"""Whether terms in force say all that others ask for: what refuses a request and what closes one ask the same."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from exceptions.matching.scope import Scope, narrower
from exceptions.models import ExceptionTerms
from exceptions.rules.facts import SeenFacts
from exceptions.rules.levels import ceiling_of
from exceptions.rules.strength import is_as_strong
from exceptions.rules.vocabulary import Effect
from exceptions.services.drafting import Drafted


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for, as far as terms in force may say it already; `seen` is what they knew of it."""

    scope: Scope
    effect: Effect
    starts_at: datetime
    expires_at: datetime
    seen: tuple[SeenFacts, ...]

    @classmethod
    def drafted(cls, drafted: Drafted) -> Self:
        """Return what a request is about to ask for."""
        asked = drafted.asked
        return cls(asked.scope, drafted.effect, drafted.starts_at, asked.expires_at, drafted.seen)

    @classmethod
    def waiting(cls, terms: ExceptionTerms, *, at: datetime) -> Self:
        """Return what terms that wait still ask for at the instant."""
        starts_at = max(terms.starts_at, at)
        return cls(terms.selector(), Effect(terms.effect), starts_at, terms.expires_at, terms.seen_facts())


def covers(terms: ExceptionTerms, wish: Wish) -> bool:
    """Whether terms in force are no narrower, no shorter and no weaker, and bear findings as bad and of the kind."""
    lasts = terms.starts_at <= wish.starts_at and terms.expires_at >= wish.expires_at
    suffices = lasts and is_as_strong(Effect(terms.effect), wish.effect)
    return suffices and _speaks_of(terms, wish) and narrower(wish.scope, terms.selector())


def _speaks_of(terms: ExceptionTerms, wish: Wish) -> bool:
    """Whether terms in force may cover findings as bad as those asked about, and of their kind.

    What names vulnerabilities reaches malware and secrets too, which no package alone does.
    """
    bears = ceiling_of(terms.seen_facts()).rank >= ceiling_of(wish.seen).rank
    return bears and bool(terms.selector().vulnerabilities or not wish.scope.vulnerabilities)
