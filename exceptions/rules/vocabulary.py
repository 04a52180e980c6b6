"""The words of exceptions: what one is about, why it is asked for, what it does, and where it stands."""

from enum import StrEnum
from types import MappingProxyType
from typing import Final


class ExceptionType(StrEnum):
    """What an exception names."""

    VULNERABILITY = "vulnerability"
    POLICY = "policy"
    UNKNOWN = "unknown"
    COMPONENT = "component"


class Reason(StrEnum):
    """Why a departure from policy is asked for."""

    FALSE_POSITIVE = "false_positive"
    VENDOR_NOT_AFFECTED = "vendor_not_affected"
    TEST_ONLY = "test_only"
    SCHEDULED_FIX = "scheduled_fix"
    COMPENSATING_CONTROL = "compensating_control"
    RUNTIME_MITIGATION = "runtime_mitigation"
    NETWORK_ISOLATION = "network_isolation"
    DEPRECATION_IN_PROGRESS = "deprecation_in_progress"
    LICENSE_WAIVER = "license_waiver"
    ACCEPTED_RISK = "accepted_risk"


class Kind(StrEnum):
    """What an exception rests on: a fact that can turn out wrong, a plan that can slip, or a risk somebody takes."""

    FACT = "fact"
    PLAN = "plan"
    ACCEPTANCE = "acceptance"


class Effect(StrEnum):
    """What an exception does to the findings it covers."""

    SUPPRESS = "suppress"
    DEFER = "defer"
    REQUIRE_CONTROL = "require_control"
    DOWNGRADE_LOW = "downgrade_low"
    DOWNGRADE_MEDIUM = "downgrade_medium"
    DEFER_VENDOR = "defer_vendor"
    SUPPRESS_DEPRECATION = "suppress_deprecation"
    SUPPRESS_LICENSE = "suppress_license"
    DEFER_DEFAULT = "defer_default"


class Level(StrEnum):
    """How many people, and who, must agree."""

    A0 = "a0"
    A1 = "a1"
    A2 = "a2"
    A3 = "a3"
    A4 = "a4"


class State(StrEnum):
    """Where an exception stands."""

    PROPOSED = "proposed"
    CHANGES_REQUESTED = "changes_requested"
    APPROVED = "approved"
    ACTIVE = "active"
    REVALIDATION_REQUIRED = "revalidation_required"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"
    EXPIRED = "expired"


KIND_OF: Final = MappingProxyType(
    {
        Reason.FALSE_POSITIVE: Kind.FACT,
        Reason.VENDOR_NOT_AFFECTED: Kind.FACT,
        Reason.TEST_ONLY: Kind.FACT,
        Reason.SCHEDULED_FIX: Kind.PLAN,
        Reason.COMPENSATING_CONTROL: Kind.PLAN,
        Reason.RUNTIME_MITIGATION: Kind.PLAN,
        Reason.NETWORK_ISOLATION: Kind.PLAN,
        Reason.DEPRECATION_IN_PROGRESS: Kind.PLAN,
        Reason.LICENSE_WAIVER: Kind.PLAN,
        Reason.ACCEPTED_RISK: Kind.ACCEPTANCE,
    }
)

IN_FORCE: Final = (State.APPROVED, State.ACTIVE, State.REVALIDATION_REQUIRED)
"""States in which an exception may apply, inside its window."""

UNDECIDED: Final = (State.PROPOSED, State.CHANGES_REQUESTED)
"""States in which nobody has agreed to anything yet."""

LEGAL_STEPS: Final = MappingProxyType(
    {
        State.PROPOSED: (
            State.CHANGES_REQUESTED,
            State.APPROVED,
            State.REJECTED,
            State.WITHDRAWN,
            State.SUPERSEDED,
        ),
        State.CHANGES_REQUESTED: (State.PROPOSED, State.WITHDRAWN, State.SUPERSEDED),
        State.APPROVED: (State.ACTIVE, State.REVOKED, State.EXPIRED),
        State.ACTIVE: (State.REVALIDATION_REQUIRED, State.REVOKED, State.EXPIRED),
        State.REVALIDATION_REQUIRED: (State.ACTIVE, State.REVOKED, State.EXPIRED),
    }
)
"""Every step there is; a state without one is final."""
