"""What access refuses, each with its code."""

from http import HTTPStatus

from stellapolicy.kernel.refusals import Refusal


class SignInRefused(Refusal):
    """Whoever asks is not, or no longer, known."""

    code = "auth.failed"
    status = HTTPStatus.UNAUTHORIZED
    title = "Sign-in failed"


class TokenMalformed(SignInRefused):
    """The Authorization header holds no bearer token."""

    code = "token.malformed"


class TokenUnknown(SignInRefused):
    """No token has this secret."""

    code = "token.unknown"


class TokenExpired(SignInRefused):
    """The token has ended."""

    code = "token.expired"


class TokenRevoked(SignInRefused):
    """The token was revoked or replaced."""

    code = "token.revoked"


class PersonDisabled(SignInRefused):
    """The person behind the token was disabled."""

    code = "person.disabled"


class CsrfRefused(Refusal):
    """A signed-in browser sent a write without its CSRF token."""

    code = "csrf.refused"
    status = HTTPStatus.FORBIDDEN
    title = "The CSRF token is missing or wrong"


class TenantRefused(Refusal):
    """Another tenant was asked for than the token's, or than those of the person."""

    code = "tenant.refused"
    status = HTTPStatus.FORBIDDEN
    title = "Not your tenant"


class TenantMissing(Refusal):
    """The person holds no role in any tenant."""

    code = "tenant.missing"
    status = HTTPStatus.FORBIDDEN
    title = "No tenant"


class ScopesExceeded(Refusal):
    """A token was asked for with scopes that its issuer or the person behind it does not hold."""

    code = "token.scopes_exceeded"
    status = HTTPStatus.FORBIDDEN
    title = "These scopes are not yours to give"


class ScopeUnknown(Refusal):
    """There is no such scope."""

    code = "scope.unknown"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "No such scope"


class LifetimeRefused(Refusal):
    """A token must end, and not in the past nor beyond a year."""

    code = "token.lifetime_refused"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Not a lifetime for a token"


class TokenNameTaken(Refusal):
    """A token of this name lives already."""

    code = "token.name_taken"
    status = HTTPStatus.CONFLICT
    title = "The name is taken"


class TokenNotFound(Refusal):
    """The tenant has no such token."""

    code = "token.not_found"
    status = HTTPStatus.NOT_FOUND
    title = "No such token"


class TokenEnded(Refusal):
    """The token is revoked or expired already."""

    code = "token.ended"
    status = HTTPStatus.CONFLICT
    title = "The token has ended"


class TokenOfWorkload(Refusal):
    """The token is a pipeline's, which exchanges its identity for the next."""

    code = "token.of_workload"
    status = HTTPStatus.CONFLICT
    title = "A pipeline's token is not rotated"


class ServiceNotFound(Refusal):
    """The tenant has no such service."""

    code = "service.not_found"
    status = HTTPStatus.NOT_FOUND
    title = "No such service"


class TeamNotFound(Refusal):
    """The tenant has no such team."""

    code = "team.not_found"
    status = HTTPStatus.NOT_FOUND
    title = "No such team"


class PersonNotFound(Refusal):
    """There is no such person in this tenant."""

    code = "person.not_found"
    status = HTTPStatus.NOT_FOUND
    title = "No such person"


class UsernameTaken(Refusal):
    """Somebody signs in with this name or e-mail address already."""

    code = "person.taken"
    status = HTTPStatus.CONFLICT
    title = "The name or address is taken"


class RoleHeldAlready(Refusal):
    """The person holds the role for just this."""

    code = "role.held_already"
    status = HTTPStatus.CONFLICT
    title = "The role is held already"


class RoleNotFound(Refusal):
    """The person does not hold this role."""

    code = "role.not_found"
    status = HTTPStatus.NOT_FOUND
    title = "No such role held"


class OwnRoles(Refusal):
    """Nobody gives a role to themselves: that needs a second person."""

    code = "role.own"
    status = HTTPStatus.FORBIDDEN
    title = "Not for oneself"


class PersonElsewhere(Refusal):
    """The person belongs to other tenants as well; here only their roles can be withdrawn."""

    code = "person.elsewhere"
    status = HTTPStatus.CONFLICT
    title = "Belongs to other tenants too"


class ReauthenticationNeeded(Refusal):
    """The sign-in is too old for what was asked."""

    code = "access.reauthentication_needed"
    status = HTTPStatus.FORBIDDEN
    title = "Sign in again"


class NotLocked(Refusal):
    """The sign-in is not locked."""

    code = "person.not_locked"
    status = HTTPStatus.CONFLICT
    title = "Not locked"


class SlugTaken(Refusal):
    """A team, service or environment of this slug is there already."""

    code = "organisation.slug_taken"
    status = HTTPStatus.CONFLICT
    title = "The slug is taken"


class SlugUnknown(Refusal):
    """No team, service or environment of this slug."""

    code = "organisation.slug_unknown"
    status = HTTPStatus.NOT_FOUND
    title = "There is nothing of this slug"


class ServiceChanged(Refusal):
    """The service was described anew after the change was asked for."""

    code = "organisation.service_changed"
    status = HTTPStatus.CONFLICT
    title = "The service has changed"
