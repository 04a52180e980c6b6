"""The one matcher, asked with bare scopes: which of several selections cover a finding."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from exceptions.matching.index import ExceptionIndex
from exceptions.matching.standing import StandingException
from exceptions.matching.subject import Place, Subject
from exceptions.ports import Selection
from exceptions.rules.vocabulary import Effect, ExceptionType, Kind, Reason, State
from stellapolicy.kernel.severity import Severity

_ANY_RULE: Final = "*"
_SOME_RULE: Final = "some/rule"
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_EVER: Final = datetime.min.replace(tzinfo=UTC)

JudgedSubject = Callable[[str], Subject | None]
"""The finding as the policy of an environment judges it; None where none is in force."""


def depends_on_verdicts(selection: Selection) -> bool:
    """Whether what it covers may depend on what the policies say."""
    return bool(selection.scope.rules) or selection.type is ExceptionType.UNKNOWN


class Selections:
    """Selections ready to be asked about findings; no verdict is asked for that no selection depends on."""

    def __init__(self, selections: Sequence[Selection]) -> None:
        self._by_key = {one.key: one for one in selections}
        self._open = ExceptionIndex(_stand_in(one, any_rule=True) for one in selections)
        self._exact = ExceptionIndex(_stand_in(one) for one in selections if depends_on_verdicts(one))
        self._named = {slug for one in selections for slug in one.scope.environments or ("",)}

    def environments(self, in_force: Iterable[str]) -> list[str]:
        """Return the environments to ask about: those that are named, and all where a rule may hold in any of them.

        "" is none in particular, which is enough for a scope that names none and depends on no verdict.
        """
        asks_anywhere = any(depends_on_verdicts(one) and not one.scope.environments for one in self._by_key.values())
        return sorted({*self._named, *(in_force if asks_anywhere else ())})

    def covering(self, subject: Subject, places: Sequence[Place], judged: JudgedSubject) -> list[str]:
        """Return the keys of the selections that cover a finding in one of these places at least.

        subject: the finding before any verdict, as if every rule had decided it and something were unknown.
        """
        found: set[str] = set()
        for place in places:
            asked = {one.id for one in self._open.in_scope(subject, place)} - found
            depends = {key for key in asked if self._depends(key, subject)}
            found |= asked - depends
            if depends and (known := judged(place.environment)) is not None:
                found |= depends & {one.id for one in self._exact.in_scope(known, place)}
        return sorted(found)

    def _depends(self, key: str, subject: Subject) -> bool:
        one = self._by_key[key]
        is_unknown = subject.severity == Severity.UNKNOWN
        return bool(one.scope.rules) or (one.type is ExceptionType.UNKNOWN and not is_unknown)


def unjudged(kind: str, names: tuple[str, ...], purl: str, severity: str) -> Subject:
    """Return a finding before any verdict, such that whatever may cover it with one covers it."""
    return Subject(kind, names, purl, severity, rule=_SOME_RULE, undecided=True)


def _stand_in(selection: Selection, *, any_rule: bool = False) -> StandingException:
    """Return an exception that says no more than the selection: only its type and scope are ever asked."""
    scope = selection.scope
    return StandingException(
        id=selection.key,
        terms_digest="",
        type=selection.type,
        reason=Reason.ACCEPTED_RISK,
        kind=Kind.ACCEPTANCE,
        effect=Effect.DEFER,
        scope=replace(scope, rules=(_ANY_RULE,)) if any_rule and scope.rules else scope,
        starts_at=_EVER,
        expires_at=_NEVER,
        approved_at=_EVER,
        state=State.ACTIVE,
    )
