"""Judges what is asked for before anything is kept: every mistake at once, then level, seats and the longest term."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from exceptions import ports
from exceptions.asking import SHORTEST_RATIONALE, Asked
from exceptions.errors import ConditionAlreadyTrue, ExceptionInvalid, TicketMissing, TooBroad, TooLong
from exceptions.matching.around import scope_around
from exceptions.matching.scope import Scope
from exceptions.ports import Coverage
from exceptions.rules.conditions import Action, Condition, default_conditions, ordered
from exceptions.rules.effects import EffectEntry, Overrides, Registry, registry
from exceptions.rules.facts import SeenFacts
from exceptions.rules.level_table import LevelRule, longest
from exceptions.rules.levels import Judged, level_of
from exceptions.rules.recheck import already_true
from exceptions.rules.vocabulary import KIND_OF, Effect, Kind, Level
from exceptions.rules.wording import counted, with_article
from exceptions.selectors import level_rule, levels
from exceptions.services.judging import Agreed, fired_against
from stellapolicy.access.roles import Scope as Held
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.refusals import Fault, Refusal
from stellapolicy.tenancy.models import Environment, Service, Team, Tier

MOST_GROUPS = 2_000
FARTHEST_START = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Drafted:
    """What was asked for, judged as of `at`: whom it takes, and what they will see.

    around: what is found in the packages it is about besides what is asked for, where a condition asks for that.
    within: the services it stays within, whatever else comes to match; none where it may reach any service.
    """

    asked: Asked
    effect: Effect
    starts_at: datetime
    conditions: tuple[Condition, ...]
    coverage: Coverage
    seen: tuple[SeenFacts, ...]
    judged: Judged
    rule: LevelRule
    within: tuple[UUID, ...]
    owner_team: Team | None
    first_start: datetime
    at: datetime
    around: Coverage | None = None

    @property
    def kind(self) -> Kind:
        """What it rests on."""
        return KIND_OF[self.asked.reason]

    @property
    def known(self) -> tuple[tuple[str, ...], ...]:
        """What is known around it, as (vulnerability, package, versions …), so that it is not called new later."""
        found = self.around.seen if self.around is not None else ()
        return tuple(sorted((one.vulnerability, one.package, *one.versions) for one in found))


def draft(
    asked: Asked,
    *,
    actor: Actor,
    at: datetime,
    first_start: datetime | None = None,
    is_new: bool = True,
    needs_scope: bool = True,
) -> Drafted:
    """Judge a request; raises ExceptionInvalid with every mistake, and the refusals of its members.

    These are TooBroad, TooLong, TicketMissing, ConditionAlreadyTrue and ScopeMissing.

    first_start: where terms before these began, from which the longest term counts. needs_scope: False where an
    approver lessens what somebody else asked for.
    """
    drafted = sketch(asked, actor=actor, at=at, first_start=first_start, is_new=is_new, needs_scope=needs_scope)
    for refusal in unfit(drafted):
        raise refusal
    return drafted


def sketch(
    asked: Asked,
    *,
    actor: Actor,
    at: datetime,
    first_start: datetime | None = None,
    is_new: bool = True,
    needs_scope: bool = True,
) -> Drafted:
    """Judge a request as `draft` does, and leave what its level refuses to `unfit`: for whoever looks first."""
    starts_at = asked.starts_at or at
    entry = effects()[asked.type, asked.reason]
    faults = [*_wording(asked), *_window(asked, starts_at, at=at, is_new=is_new), *_effect(asked, entry)]
    team = _owner(asked, faults)
    environments = _environments(asked.scope, faults)
    services = _services(asked.scope, faults)
    _places(asked, faults)
    if faults:
        found = f"{counted(len(faults), 'mistake')}; the first: {faults[0].message}"
        raise ExceptionInvalid(found, faults=tuple(faults))
    coverage = look(asked, at=at)
    within = _within(asked.scope, services, coverage)
    for service in (within or (None,)) if needs_scope else ():
        actor.require(Held.EXCEPTION_WRITE, service=service)
    seen = coverage.seen
    judged = judge_level(coverage, production=_reaches_production(environments))
    conditions = _conditions(asked, judged.level, term=asked.expires_at - starts_at)
    return Drafted(
        asked=replace(asked, starts_at=starts_at),
        effect=asked.effect or entry.effect,
        starts_at=starts_at,
        conditions=conditions,
        coverage=coverage,
        seen=seen,
        judged=judged,
        rule=level_rule(judged.level, levels()),
        within=within,
        owner_team=team,
        first_start=first_start or starts_at,
        at=at,
        around=_around(asked, conditions, seen, at=at),
    )


def _conditions(asked: Asked, level: Level, *, term: timedelta) -> tuple[Condition, ...]:
    """Return what makes it void.

    INVARIANT: what nobody has to agree to keeps every condition of its kind, whatever else is asked for.
    """
    usual = default_conditions(KIND_OF[asked.reason], asked.reason, term=term)
    if asked.conditions is None:
        return usual
    return ordered({*usual, *asked.conditions}) if level is Level.A0 else asked.conditions


def _around(
    asked: Asked, conditions: tuple[Condition, ...], seen: tuple[SeenFacts, ...], *, at: datetime
) -> Coverage | None:
    """Return what is found in the packages besides what is asked about; None where no condition asks."""
    scope = scope_around(asked.scope, conditions, seen)
    if scope is None:
        return None
    around = ports.covered(scope, type=asked.type, at=at)
    if not around.complete:
        raise TooBroad("its packages have more findings than anybody can look at; leave out what asks for new ones")
    return around


def judge_level(coverage: Coverage, *, production: bool) -> Judged:
    """Return the level of what is covered; `production` says whether the scope may reach it there."""
    return level_of(
        coverage.seen,
        coverage.breadth,
        reachable_in_production=production and any(one.reachability == "reachable" for one in coverage.seen),
        outside_production=not production,
    )


def effects() -> Registry:
    """Return the registry of effects with what the installation set."""
    stated: Overrides = settings.EXCEPTION_EFFECTS
    return registry(stated)


def look(asked: Asked, *, at: datetime) -> Coverage:
    """Return what a request covers now; refuses what nobody can look at as a whole."""
    coverage = ports.covered(asked.scope, type=asked.type, at=at)
    if not coverage.complete or len(coverage.seen) > MOST_GROUPS:
        raise TooBroad(
            f"it covers more than {MOST_GROUPS:,} vulnerabilities of packages, or more than {ports.MOST_FINDINGS:,} "
            "findings; name fewer, so that whoever approves can see what they approve"
        )
    return coverage


def longest_term(drafted: Drafted) -> timedelta:
    """Return how long it may last: the shorter of what its level and its effect allow."""
    entry = effects()[drafted.asked.type, drafted.asked.reason]
    return min(longest(drafted.rule, drafted.kind, drafted.effect), entry.longest_for(drafted.effect))


def unfit(drafted: Drafted) -> Iterator[Refusal]:
    """Give every refusal of what was asked for at its level: too long, no ticket, void at once."""
    most = longest_term(drafted)
    latest = drafted.first_start + most
    if drafted.asked.expires_at > latest:
        level = drafted.judged.level.value.upper()
        message = (
            f"at level {level} {with_article(drafted.kind)} lasts at most {most.days} days, "
            f"from its first start until {rfc3339(latest)}"
        )
        yield TooLong(message, faults=(Fault("/expires_at", TooLong.code, message),))
    if drafted.rule.needs_ticket and not drafted.asked.ticket.strip():
        message = f"level {drafted.judged.level.value.upper()} needs a ticket"
        yield TicketMissing(message, faults=(Fault("/ticket", TicketMissing.code, message),))
    if true_now := _true_now(drafted):
        names = ", ".join(f"{one.kind} {one.threshold}".strip() for one in true_now)
        yield ConditionAlreadyTrue(f"it would be void at once: {names}")


def _true_now(drafted: Drafted) -> tuple[Condition, ...]:
    """Return the conditions that could never become true: absolute ones, and whatever does more than warn, that are.

    What is not to begin yet is judged as of its beginning.
    """
    agreed = Agreed(
        conditions=drafted.conditions,
        scope=drafted.asked.scope,
        seen=drafted.seen,
        known=drafted.known,
        artifacts=drafted.coverage.breadth.artifacts,
        services=drafted.coverage.breadth.services,
        expires_at=drafted.asked.expires_at,
    )
    found = fired_against(agreed, drafted.coverage, drafted.around, at=max(drafted.at, drafted.starts_at))
    fired = (one.condition for one in found if one.action is not Action.WARN)
    return ordered({*already_true(drafted.conditions, seen=drafted.seen), *fired})


def _wording(asked: Asked) -> list[Fault]:
    faults = []
    if len(asked.rationale.strip()) < SHORTEST_RATIONALE:
        message = f"say why in at least {SHORTEST_RATIONALE} characters"
        faults.append(Fault("/rationale", "rationale.too_short", message))
    effect = asked.effect or effects()[asked.type, asked.reason].effect
    if effect is Effect.REQUIRE_CONTROL and not asked.controls:
        faults.append(Fault("/controls", "controls.missing", "name the controls that compensate"))
    return faults


def _window(asked: Asked, starts_at: datetime, *, at: datetime, is_new: bool) -> list[Fault]:
    faults = []
    if asked.expires_at <= max(starts_at, at):
        faults.append(Fault("/expires_at", "window.over", "it ends after it begins, and not in the past"))
    if is_new and starts_at < at - timedelta(minutes=5):
        faults.append(Fault("/starts_at", "window.past", "it does not begin in the past"))
    if starts_at > at + FARTHEST_START:
        faults.append(Fault("/starts_at", "window.too_far", f"it begins within {FARTHEST_START.days} days"))
    return faults


def _effect(asked: Asked, entry: EffectEntry) -> list[Fault]:
    if asked.effect is None or asked.effect in entry.effects:
        return []
    message = f"{asked.reason} of {with_article(asked.type)} allows {', '.join(entry.effects)}"
    return [Fault("/effect", "effect.not_of_reason", message)]


def _owner(asked: Asked, faults: list[Fault]) -> Team | None:
    if not asked.owner_team:
        return None
    team = Team.objects.filter(slug=asked.owner_team).first()
    if team is None:
        faults.append(Fault("/owner_team", "team.unknown", f"there is no team {asked.owner_team[:60]!r}"))
    return team


def _environments(scope: Scope, faults: list[Fault]) -> list[Environment]:
    found = {row.slug: row for row in Environment.objects.filter(slug__in=scope.environments)}
    for place, slug in enumerate(scope.environments):
        if slug not in found:
            message = f"there is no environment {slug[:60]!r}"
            faults.append(Fault(f"/scope/environments/{place}", "environment.unknown", message))
    return list(found.values())


def _places(asked: Asked, faults: list[Fault]) -> None:
    """Fault conditions that wait for something in an environment there is not."""
    named = {place for one in asked.conditions or () for place in one.environments}
    known = set(Environment.objects.filter(slug__in=named).values_list("slug", flat=True)) if named else set()
    for place, one in enumerate(asked.conditions or ()):
        for slug in sorted(set(one.environments) - known):
            message = f"there is no environment {slug[:60]!r}"
            faults.append(Fault(f"/recheck/{place}/environments", "environment.unknown", message))


def _services(scope: Scope, faults: list[Fault]) -> list[Service]:
    found = {row.slug: row for row in Service.objects.filter(slug__in=scope.services)}
    for place, slug in enumerate(scope.services):
        if slug not in found:
            faults.append(Fault(f"/scope/services/{place}", "service.unknown", f"there is no service {slug[:60]!r}"))
    return list(found.values())


def _within(scope: Scope, services: list[Service], coverage: Coverage) -> tuple[UUID, ...]:
    """Return the services it can never leave: those it names, or those of the very artifacts it names.

    INVARIANT: what is bound by neither may come to match any service, so it is asked for, and decided, by people of
    the whole tenant, whatever it happens to match today.
    """
    if services:
        return tuple(sorted(service.pk for service in services))
    if not scope.digests:
        return ()
    known = {one.digest: one.service_id for one in coverage.artifacts}
    owners = [known.get(digest) for digest in scope.digests]
    return () if None in owners else tuple(sorted({owner for owner in owners if owner is not None}))


def _reaches_production(environments: list[Environment]) -> bool:
    return not environments or any(row.tier == Tier.PRODUCTION for row in environments)
