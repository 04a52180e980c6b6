"""Reads that join what the exceptions room holds."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Cast

from exceptions.asking import Asked
from exceptions.errors import ExceptionNotFound
from exceptions.matching.first_look import scope_keys, type_keys
from exceptions.matching.standing import StandingException
from exceptions.models import ApprovalTable, ExceptionTerms, PolicyException
from exceptions.models.exception import PolicyExceptionQuerySet
from exceptions.rules.level_table import STANDARD, LevelRule, read_levels
from exceptions.rules.levels import ceiling_of
from exceptions.rules.vocabulary import Effect, ExceptionType, Kind, Level, Reason, State
from stellapolicy.access.roles import Scope as Held
from stellapolicy.governance.models import ApprovalRequest, ApprovalState
from stellapolicy.kernel.actor import Actor

KIND = "exception"
TARGET = "exceptions.exceptionterms"


def exception_of(actor: Actor, reference: str | UUID, *, scope: str = Held.EXCEPTION_READ) -> PolicyException:
    """Return an exception the actor may see, by its id or its number, or refuse."""
    found = visible(actor, scope=scope).filter(named_by(reference)).first()
    if found is None:
        raise ExceptionNotFound(f"{str(reference)[:60]!r} is no exception of this tenant that you may see")
    return found


def held_exception(actor: Actor, reference: str | UUID) -> PolicyException:
    """Return the same, held against other writers until the transaction ends."""
    # Held first and read after: a row that another writer changed meanwhile must not be joined to what it was.
    key = PolicyException.objects.visible_to(actor, Held.EXCEPTION_READ).filter(named_by(reference)).locked()
    pk = key.values_list("pk", flat=True).first()
    if pk is None:
        raise ExceptionNotFound(f"{str(reference)[:60]!r} is no exception of this tenant that you may see")
    return PolicyException.objects.with_terms().get(pk=pk)


def visible(actor: Actor, *, scope: str = Held.EXCEPTION_READ) -> PolicyExceptionQuerySet:
    """Return the exceptions an actor may see, with their terms."""
    return PolicyException.objects.visible_to(actor, scope).with_terms()


def named_by(reference: str | UUID) -> Q:
    """Return the condition for an exception called by its id or its number."""
    if isinstance(reference, UUID):
        return Q(pk=reference)
    try:
        return Q(pk=UUID(reference))
    except ValueError:
        return Q(number=reference.upper())


def request_for(terms: ExceptionTerms) -> ApprovalRequest | None:
    """Return the newest request for approval of these terms, with its votes."""
    rows = ApprovalRequest.objects.filter(kind=KIND, target_type=TARGET, target_id=str(terms.pk))
    return rows.with_votes().order_by("-created_at", "-id").first()


def requests_for(terms: Iterable[UUID]) -> dict[UUID, ApprovalRequest]:
    """Return the newest request of each of these terms; two reads."""
    wanted = [str(pk) for pk in terms]
    rows = ApprovalRequest.objects.filter(kind=KIND, target_type=TARGET, target_id__in=wanted)
    return {UUID(row.target_id): row for row in rows.with_votes().order_by("created_at", "id")}


def levels() -> tuple[LevelRule, ...]:
    """Return the table of levels in force in the tenant."""
    newest = ApprovalTable.objects.order_by("-version").first()
    return STANDARD if newest is None else read_levels(newest.levels)


def level_rule(level: Level, table: Sequence[LevelRule]) -> LevelRule:
    """Return the line of the table for a level."""
    return next(rule for rule in table if rule.level is level)


def standing_form(exception: PolicyException, terms: ExceptionTerms | None = None) -> StandingException:
    """Return an exception the way an evaluation freezes it; with `terms`, as if these were in force."""
    held = terms or exception.terms
    if held is None:
        raise ValueError(f"{exception.number} has no terms in force")
    is_candidate = terms is not None and terms.pk != exception.terms_id
    state = State.ACTIVE if is_candidate else State(exception.state)
    return StandingException(
        id=exception.number,
        terms_digest=held.digest,
        type=ExceptionType(exception.type),
        reason=Reason(exception.reason),
        kind=Kind(exception.kind),
        effect=Effect(held.effect),
        scope=held.selector(),
        starts_at=held.starts_at,
        expires_at=held.expires_at,
        approved_at=held.at if is_candidate or exception.approved_at is None else exception.approved_at,
        state=state,
        grace_until=None if is_candidate else exception.grace_until,
        blocks=False if is_candidate else exception.blocks,
        controls=tuple(held.controls),
        conditions=held.recheck_policy(),
        seen=held.seen_facts(),
        ceiling=ceiling_of(held.seen_facts()),
        known=tuple(tuple(map(str, row)) for row in held.counts.get("known", [])),
    )


def standing_about(
    names: Iterable[str], packages: Iterable[str], *, environment: str, service: str
) -> list[PolicyException]:
    """Return the approved exceptions that may concern a release with findings of these names; one read.

    Whether one applies at an instant, and to which finding, the matcher says; left out here is only what certainly
    concerns something else. `packages` are the first keys of the matcher, see `finding_keys`.
    """
    rows = (
        PolicyException.objects.standing()
        .select_related("terms")
        .filter(
            Q(vulnerabilities=[]) | Q(vulnerabilities__overlap=sorted(set(names))),
            Q(packages=[]) | Q(packages__overlap=sorted(set(packages))),
            Q(environments=[]) | Q(environments__contains=[environment]),
            Q(services=[]) | Q(services__contains=[service]),
        )
    )
    return list(rows.order_by("number"))


def first_start(exception: PolicyException) -> datetime:
    """Return when the first terms that were agreed to began, from where the longest term counts.

    Nothing was agreed to yet: from when the newest terms ask to begin.
    """
    first = agreed_versions(exception).order_by("version").first() or exception.asked
    return first.starts_at if first is not None else exception.starts_at


def agreed_versions(exception: PolicyException) -> QuerySet[ExceptionTerms]:
    """Return the terms of an exception that were agreed to, whether or not they are still in force."""
    agreed = ApprovalRequest.objects.filter(
        kind=KIND, target_type=TARGET, state=ApprovalState.APPROVED, target_id=Cast(OuterRef("pk"), CharField())
    )
    return exception.versions.filter(Exists(agreed))


def readable_versions(exception: PolicyException, actor: Actor) -> QuerySet[ExceptionTerms]:
    """Return the terms of an exception that the actor may read: those that stay within the services they read."""
    services = actor.services_with(Held.EXCEPTION_READ)
    rows = ExceptionTerms.objects.filter(exception=exception)
    if services is None or (actor.services is None and exception.person == actor.person):
        return rows
    return rows.filter(counts__within__contained_by=sorted(map(str, services))).exclude(counts__within=[])


def covering_rows(asked: Asked, *, at: datetime) -> list[PolicyException]:
    """Return what applies now and may say all that is asked for, with its terms, by number.

    What is being revalidated says nothing for others: it may stop before its end.
    """
    scope = asked.scope
    rows = (
        PolicyException.objects.in_force(at=at)
        .select_related("terms")
        .filter(
            Q(vulnerabilities=[]) | Q(vulnerabilities__contains=list(scope.vulnerabilities)),
            Q(packages=[]) | Q(packages__overlap=["*", *scope_keys(scope), *type_keys(scope)]),
            Q(environments=[]) | Q(environments__contains=list(scope.environments)),
            Q(services=[]) | Q(services__contains=list(scope.services)),
            type=asked.type.value,
            expires_at__gte=asked.expires_at,
        )
    )
    rows = rows.exclude(state=State.REVALIDATION_REQUIRED)
    if not scope.vulnerabilities:
        rows = rows.filter(vulnerabilities=[])
    return list(rows.order_by("number"))
