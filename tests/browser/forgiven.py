"""What the shop of the pictures forgave in twelve weeks: asked, questioned, agreed to, ended; some waits still."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from exceptions.asking import Asked
from exceptions.matching.scope import Scope
from exceptions.models import PolicyException
from exceptions.models.story import CommentKind
from exceptions.rules.hooks import HookKind
from exceptions.rules.vocabulary import ExceptionType, Reason
from exceptions.selectors import request_for
from exceptions.services.approval import approve_exception, reject_exception
from exceptions.services.evidence import Attached, attach_evidence
from exceptions.services.lifecycle import expire_due
from exceptions.services.request import request_exception
from exceptions.services.thread import say
from stellapolicy.access.reauthentication import AUTHENTICATED_AT
from stellapolicy.access.roles import Role, scopes_of_roles
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope

DAY = timedelta(days=1)
LOG4J, TEXT, YAML = "CVE-2021-44228", "CVE-2022-42889", "CVE-2022-25857"
_ROLES = {"riley": Role.REVIEWER, "sam": Role.SECURITY, "casey": Role.RELEASE_CAPTAIN}
_HOUR = timedelta(hours=1)
_WHY = {
    YAML: "Only configuration files from our own repository are parsed; no input reaches the parser.",
    "CVE-2011-3374": "The package manager is never run in the container; the finding is about repositories.",
    "CVE-2022-0563": "The tools with readline support are removed from the image; nothing set-uid is left in it.",
    LOG4J: "The gateway filters every lookup and the classes are removed from the archive; the upgrade is next week.",
    TEXT: "String substitution is not used with anything a customer sends; the upgrade comes with the next release.",
}


@dataclass(frozen=True, slots=True)
class Shop:
    """The people of the demo, at an instant of the story."""

    tenant: Tenant
    at: datetime

    def actor(self, name: str) -> Actor:
        """Return somebody who has just signed in."""
        return Actor(
            tenant_id=self.tenant.pk,
            subject=f"user:{name}",
            scopes=frozenset(scopes_of_roles([_ROLES[name]])),
            extra={"person": f"user:{name}", AUTHENTICATED_AT: rfc3339(self.at)},
        )

    def ask(self, vulnerability: str, *, by: str = "riley", days: int = 20, **said: Any) -> PolicyException:
        """Let somebody ask."""
        scope = Scope(
            vulnerabilities=(vulnerability, *said.pop("also", ())),
            services=tuple(said.pop("services", ())),
            environments=tuple(said.pop("environments", ())),
        )
        asked = Asked(
            **{
                "type": ExceptionType.VULNERABILITY,
                "reason": Reason.ACCEPTED_RISK,
                "scope": scope,
                "expires_at": self.at + days * DAY,
                "rationale": _WHY[vulnerability],
                "owner_team": "shop",
                **said,
            }
        )
        return request_exception(actor=self.actor(by), asked=asked, at=self.at)

    def agree(self, row: PolicyException, *, by: Iterable[str], after: timedelta) -> PolicyException:
        """Let people approve what waits, some time later."""
        later = Shop(self.tenant, self.at + after)
        for name in by:
            row = approve_exception(
                actor=later.actor(name),
                pk=row.pk,
                payload_hash=hash_of(row),
                comment=f"Looked at it, {name}.",
                at=later.at,
            )
        return row

    def refuse(self, row: PolicyException, *, by: str, because: str, after: timedelta) -> None:
        """Let somebody say no, some time later."""
        later = Shop(self.tenant, self.at + after)
        reject_exception(actor=later.actor(by), pk=row.pk, payload_hash=hash_of(row), comment=because, at=later.at)

    def say(self, row: PolicyException, name: str, kind: CommentKind, text: str) -> None:
        """Let somebody say something."""
        say(actor=self.actor(name), pk=row.pk, text=text, kind=kind, at=self.at)


def hash_of(row: PolicyException) -> str:
    """Return the hash of what waits for votes."""
    row.refresh_from_db()
    request = request_for(row.asked) if row.asked is not None else None
    return request.payload_hash if request is not None else ""


def forgive(tenant: Tenant, *, at: datetime) -> None:
    """Let twelve weeks pass, once its shop has shipped for a while."""
    with tenant_scope(tenant.pk):
        _decide(tenant, at=at)
    expire_due(at=at)
    with tenant_scope(tenant.pk):
        _wait(tenant, at=at)


def _decide(tenant: Tenant, *, at: datetime) -> None:
    """Let several be agreed to, and one refused."""
    for weeks, days, service in ((11, 30, "checkout"), (9, 21, "payments"), (7, 28, "search"), (6, 14, "catalogue")):
        shop = Shop(tenant, at - weeks * 7 * DAY)
        shop.agree(shop.ask("CVE-2011-3374", days=days, services=(service,)), by=["sam"], after=weeks * 2 * _HOUR)
    shop = Shop(tenant, at - 40 * DAY)
    shop.agree(shop.ask("CVE-2022-0563", days=55, reason=Reason.FALSE_POSITIVE), by=["sam"], after=30 * _HOUR)
    for weeks, service in ((5, "payments"), (3, "search"), (2, "catalogue")):
        shop = Shop(tenant, at - weeks * 7 * DAY)
        row = shop.ask(YAML, days=60, reason=Reason.SCHEDULED_FIX, services=(service,), by="casey")
        shop.agree(row, by=["sam"], after=3 * _HOUR)
    shop = Shop(tenant, at - 12 * DAY)
    refused = shop.ask(TEXT, days=6, environments=("production",), ticket="SHOP-311", by="casey")
    shop.refuse(refused, by="sam", because="It is exploited everywhere; upgrade.", after=50 * _HOUR)


def _wait(tenant: Tenant, *, at: datetime) -> None:
    """Let two requests wait, one of them after a question and its answer."""
    shop = Shop(tenant, at - 20 * _HOUR)
    row = shop.ask(
        LOG4J,
        also=(TEXT,),
        days=14,
        reason=Reason.COMPENSATING_CONTROL,
        environments=("production",),
        controls=("WAF rule 1042 blocks lookups", "The classes are removed from the archive"),
        ticket="SHOP-342",
    )
    claims = {"control": "waf-rule-1042", "verified_by": "riley", "verified_at": rfc3339(at - DAY)}
    attached = Attached(hook=HookKind.COMPENSATING_CONTROL, claims=claims, issued_at=at - DAY)
    attach_evidence(actor=shop.actor("riley"), pk=row.pk, attached=attached, at=shop.at)
    Shop(tenant, at - 6 * _HOUR).say(
        row, "sam", CommentKind.QUESTION, "Is the rule in front of the internal port, too?"
    )
    Shop(tenant, at - 4 * _HOUR).say(row, "riley", CommentKind.ANSWER, "Yes, since Monday; its test is attached.")
    Shop(tenant, at - 2 * _HOUR).ask(
        YAML, by="casey", days=20, services=("gateway",), reason=Reason.SCHEDULED_FIX, environments=("production",)
    )
