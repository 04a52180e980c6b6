"""The one table of who may do what: role to scopes, role to Django permissions. Pure.

A superuser stands outside this table: being one gives no scope at all (see `models.user`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final
from uuid import UUID


class Scope(StrEnum):
    """What a token or a person may ask of the API; the text is part of the API."""

    POLICY_READ = "policy:read"
    POLICY_AUTHOR = "policy:author"
    POLICY_REVIEW = "policy:review"
    POLICY_APPROVE = "policy:approve"
    POLICY_OPERATE = "policy:operate"
    POLICY_ACTIVATE = "policy:activate"
    POLICY_SIMULATE = "policy:simulate"
    POLICY_AUDIT = "policy:audit"
    POLICY_RUN = "policy:run"
    EVIDENCE_WRITE = "evidence:write"
    FINDINGS_READ = "findings:read"
    VEX_READ = "vex:read"
    SBOM_READ = "sbom:read"
    SCANNER_READ = "scanner:read"
    EFFECTIVE_WRITE = "effective:write"
    EXCEPTION_READ = "exception:read"
    EXCEPTION_WRITE = "exception:write"
    EXCEPTION_APPROVE = "exception:approve"
    GATE_READ = "gate:read"
    GATE_EVALUATE = "gate:evaluate"
    GATE_BYPASS = "gate:bypass"
    SCORE_READ = "score:read"
    SCORE_WRITE = "score:write"
    SCORE_ADMIN = "score:admin"
    AIRGAP_STATUS = "airgap:status"
    AIRGAP_SEAL = "airgap:seal"
    AIRGAP_UNSEAL = "airgap:unseal"
    AIRGAP_IMPORT = "airgap:import"
    AIRGAP_EXPORT = "airgap:export"
    SIGNER_SIGN = "signer.sign"
    TRUST_READ = "trust:read"
    TRUST_WRITE = "trust:write"
    GOVERNANCE_READ = "governance:read"
    GOVERNANCE_WRITE = "governance:write"
    TOOL_READ = "tool:read"
    TOOL_WRITE = "tool:write"
    AUDIT_READ = "audit:read"
    WEBHOOK_WRITE = "webhook:write"


class Role(StrEnum):
    """What a person is to a tenant, a team or a service."""

    VIEWER = "viewer"
    REQUESTER = "requester"
    REVIEWER = "reviewer"
    SECURITY = "security"
    RELEASE_CAPTAIN = "release_captain"
    CISO = "ciso"
    POLICY_AUTHOR = "policy_author"
    POLICY_REVIEWER = "policy_reviewer"
    POLICY_APPROVER = "policy_approver"
    POLICY_OPERATOR = "policy_operator"
    AUDITOR = "auditor"
    ADMIN = "admin"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Powers:
    """What one role may: scopes at the API, permissions (patterns of `app.action_model`) in the admin."""

    scopes: frozenset[Scope]
    permissions: tuple[str, ...]


READING: Final = frozenset(
    {
        Scope.POLICY_READ,
        Scope.FINDINGS_READ,
        Scope.VEX_READ,
        Scope.SBOM_READ,
        Scope.SCANNER_READ,
        Scope.EXCEPTION_READ,
        Scope.GATE_READ,
        Scope.SCORE_READ,
        Scope.AIRGAP_STATUS,
        Scope.TRUST_READ,
        Scope.GOVERNANCE_READ,
        Scope.TOOL_READ,
    }
)
_PRODUCT = (
    "policies.view_*",
    "gates.view_*",
    "exceptions.view_*",
    "airgap.view_*",
    "trust.view_*",
    "signing.view_*",
    "governance.view_*",
    "tenancy.view_*",
    "outbox.view_notification",  # one's own inbox
)
_EVERYTHING = ("*.view_*",)
# INVARIANT: nothing here may touch a state, terms, a decision or audit; pages of those have no change form at all.
_INSTALLATION = (
    "access.add_*",
    "access.change_*",
    "tenancy.add_*",
    "tenancy.change_*",
    "governance.add_*",
    "governance.change_*",
    "trust.add_*",
    "trust.change_*",
    "gates.add_*",
    "gates.change_*",
    "django_celery_beat.*",
)


def _powers(*scopes: Scope, permissions: tuple[str, ...] = (), reads: tuple[str, ...] = _PRODUCT) -> Powers:
    return Powers(scopes=READING | frozenset(scopes), permissions=reads + permissions)


POWERS: Final[Mapping[Role, Powers]] = {
    Role.VIEWER: _powers(),
    Role.REQUESTER: _powers(Scope.EXCEPTION_WRITE, Scope.POLICY_SIMULATE, permissions=("exceptions.add_*",)),
    Role.REVIEWER: _powers(
        Scope.EXCEPTION_WRITE, Scope.EXCEPTION_APPROVE, Scope.POLICY_SIMULATE, permissions=("exceptions.add_*",)
    ),
    Role.SECURITY: _powers(
        Scope.EXCEPTION_WRITE,
        Scope.EXCEPTION_APPROVE,
        Scope.EVIDENCE_WRITE,
        Scope.SCORE_WRITE,
        Scope.POLICY_SIMULATE,
        Scope.POLICY_RUN,
        Scope.GATE_EVALUATE,
        permissions=("exceptions.add_*",),
    ),
    Role.RELEASE_CAPTAIN: _powers(
        Scope.GATE_EVALUATE,
        Scope.GATE_BYPASS,
        Scope.POLICY_RUN,
        Scope.EXCEPTION_WRITE,
        permissions=("exceptions.add_*",),
    ),
    Role.CISO: _powers(
        Scope.EXCEPTION_APPROVE,
        Scope.POLICY_APPROVE,
        Scope.GATE_BYPASS,
        Scope.AIRGAP_SEAL,
        Scope.AIRGAP_UNSEAL,
        Scope.AUDIT_READ,
        reads=_EVERYTHING,
    ),
    Role.POLICY_AUTHOR: _powers(
        Scope.POLICY_AUTHOR, Scope.POLICY_SIMULATE, permissions=("policies.add_*", "policies.change_*")
    ),
    Role.POLICY_REVIEWER: _powers(Scope.POLICY_REVIEW, Scope.POLICY_SIMULATE),
    Role.POLICY_APPROVER: _powers(Scope.POLICY_APPROVE, Scope.POLICY_SIMULATE),
    Role.POLICY_OPERATOR: _powers(
        Scope.POLICY_OPERATE,
        Scope.POLICY_ACTIVATE,
        Scope.POLICY_SIMULATE,
        Scope.POLICY_RUN,
        Scope.GATE_EVALUATE,
        Scope.SCORE_ADMIN,
        Scope.AIRGAP_IMPORT,
        Scope.AIRGAP_EXPORT,
        permissions=("gates.add_*", "gates.change_*"),
    ),
    Role.AUDITOR: _powers(Scope.AUDIT_READ, Scope.POLICY_AUDIT, reads=_EVERYTHING),
    # An admin equips the house (people, tokens, trust, tools) and neither approves nor bypasses anything in it.
    Role.ADMIN: _powers(
        Scope.GOVERNANCE_WRITE,
        Scope.TRUST_WRITE,
        Scope.TOOL_WRITE,
        Scope.WEBHOOK_WRITE,
        Scope.SCORE_ADMIN,
        Scope.AIRGAP_SEAL,
        Scope.AIRGAP_IMPORT,
        Scope.AIRGAP_EXPORT,
        Scope.AUDIT_READ,
        Scope.EVIDENCE_WRITE,
        Scope.GATE_EVALUATE,
        Scope.POLICY_RUN,
        Scope.SIGNER_SIGN,
        permissions=_INSTALLATION,
        reads=_EVERYTHING,
    ),
    Role.SERVICE: _powers(
        Scope.EVIDENCE_WRITE,
        Scope.EFFECTIVE_WRITE,
        Scope.GATE_EVALUATE,
        Scope.POLICY_RUN,
        Scope.SIGNER_SIGN,
    ),
}
# Held by the role `service` alone: what a machine reports of itself. Whoever issues tokens may give these to a person
# (an account of a machine) who holds that role, without holding them; no role of people could ever issue one otherwise.
MACHINE_SCOPES: Final = frozenset(
    POWERS[Role.SERVICE].scopes.difference(*(powers.scopes for role, powers in POWERS.items() if role != Role.SERVICE))
)
# A superuser sees everything and equips the house; scopes, and with them approvals, come from roles alone.
SUPERUSER_PERMISSIONS: Final = _EVERYTHING + _INSTALLATION


@dataclass(frozen=True, slots=True)
class Grants:
    """What a person holds in one tenant: everywhere in it, and further scopes in single services.

    roles: whichever is held for any part of the tenant; `wide_roles` for the whole of it.
    """

    everywhere: frozenset[Scope] = frozenset()
    by_service: Mapping[UUID, frozenset[Scope]] = field(default_factory=dict)
    roles: frozenset[Role] = frozenset()
    wide_roles: frozenset[Role] = frozenset()
    roles_by_service: Mapping[UUID, frozenset[Role]] = field(default_factory=dict)

    @property
    def anywhere(self) -> frozenset[Scope]:
        """Every scope held in at least one service."""
        return self.everywhere.union(*self.by_service.values())

    def within(self, scopes: Iterable[str]) -> "Grants":
        """Return these grants cut down to `scopes`: a token never exceeds the person behind it."""
        wanted = frozenset(scopes)
        return Grants(
            everywhere=self.everywhere & wanted,
            by_service={service: held & wanted for service, held in self.by_service.items()},
            roles=self.roles,
        )

    def for_service(self, service: UUID) -> "Grants":
        """Return these grants as far as they reach into one service."""
        held = self.everywhere | self.by_service.get(service, frozenset())
        return Grants(by_service={service: held}, roles=self.roles)


def scopes_of_roles(roles: Iterable[Role]) -> frozenset[Scope]:
    """Return every scope that at least one of the roles brings."""
    return frozenset[Scope]().union(*(POWERS[role].scopes for role in roles))


@lru_cache(maxsize=4096)
def permits(roles: frozenset[Role], permission: str) -> bool:
    """Whether the roles bring a Django permission such as `policies.view_policypack`."""
    return any(fnmatchcase(permission, pattern) for role in roles for pattern in POWERS[role].permissions)


def superuser_may(permission: str) -> bool:
    """Whether being a superuser brings a Django permission."""
    return any(fnmatchcase(permission, pattern) for pattern in SUPERUSER_PERMISSIONS)


def opens_app(roles: frozenset[Role], app_label: str) -> bool:
    """Whether the roles bring any permission in an app."""
    patterns = (pattern for role in roles for pattern in POWERS[role].permissions)
    return any(fnmatchcase(app_label, pattern.partition(".")[0]) for pattern in patterns)
