"""What access refuses of tokens that others signed: an identity provider's, a pipeline's; each with its code."""

from http import HTTPStatus

from stellapolicy.kernel.refusals import Refusal


class IdentityRefused(Refusal):
    """The token does not prove who sent it."""

    code = "identity.refused"
    status = HTTPStatus.UNAUTHORIZED
    title = "The identity token is refused"


class IdentityMalformed(IdentityRefused):
    """It is no signed JSON web token, or lacks a claim every one must have."""

    code = "identity.malformed"


class AlgorithmRefused(IdentityRefused):
    """It is not signed with RS256 or ES256."""

    code = "identity.algorithm_refused"


class IssuerUnknown(IdentityRefused):
    """Nobody configured this issuer."""

    code = "identity.issuer_unknown"


class KeyUnknown(IdentityRefused):
    """The issuer has no key of this name."""

    code = "identity.key_unknown"


class SignatureInvalid(IdentityRefused):
    """The key did not sign this."""

    code = "identity.signature_invalid"


class AudienceRefused(IdentityRefused):
    """It was issued for somebody else."""

    code = "identity.audience_refused"


class IdentityExpired(IdentityRefused):
    """It has ended."""

    code = "identity.expired"


class IdentityNotYetValid(IdentityRefused):
    """It has not begun."""

    code = "identity.not_yet_valid"


class NonceRefused(IdentityRefused):
    """It answers another sign-in than the one begun in this browser."""

    code = "identity.nonce_refused"


class IdentityReplayed(IdentityRefused):
    """It was exchanged before."""

    code = "identity.replayed"


class KeysUnavailable(Refusal):
    """The keys of the issuer cannot be had now."""

    code = "identity.keys_unavailable"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = "The issuer's keys cannot be read"


class WorkloadRefused(Refusal):
    """The identity is proven, and not trusted with this."""

    code = "workload.refused"
    status = HTTPStatus.FORBIDDEN
    title = "This pipeline is not trusted"


class WorkloadUntrusted(WorkloadRefused):
    """No tenant trusts this repository."""

    code = "workload.untrusted"


class RepositoryMismatch(WorkloadRefused):
    """The repository has the name of a trusted one, and another id."""

    code = "workload.repository_mismatch"


class ForkRefused(WorkloadRefused):
    """The run is of a pull or merge request, whose code may come from a fork."""

    code = "workload.fork_refused"


class RefUnprotected(WorkloadRefused):
    """The branch or tag is not protected."""

    code = "workload.ref_unprotected"


class RefRefused(WorkloadRefused):
    """Another branch or tag is trusted."""

    code = "workload.ref_refused"


class EnvironmentRefused(WorkloadRefused):
    """Another environment is trusted."""

    code = "workload.environment_refused"


class WorkloadAmbiguous(WorkloadRefused):
    """The repository is trusted for several services, and the request does not say for which it asks."""

    code = "workload.ambiguous"
    status = HTTPStatus.CONFLICT
    title = "Say which service"


class ProviderMismatch(WorkloadRefused):
    """The issuer of the token is of another kind than the request says."""

    code = "workload.provider_mismatch"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Not a token of this provider"


class WorkloadTrustedAlready(Refusal):
    """The same trust exists."""

    code = "workload.trusted_already"
    status = HTTPStatus.CONFLICT
    title = "Trusted already"


class WorkloadNotFound(Refusal):
    """The tenant trusts no such workload."""

    code = "workload.not_found"
    status = HTTPStatus.NOT_FOUND
    title = "No such trusted workload"


class IssuerNotConfigured(Refusal):
    """The installation believes no issuer of this name."""

    code = "workload.issuer_not_configured"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "No such issuer"


class ProviderRefused(Refusal):
    """The sign-in at the identity provider came to nothing."""

    code = "oidc.refused"
    status = HTTPStatus.FORBIDDEN
    title = "Sign-in failed"


class ProviderUnavailable(ProviderRefused):
    """The identity provider cannot be asked, or does not answer as it should."""

    code = "oidc.unavailable"
    status = HTTPStatus.BAD_GATEWAY
    title = "The identity provider is not available"


class StateRefused(ProviderRefused):
    """The answer belongs to no sign-in that this browser began."""

    code = "oidc.state_refused"


class ConsentRefused(ProviderRefused):
    """The identity provider, or the person there, said no."""

    code = "oidc.denied"


class OtherPerson(ProviderRefused):
    """Somebody else proved who they are than the one who is signed in."""

    code = "oidc.other_person"


class NotProvenAgain(ProviderRefused):
    """The identity provider does not say that the person just proved who they are."""

    code = "oidc.not_proven_again"


class GroupMappedAlready(Refusal):
    """The group brings this role already."""

    code = "group_mapping.exists"
    status = HTTPStatus.CONFLICT
    title = "Mapped already"


class GroupMappingNotFound(Refusal):
    """The tenant has no such mapping."""

    code = "group_mapping.not_found"
    status = HTTPStatus.NOT_FOUND
    title = "No such group mapping"
