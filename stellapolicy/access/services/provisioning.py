"""People who sign in through the identity provider: known from their first sign-in, with the roles of their groups."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from stellapolicy.access.errors import PersonDisabled
from stellapolicy.access.models import ExternalIdentity, RoleAssignment, User
from stellapolicy.access.selectors import Mapped, mapped_for, tenants_with_group_roles
from stellapolicy.audit.services import record
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.scope import tenant_scope

# How a role that a group brought names who gave it; what people gave by hand is never touched here.
GIVEN_BY: Final = "oidc:"
SUBJECT: Final = "system:sign-in"
_LONGEST_NAME: Final = 100
_UNFIT = re.compile(r"[^\w.@+-]+")


@dataclass(frozen=True, slots=True)
class Identity:
    """What a verified ID token says of a person.

    INVARIANT: `issuer` and `subject` alone say who it is. An e-mail address is kept only where the provider verified it
    and nobody has it yet, and never leads to an account that exists.
    """

    issuer: str
    subject: str
    username: str = ""
    full_name: str = ""
    email: str = ""
    groups: tuple[str, ...] = ()


@transaction.atomic
def sign_in_identity(*, identity: Identity, at: datetime) -> User:
    """Return the person behind an identity, made known now if this is their first sign-in, with today's roles.

    Refuses a person who was disabled; what groups brought stays as it was then.
    """
    known = ExternalIdentity.objects.filter(issuer=identity.issuer, subject=identity.subject).first()
    person = _arrived(identity, at=at) if known is None else known.user
    # Held, so that two sign-ins of one person do not give the same role twice.
    person = User.objects.select_for_update().get(pk=person.pk)
    if not person.is_active:
        raise PersonDisabled("this person was locked out")
    synchronise_roles(user=person, groups=identity.groups, at=at)
    return person


def synchronise_roles(*, user: User, groups: Collection[str], at: datetime) -> None:
    """Give, in every tenant, the roles that the groups bring, and withdraw what groups brought that are gone."""
    User.objects.filter(pk=user.pk).update(provider_groups=sorted(set(groups)))
    wanted = mapped_for(groups)
    for tenant_id in sorted({*wanted, *tenants_with_group_roles(user, GIVEN_BY)}):
        with tenant_scope(tenant_id):
            _synchronise(user, wanted.get(tenant_id, {}), tenant_id, at=at)


def _synchronise(user: User, wanted: Mapping[Mapped, str], tenant_id: UUID, *, at: datetime) -> None:
    actor = Actor(tenant_id=tenant_id, subject=SUBJECT)
    held = {
        Mapped(row.role, row.team_id, row.service_id): row for row in RoleAssignment.objects.of(user).order_by("pk")
    }
    for place, row in held.items():
        if row.granted_by.startswith(GIVEN_BY) and place not in wanted:
            reason = f"no longer in {row.granted_by.removeprefix(GIVEN_BY)}"
            record(actor, "role.withdrawn", row, at=at, before_digest=_digest(user, place), reason=reason)
            row.delete()
    for place, group in wanted.items():
        if place not in held:
            row = RoleAssignment(
                tenant_id=tenant_id,
                user=user,
                role=place.role,
                team_id=place.team_id,
                service_id=place.service_id,
                granted_by=f"{GIVEN_BY}{group}",
                granted_at=at,
            )
            row.save(force_insert=True)
            record(actor, "role.assigned", row, at=at, after_digest=_digest(user, place), reason=f"member of {group}")


def _arrived(identity: Identity, *, at: datetime) -> User:
    """Make somebody known; of two first sign-ins at once the second finds what the first has made.

    Where the first was of somebody else with the same name or address, the second does with another.
    """
    try:
        return _made_known(identity, at=at)
    except IntegrityError:
        known = ExternalIdentity.objects.filter(issuer=identity.issuer, subject=identity.subject).first()
        return known.user if known else _made_known(identity, at=at)


def _made_known(identity: Identity, *, at: datetime) -> User:
    with transaction.atomic():
        person = User(
            username=_free_name(identity),
            email=_free_address(identity),
            first_name=identity.full_name[:150],
            date_joined=at,
            is_staff=True,
        )
        person.set_unusable_password()
        person.save(force_insert=True)
        ExternalIdentity(user=person, issuer=identity.issuer, subject=identity.subject, created_at=at).save(
            force_insert=True
        )
    return person


def _free_name(identity: Identity) -> str:
    """Return the name the provider gives, or one like it where somebody else has it: names are for people to read."""
    wished = _UNFIT.sub("-", identity.username or identity.email).strip("-")[:_LONGEST_NAME]
    own = digest.of_json([identity.issuer, identity.subject]).removeprefix("sha256:")[:10]
    if not wished:
        return f"person-{own}"
    return f"{wished}-{own}" if User.objects.filter(username=wished).exists() else wished


def _free_address(identity: Identity) -> str:
    address = identity.email.strip().lower()
    return "" if User.objects.filter(email__iexact=address).exists() else address


def _digest(user: User, place: Mapped) -> str:
    said = [user.username, place.role, str(place.team_id or ""), str(place.service_id or "")]
    return digest.of_bytes(json.dumps(said).encode())
