"""What is matched: a finding as the policy judged it and the place it is in; which kinds an exception may cover."""

from dataclasses import dataclass
from typing import Final

from exceptions.matching.scope import Scope
from exceptions.rules.vocabulary import Effect, ExceptionType
from stellapolicy.kernel.image_names import bare_name
from stellapolicy.kernel.severity import Severity

VULNERABILITY: Final = "vulnerability"
COMPONENT: Final = "component"
LICENCE: Final = "licence"
# A package's or a vulnerability's exception must not let these through by the way.
# The effects that reach one kind of finding alone.
_ONLY_KIND = {Effect.SUPPRESS_LICENSE: LICENCE, Effect.SUPPRESS_DEPRECATION: COMPONENT}
_ONLY_BY_NAME = frozenset({"secret", "malware"})
_OF_A_COMPONENT = frozenset({VULNERABILITY, LICENCE, COMPONENT})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding is; what is not known is "" and lies in no scope that names one."""

    artifact_digest: str
    artifact_name: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    service: str = ""
    environment: str = ""

    @property
    def names(self) -> frozenset[str]:
        """The artifact's name as it was given, and without tag and digest."""
        return frozenset(filter(None, (self.artifact_name, bare_name(self.artifact_name))))


@dataclass(frozen=True, slots=True)
class Subject:
    """One finding as the policy judged it without any exception.

    `names` are its id and aliases in canonical spelling, `rule` the qualified name of the rule that decided, and
    `undecided` says that an unknown fact had a part in it.
    """

    kind: str
    names: tuple[str, ...]
    purl: str
    severity: str
    rule: str = ""
    undecided: bool = False


def may_cover(exception_type: ExceptionType, effect: Effect, scope: Scope, subject: Subject) -> bool:
    """Whether an exception of this type and effect may cover such a finding at all, wherever and whatever it is.

    Secrets and malware need an exception that names them: by their id, or as a policy's by the rule.
    """
    if subject.kind != _ONLY_KIND.get(effect, subject.kind):
        return False
    if exception_type is ExceptionType.UNKNOWN and not (subject.undecided or subject.severity == Severity.UNKNOWN):
        return False
    if subject.kind in _ONLY_BY_NAME:
        return bool(scope.vulnerabilities or (exception_type is ExceptionType.POLICY and scope.rules))
    match exception_type:
        case ExceptionType.VULNERABILITY:
            return subject.kind == VULNERABILITY
        case ExceptionType.COMPONENT:
            return subject.kind in _OF_A_COMPONENT
        case ExceptionType.UNKNOWN | ExceptionType.POLICY:
            return True
