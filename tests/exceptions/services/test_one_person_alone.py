"""No sequence of calls by one person alone, through any door, lets an exception above A0 apply."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exceptions.asking import Narrowing, TermsChange
from exceptions.matching.scope import Scope
from exceptions.models import ExceptionTerms, PolicyException
from exceptions.models.story import CommentKind
from exceptions.rules.level_table import SMALL_TEAM, write_levels
from exceptions.rules.vocabulary import IN_FORCE, Level, Reason
from exceptions.services import approval, bulk, lifecycle, recheck, request
from exceptions.services.approval_levels import propose_levels
from exceptions.services.thread import say
from stellapolicy.access.reauthentication import AUTHENTICATED_AT
from stellapolicy.access.roles import Role
from stellapolicy.access.roles import Scope as Held
from stellapolicy.governance.models import ApprovalRequest
from stellapolicy.governance.services.approvals import vote, withdraw
from stellapolicy.governance.services.delegations import delegate
from stellapolicy.governance.services.settings import propose_setting
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.refusals import Refusal
from tests.exceptions.desk import DAY, WHY, Desk, asked
from tests.exceptions.services.test_request import scanned
from tests.factories import NOON, UserFactory, give_roles
from tests.gates.conftest import Shop
from tests.reports import HARMLESS, LOG4SHELL

NAMES = (HARMLESS.id, LOG4SHELL)
Deed = Callable[["Loner"], object]


class Loner:
    """One person who holds every role, is a superuser, and acts in person, by a token, or as a puppet they made."""

    def __init__(self, shop: Shop, desk: Desk) -> None:
        self.desk = desk
        self.user = UserFactory(username="loner", is_superuser=True)
        self.puppet = UserFactory(username="puppet")
        for user in (self.user, self.puppet):
            give_roles(user, shop.tenant, *Role)
        self.at = NOON

    def actor(self, guise: str) -> Actor:
        """Return them as they act: themselves, a token of theirs, or a person whose password or token they gave out."""
        signed_in = {AUTHENTICATED_AT: rfc3339(self.at)}
        extra = {
            "person": {"person": self.user.subject, **signed_in},
            "token": {"person": self.user.subject, "reauthentication": "exempt"},
            "puppet": {"person": self.puppet.subject, "password_by": self.user.subject, **signed_in},
            "issued": {"person": self.puppet.subject, "issued_by": self.user.subject, **signed_in},
        }[guise]
        subject = "token:mine" if guise == "token" else extra["person"]
        return Actor(self.desk.tenant.pk, subject, frozenset(Held), extra=extra)


def _ask(loner: Loner, guise: str, pick: int) -> object:
    reason = (Reason.ACCEPTED_RISK, Reason.FALSE_POSITIVE)[pick % 2]
    said = asked(vulnerability=NAMES[pick % 2], reason=reason, at=loner.at, days=3 + pick % 3)
    return request.request_exception(actor=loner.actor(guise), asked=said, at=loner.at)


def _one(pick: int) -> PolicyException | None:
    rows = list(PolicyException.objects.with_terms().order_by("number"))
    return rows[pick % len(rows)] if rows else None


def _hash(exception: PolicyException) -> str:
    terms = ExceptionTerms.objects.filter(exception=exception).order_by("-version").first()
    found = ApprovalRequest.objects.filter(target_id=str(terms.pk)).order_by("-created_at").first() if terms else None
    return found.payload_hash if found else ""


def _on_one(deed: Callable[[Loner, Actor, PolicyException], object]) -> Callable[[Loner, str, int], object]:
    def act(loner: Loner, guise: str, pick: int) -> object:
        exception = _one(pick)
        return None if exception is None else deed(loner, loner.actor(guise), exception)

    return act


def _approve(loner: Loner, actor: Actor, one: PolicyException) -> object:
    return approval.approve_exception(actor=actor, pk=one.pk, payload_hash=_hash(one), comment="yes", at=loner.at)


def _approve_narrower(loner: Loner, actor: Actor, one: PolicyException) -> object:
    less = Narrowing(expires_at=one.expires_at - timedelta(hours=1))
    return approval.approve_exception(
        actor=actor, pk=one.pk, payload_hash=_hash(one), comment="less", at=loner.at, narrowing=less
    )


def _approve_for_another(loner: Loner, actor: Actor, one: PolicyException) -> object:
    holder = loner.desk.actor("sam").person
    return approval.approve_exception(
        actor=actor, pk=one.pk, payload_hash=_hash(one), comment="for sam", at=loner.at, on_behalf_of=holder
    )


def _approve_in_bulk(loner: Loner, actor: Actor, one: PolicyException) -> object:
    rows = [bulk.BulkRow(one.number, _hash(one))]
    return bulk.act_on_many(
        actor=actor, verb=bulk.Verb.APPROVE, rows=rows, comment="all", all_or_nothing=False, at=loner.at
    )


def _vote(loner: Loner, guise: str, pick: int) -> object:
    rows = list(ApprovalRequest.objects.order_by("created_at", "id"))
    if not rows:
        return None
    found = rows[pick % len(rows)]
    return vote(
        actor=loner.actor(guise),
        pk=found.pk,
        approve=True,
        payload_hash=found.payload_hash,
        reason="yes",
        at=loner.at,
    )


def _take_back(loner: Loner, guise: str, pick: int) -> object:
    rows = list(ApprovalRequest.objects.order_by("created_at", "id"))
    return withdraw(actor=loner.actor(guise), pk=rows[pick % len(rows)].pk, reason="no", at=loner.at) if rows else None


def _delegate(loner: Loner, guise: str, pick: int) -> object:
    to = (loner.puppet.subject, loner.user.subject)[pick % 2]
    return delegate(
        actor=loner.actor(guise), to=to, starts_at=loner.at, ends_at=loner.at + DAY, reason="away", at=loner.at
    )


def _propose_levels(loner: Loner, guise: str, pick: int) -> object:
    return propose_levels(actor=loner.actor(guise), levels=write_levels(SMALL_TEAM), reason=f"{pick}", at=loner.at)


def _propose_setting(loner: Loner, guise: str, pick: int) -> object:
    value = pick % 2 == 0
    return propose_setting(
        actor=loner.actor(guise), name="role_grants_need_second_person", value=value, reason="quicker", at=loner.at
    )


def _wait(loner: Loner, _guise: str, pick: int) -> object:
    loner.at += timedelta(hours=pick)
    lifecycle.advance_lifecycles(at=loner.at)
    lifecycle.expire_due(at=loner.at)
    return recheck.sweep(at=loner.at)


DEEDS: dict[str, Callable[[Loner, str, int], object]] = {
    "ask": _ask,
    "approve": _on_one(_approve),
    "approve narrower": _on_one(_approve_narrower),
    "approve for another": _on_one(_approve_for_another),
    "approve in bulk": _on_one(_approve_in_bulk),
    "vote": _vote,
    "take back": _take_back,
    "request changes": _on_one(
        lambda loner, actor, one: approval.request_changes(actor=actor, pk=one.pk, comment="hm", at=loner.at)
    ),
    "resubmit": _on_one(
        lambda loner, actor, one: request.resubmit_exception(actor=actor, pk=one.pk, comment="so", at=loner.at)
    ),
    "change": _on_one(
        lambda loner, actor, one: request.change_terms(
            actor=actor,
            pk=one.pk,
            change=TermsChange(scope=Scope(vulnerabilities=(HARMLESS.id,), environments=("staging",))),
            at=loner.at,
        )
    ),
    "extend": _on_one(
        lambda loner, actor, one: request.extend_exception(
            actor=actor, pk=one.pk, expires_at=loner.at + 5 * DAY, rationale=WHY, at=loner.at
        )
    ),
    "answer": _on_one(
        lambda loner, actor, one: say(actor=actor, pk=one.pk, text="yes", kind=CommentKind.ANSWER, at=loner.at)
    ),
    "delegate": _delegate,
    "propose levels": _propose_levels,
    "propose a setting": _propose_setting,
    "wait": _wait,
}
STEPS = st.lists(
    st.tuples(
        st.sampled_from(sorted(DEEDS)),
        st.sampled_from(["person", "token", "puppet", "issued"]),
        st.integers(min_value=0, max_value=5),
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_one_person_alone_never_lets_anything_above_a0_apply(
    in_shop: Shop, desk: Desk, steps: list[tuple[str, str, int]]
) -> None:
    with transaction.atomic():
        scanned(in_shop, "shop/api")
        loner = Loner(in_shop, desk)
        for name, guise, pick in [("ask", "person", 0), *steps]:
            _try(loner, name, guise, pick)

        above = PolicyException.objects.filter(state__in=IN_FORCE).exclude(level=Level.A0)
        assert not above.exists()
        transaction.set_rollback(True)


def _try(loner: Loner, name: str, guise: str, pick: int) -> Any:
    try:
        with transaction.atomic():
            return DEEDS[name](loner, guise, pick)
    except Refusal:
        return None
