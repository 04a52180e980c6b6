"""What exceptions say of themselves, in words that a reader at night understands."""

from collections.abc import Iterable, Mapping
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from exceptions.matching.scope import Scope
from exceptions.models import ExceptionTerms, PolicyException
from exceptions.rules.conditions import Action, Condition, ConditionKind, days
from exceptions.rules.vocabulary import Effect, Kind, State
from stellapolicy.admin import cells

_SHOWN: Final = 2
_GROUPED: Final = frozenset({"alpm", "apk", "deb", "maven", "rpm"})

EFFECTS: Final[Mapping[Effect, StrOrPromise]] = {
    Effect.SUPPRESS: gettext_lazy("What it covers holds nothing back; it stays visible as suppressed."),
    Effect.DEFER: gettext_lazy("What it covers is put off: it holds nothing back until the exception ends."),
    Effect.REQUIRE_CONTROL: gettext_lazy("What it covers holds nothing back while its controls hold."),
    Effect.DOWNGRADE_LOW: gettext_lazy("What it covers counts as low."),
    Effect.DOWNGRADE_MEDIUM: gettext_lazy("What it covers counts as medium."),
    Effect.DEFER_VENDOR: gettext_lazy("What it covers is put off until the vendor has answered."),
    Effect.SUPPRESS_DEPRECATION: gettext_lazy("The deprecation it covers holds nothing back."),
    Effect.SUPPRESS_LICENSE: gettext_lazy("The licence it covers holds nothing back."),
    Effect.DEFER_DEFAULT: gettext_lazy("What it covers is put off for a short time."),
}
KINDS: Final[Mapping[Kind, StrOrPromise]] = {
    Kind.FACT: gettext_lazy("It rests on a fact, and is void when the fact is."),
    Kind.PLAN: gettext_lazy("It rests on a plan, which can slip."),
    Kind.ACCEPTANCE: gettext_lazy("Somebody takes the risk as it is."),
}
STATES: Final[Mapping[State, StrOrPromise]] = {
    State.PROPOSED: gettext_lazy("It was asked for and applies to nothing until others agree."),
    State.CHANGES_REQUESTED: gettext_lazy("It waits for whoever asked; the clock of the decision stands still."),
    State.APPROVED: gettext_lazy("It is approved and has not begun."),
    State.ACTIVE: gettext_lazy("It is in force."),
    State.REVALIDATION_REQUIRED: gettext_lazy("It must be approved anew, because what it rests on changed."),
    State.REJECTED: gettext_lazy("Somebody said no. It can be asked for anew."),
    State.WITHDRAWN: gettext_lazy("It was taken back, or nobody answered in time."),
    State.SUPERSEDED: gettext_lazy("A broader exception says all of it."),
    State.REVOKED: gettext_lazy("Somebody ended it early."),
    State.EXPIRED: gettext_lazy("Its time is over."),
}
ENDED: Final[Mapping[State, StrOrPromise]] = {
    State.REJECTED: gettext_lazy("It never applied: what it was asked for counts as ever."),
    State.WITHDRAWN: gettext_lazy("It never applied: what it was asked for counts as ever."),
    State.SUPERSEDED: gettext_lazy("It never applied itself; the broader one decides."),
    State.REVOKED: gettext_lazy("It applies to nothing any more: what it covered counts again."),
    State.EXPIRED: gettext_lazy("It applies to nothing any more: what it covered counts again."),
}
_CONDITIONS: Final[Mapping[ConditionKind, StrOrPromise]] = {
    ConditionKind.KEV_LISTED: gettext_lazy("it becomes known to be exploited"),
    ConditionKind.EPSS_RISES: gettext_lazy("its EPSS rises by %(limit)s, or across 0.5"),
    ConditionKind.CVSS_RISES: gettext_lazy("its score rises by %(limit)s, or its severity at all"),
    ConditionKind.REACHABILITY_GAINS_PATH: gettext_lazy("a path to the code is found"),
    ConditionKind.FIX_APPEARS: gettext_lazy("a fix appears"),
    ConditionKind.VEX_WORSENS: gettext_lazy("VEX no longer dismisses it, or says that it affects us"),
    ConditionKind.NEW_CVE_IN_PACKAGE: gettext_lazy("a further vulnerability of its package is found"),
    ConditionKind.PACKAGE_VERSION_LEAVES_RANGE: gettext_lazy("the package leaves the range of versions"),
    ConditionKind.UNKNOWNS_ABOVE: gettext_lazy("more than %(limit)s findings of unknown severity are covered"),
    ConditionKind.SCOPE_GREW: gettext_lazy("it matches %(limit)s %% more artifacts, or another service"),
    ConditionKind.EXPIRY_WITHIN: gettext_lazy("it ends within %(limit)s"),
    ConditionKind.EPSS_ABOVE: gettext_lazy("its EPSS is above %(limit)s"),
    ConditionKind.CVSS_ABOVE: gettext_lazy("its score is above %(limit)s"),
    ConditionKind.KEV_IS_LISTED: gettext_lazy("it is known to be exploited"),
}
ACTIONS: Final[Mapping[Action, StrOrPromise]] = {
    Action.WARN: gettext_lazy("its people are told"),
    Action.REQUIRE_REAPPROVAL: gettext_lazy("it must be approved anew"),
    Action.REVOKE: gettext_lazy("it ends"),
    Action.BLOCK: gettext_lazy("what it covers is blocked until somebody decides"),
}


def about(row: PolicyException) -> str:
    """Return what an exception is about, in one line, from what its row mirrors."""
    named = _several(row.vulnerabilities) or _several(map(_package, row.packages)) or _several(row.rules)
    packages = _several(map(_package, row.packages)) if row.vulnerabilities and row.packages else ""
    parts = [named or str(cells.spoken(row.type))]
    if packages:
        parts.append(_("in %(packages)s") % {"packages": packages})
    if row.services:
        parts.append(_("of %(services)s") % {"services": _several(row.services)})
    if row.environments:
        parts.append(f"→ {_several(row.environments)}")
    return " ".join(parts)


def condition(one: Condition) -> str:
    """Return when a condition is true, in words."""
    limit = cells.span(days(one.limit)) if one.kind is ConditionKind.EXPIRY_WITHIN else one.limit
    said = str(_CONDITIONS[one.kind]) % {"limit": limit}
    if not one.environments:
        return said
    return _("%(said)s, seen from %(environments)s") % {"said": said, "environments": ", ".join(one.environments)}


def policy(conditions: Iterable[Condition]) -> list[tuple[str, str, str]]:
    """Return a recheck policy: when each condition is true, what then happens, and the word of that."""
    return [(condition(one), str(ACTIONS[one.action]), one.action.value) for one in conditions]


def condition_kind(kind: ConditionKind) -> str:
    """Return what a kind of condition watches, its threshold left open."""
    open_limit = _("… days") if kind is ConditionKind.EXPIRY_WITHIN else "…"
    return str(_CONDITIONS[kind]) % {"limit": open_limit}


def scope(terms: ExceptionTerms) -> tuple[str, ...]:
    """Return the scope of terms in sentences."""
    return Scope.from_json(terms.scope).in_words()


def _several(values: Iterable[str]) -> str:
    named = list(values)
    shown, more = ", ".join(named[:_SHOWN]), len(named) - _SHOWN
    return _("%(shown)s and %(more)d more") % {"shown": shown, "more": more} if more > 0 else shown


def _package(text: str) -> str:
    """Return a package as people call it: without the group it is in, where its kind has groups."""
    kind, _slash, path = text.removeprefix("pkg:").partition("/")
    name = path.rpartition("/")[2] if kind in _GROUPED else path
    return name if any(map(str.isalnum, name)) else text.removeprefix("pkg:")
