"""Which roles open something: giving one of these needs a second person. Pure."""

from typing import Final

from stellapolicy.access.roles import POWERS, Role, Scope

# Whoever holds one of these can let something through, alone or as one of two.
OPENING_SCOPES: Final = frozenset(
    {
        Scope.EXCEPTION_APPROVE,
        Scope.POLICY_APPROVE,
        Scope.POLICY_ACTIVATE,
        Scope.GATE_BYPASS,
        Scope.AIRGAP_SEAL,
        Scope.AIRGAP_UNSEAL,
        Scope.AIRGAP_IMPORT,
        Scope.SCORE_ADMIN,
        Scope.EFFECTIVE_WRITE,
        Scope.SIGNER_SIGN,
        Scope.TRUST_WRITE,
        Scope.TOOL_WRITE,
        Scope.GOVERNANCE_WRITE,
    }
)


def is_opening(role: Role) -> bool:
    """Whether a role brings a scope that opens something."""
    return not POWERS[role].scopes.isdisjoint(OPENING_SCOPES)
