"""Sign-in through the identity provider: code flow with PKCE, state and nonce (mozilla-django-oidc), everything proven.

The library brings the two views and their order; whatever it would have asked of the network or believed of a token
is replaced here.
"""

from collections.abc import Mapping
from datetime import datetime
from hmac import compare_digest
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from mozilla_django_oidc.auth import OIDCAuthenticationBackend
from mozilla_django_oidc.views import OIDCAuthenticationCallbackView, OIDCAuthenticationRequestView

from stellapolicy.access import id_tokens
from stellapolicy.access.id_tokens import Claims
from stellapolicy.access.identity_errors import (
    AudienceRefused,
    ConsentRefused,
    IdentityMalformed,
    NonceRefused,
    NotProvenAgain,
    OtherPerson,
    ProviderRefused,
    StateRefused,
)
from stellapolicy.access.keys import key_for
from stellapolicy.access.models import User
from stellapolicy.access.provider import provider
from stellapolicy.access.reauthentication import AUTHENTICATED_AT, WINDOW
from stellapolicy.access.services.provisioning import Identity, sign_in_identity
from stellapolicy.kernel.clock import now, rfc3339
from stellapolicy.kernel.refusals import Refusal

# The member of a session that says: whoever is signed in proves again who they are.
AGAIN: Final = "oidc_again"
_LONGEST_SUBJECT: Final = 255
_MOST_GROUPS: Final = 500
_OURS: Final[dict[str, Any]] = {  # Any: settings of the library
    "OIDC_USE_PKCE": True,
    "OIDC_PKCE_CODE_CHALLENGE_METHOD": "S256",
    "OIDC_USE_NONCE": True,
    "OIDC_AUTHENTICATION_CALLBACK_URL": "oidc_authentication_callback",
}


def _setting(name: str, *default: Any) -> Any:  # noqa: ANN401 - any setting of the library
    """Return what the library asks for: ours, decided here or configured, never one that weakens a check."""
    match name:
        case "OIDC_RP_CLIENT_ID":
            return settings.OIDC_CLIENT_ID
        case "OIDC_RP_CLIENT_SECRET":
            return settings.OIDC_CLIENT_SECRET
        case "OIDC_RP_SCOPES":
            return settings.OIDC_SCOPES
        case "OIDC_OP_AUTHORIZATION_ENDPOINT":
            return provider(at=now()).authorization_url
        case "LOGIN_REDIRECT_URL":
            return settings.LOGIN_REDIRECT_URL
        case _:
            return _OURS.get(name, *default)


class ProviderBackend(OIDCAuthenticationBackend):  # type: ignore[misc]  # the library is untyped
    """Lets in whoever a verified ID token of the provider names."""

    get_settings = staticmethod(_setting)

    def __init__(self) -> None:
        """Read nothing: Django makes a backend for every password as well."""
        self.UserModel = User

    @property
    def OIDC_RP_CLIENT_ID(self) -> str:  # noqa: N802 - the library's name
        """Our name at the provider."""
        return str(settings.OIDC_CLIENT_ID)

    @property
    def OIDC_RP_CLIENT_SECRET(self) -> str:  # noqa: N802 - the library's name
        """Our secret at the provider."""
        return str(settings.OIDC_CLIENT_SECRET)

    # Both are required by name, so that Django asks this backend about no password.
    def authenticate(self, request: HttpRequest, *, nonce: str, code_verifier: str) -> User | None:
        """Return who brought back this code; refuses with the code of what is wrong."""
        found: User | None = super().authenticate(request, nonce=nonce, code_verifier=code_verifier)
        return found

    def get_token(self, payload: Mapping[str, str]) -> Mapping[str, Any]:  # Any: JSON
        """Redeem the code through egress."""
        return provider(at=now()).redeem(payload)

    def verify_token(self, token: object, *, nonce: str) -> Claims:
        """Return the claims of an ID token that is the provider's, for us, in time, and the answer to our question."""
        at = now()
        if not isinstance(token, str):
            raise IdentityMalformed("the identity provider sent no ID token")
        unverified, issuer = id_tokens.read(token), provider(at=at)
        key = key_for(issuer.keys, unverified, at=at)
        client = settings.OIDC_CLIENT_ID
        claims = id_tokens.verify(unverified, key, issuer=issuer.issuer, audience=client, at=at)
        if id_tokens.text_of(claims, "azp") not in {"", client}:
            raise AudienceRefused("the ID token was issued for another client")
        said = id_tokens.text_of(claims, "nonce")
        if not nonce or not compare_digest(said.encode(), nonce.encode()):
            raise NonceRefused("the ID token answers another sign-in")
        if not 0 < len(id_tokens.text_of(claims, "sub")) <= _LONGEST_SUBJECT:
            raise IdentityMalformed("the ID token names nobody")
        return claims

    def get_or_create_user(self, access_token: object, id_token: str, payload: Claims) -> User:  # noqa: ARG002 - the library's
        """Return the person of the claims, with the roles of their groups."""
        at, claims = now(), payload
        if settings.OIDC_GROUPS_CLAIM not in claims:
            claims = {**self._described(access_token, payload), **payload}
        self.request.oidc_authenticated_at = id_tokens.instant_of(payload, "auth_time")
        return sign_in_identity(identity=_identity(claims, issuer=provider(at=at).issuer), at=at)

    def _described(self, access_token: object, payload: Claims) -> Claims:
        """Return what the provider says beside the token; only of the very same person (OpenID Connect Core 5.3.2)."""
        issuer = provider(at=now())
        if not issuer.userinfo_url or not isinstance(access_token, str):
            return {}
        said = issuer.describe(access_token)
        if said.get("sub") != payload["sub"]:
            raise OtherPerson("the identity provider describes somebody else than it let in")
        return said


class BeginSignIn(OIDCAuthenticationRequestView):  # type: ignore[misc]  # the library is untyped
    """Sends the browser to the provider."""

    get_settings = staticmethod(_setting)

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - Django's
        """Ask the provider nothing yet."""
        super(OIDCAuthenticationRequestView, self).__init__(**options)
        self.OIDC_RP_CLIENT_ID = settings.OIDC_CLIENT_ID

    def get(self, request: HttpRequest) -> HttpResponse:
        """Redirect with a fresh state, nonce and code challenge."""
        if not settings.OIDC_ISSUER:
            return _refused(request, ProviderRefused("no identity provider is configured"))
        try:
            self.OIDC_OP_AUTH_ENDPOINT = provider(at=now()).authorization_url
            return _as_response(super().get(request))
        except Refusal as refusal:
            return _refused(request, refusal)

    def get_extra_params(self, request: HttpRequest) -> dict[str, str]:
        """Ask when the person proved who they are, and to prove it again where that is what this is about."""
        if request.session.get(AGAIN):
            return {"prompt": "login", "max_age": "0"}
        return {"max_age": str(settings.SESSION_COOKIE_AGE)}


class FinishSignIn(OIDCAuthenticationCallbackView):  # type: ignore[misc]  # the library is untyped
    """Receives the browser from the provider."""

    get_settings = staticmethod(_setting)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Sign in, or say why not; whoever was signed in before stays so where it fails."""
        try:
            if request.GET.get("error"):
                raise ConsentRefused(f"the identity provider says {request.GET['error'][:80]!r}")
            if not request.GET.get("code") or request.GET.get("state", "") not in request.session.get(
                "oidc_states", {}
            ):
                raise StateRefused("this browser did not begin that sign-in, or finished it already")
            return _as_response(super().get(request))
        except SuspiciousOperation:
            return _refused(request, StateRefused("this browser did not begin that sign-in"))
        except Refusal as refusal:
            return _refused(request, refusal)

    def login_failure(self) -> HttpResponse:
        """Say that nobody was found."""
        raise ProviderRefused("the identity provider let nobody in")

    def login_success(self) -> HttpResponse:
        """Begin a session, or refresh the one there is; note when the person proved who they are."""
        at = now()
        proven: datetime | None = getattr(self.request, "oidc_authenticated_at", None)
        is_again = bool(self.request.session.pop(AGAIN, None)) and self.request.user.is_authenticated
        if is_again:
            self._require_again(proven, at=at)
            self.request.session.cycle_key()
            response: HttpResponse = HttpResponseRedirect(self.success_url)
        else:
            response = _as_response(super().login_success())
        is_known = proven is not None and proven <= at + id_tokens.SKEW
        self.request.session[AUTHENTICATED_AT] = rfc3339(min(proven or at, at)) if is_known else ""
        return response

    def _require_again(self, proven: datetime | None, *, at: datetime) -> None:
        if self.user != self.request.user:
            raise OtherPerson(f"you are signed in as {self.request.user}, and somebody else proved who they are")
        if proven is None or at - proven > WINDOW:
            raise NotProvenAgain("the identity provider did not say that you just signed in there")


def _identity(claims: Claims, *, issuer: str) -> Identity:
    verified = claims.get("email_verified") in (True, "true")
    return Identity(
        issuer=issuer,
        subject=id_tokens.text_of(claims, "sub"),
        username=id_tokens.text_of(claims, "preferred_username"),
        full_name=id_tokens.text_of(claims, "name"),
        email=id_tokens.text_of(claims, "email") if verified else "",
        groups=_groups(claims.get(settings.OIDC_GROUPS_CLAIM)),
    )


def _groups(said: object) -> tuple[str, ...]:
    listed = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    return tuple(group for group in listed[:_MOST_GROUPS] if isinstance(group, str) and group.isprintable())


def _refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    context = {"title": refusal.title, "reason": refusal.detail, "code": refusal.code}
    return render(request, "stella/sign_in_refused.html", context, status=refusal.status)


def _as_response(response: Any) -> HttpResponse:  # noqa: ANN401 - the library is untyped
    if not isinstance(response, HttpResponse):
        raise TypeError("the library answers with responses")
    return response
